import { viewOf } from '../../codec/bytes.ts'
import { PropertyRanges, scanProperties } from '../../codec/message/properties.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { MessageStore } from '../../store/message-store.ts'

/**
 * The topic of the message at a position in the log; of one that waits for its time or its transaction, the topic it is
 * for. Undefined when there is no message.
 */
export function topicAt(store: Pick<MessageStore, 'recordAt'>, phyOffset: number): string | undefined {
  const stored = phyOffset < 0 ? undefined : store.recordAt(phyOffset)
  if (stored === undefined) return undefined
  const { bytes, start, length } = stored
  const record = new RecordView()
  if (record.parse(viewOf(bytes), start, length) !== RecordState.ok) return undefined
  const properties = new PropertyRanges()
  scanProperties(bytes, record.propertiesStart, record.propertiesLength, properties)
  const { realTopicStart: realStart, realTopicLength: realLength } = properties
  const [at, topicLength] = realStart >= 0 ? [realStart, realLength] : [record.topicStart, record.topicLength]
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, topicLength).toString()
}
