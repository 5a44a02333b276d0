import { viewOf } from '../../codec/bytes.ts'
import { encodeMessageId } from '../../codec/message/message-id.ts'
import { decodeProperties } from '../../codec/message/properties.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { MessageDraft } from '../../store/message-draft.ts'

/** A message read back from the log, to be put into it again elsewhere. */
export interface StoredMessage {
  readonly topic: string
  readonly reconsumeTimes: number
  readonly properties: Map<string, string>
  /** Its offset message id. */
  readonly msgId: string
}

const record = new RecordView()

/**
 * Fills the draft with the record's body, flags, times and hosts, all copied, since what the store lends out ends with the
 * next call into it. The caller says where it goes: {@link setProperties}, reconsumeTimes.
 * Undefined for bytes that are no record.
 */
export function readBack(
  bytes: Uint8Array,
  start: number,
  length: number,
  draft: MessageDraft,
): StoredMessage | undefined {
  if (record.parse(viewOf(bytes), start, length) !== RecordState.ok) return undefined
  const copy = (from: number, count: number) => Buffer.from(bytes.subarray(from, from + count))
  draft.flag = record.flag
  draft.sysFlag = record.sysFlag
  draft.bornTimestampMs = record.bornTimestampMs
  draft.bornHost = copy(record.bornHostStart, record.bornHostLength)
  draft.reconsumeTimes = record.reconsumeTimes
  draft.preparedTransactionOffset = 0
  draft.body.bytes = copy(record.bodyStart, record.bodyLength)
  draft.body.start = 0
  draft.body.length = record.bodyLength
  return {
    topic: copy(record.topicStart, record.topicLength).toString(),
    reconsumeTimes: record.reconsumeTimes,
    properties: decodeProperties(copy(record.propertiesStart, record.propertiesLength).toString()),
    msgId: encodeMessageId(bytes, record.storeHostStart, record.storeHostLength, record.phyOffset),
  }
}
