import { viewOf } from '../../codec/bytes.ts'
import { encodeRecord, RecordState, RecordView, recordSize } from '../../codec/message/record.ts'
import type { StoredBytes } from '../../store/log-reader.ts'
import type { MessageDraft } from '../../store/message-draft.ts'
import { readBack, type StoredMessage } from '../send/stored-message.ts'

/** A half message read from the log. */
export interface HalfRecord {
  readonly message: StoredMessage
  readonly queueOffset: number
  readonly phyOffset: number
  readonly bornTimestampMs: number
  readonly storeTimestampMs: number
}

const view = new RecordView()

/** Fills the draft with the record, as {@link readBack} does; undefined for what is no record. */
export function readHalf({ bytes, start, length }: StoredBytes, draft: MessageDraft): HalfRecord | undefined {
  if (view.parse(viewOf(bytes), start, length) !== RecordState.ok) return undefined
  const { queueOffset, phyOffset, bornTimestampMs, storeTimestampMs, storeHostStart, storeHostLength } = view
  draft.storeHost = Buffer.from(bytes.subarray(storeHostStart, storeHostStart + storeHostLength))
  const message = readBack(bytes, start, length, draft)
  return message && { message, queueOffset, phyOffset, bornTimestampMs, storeTimestampMs }
}

/** The draft as a record of its own, of another topic and queue: what a producer is shown when it is asked. */
export function recordOf(
  draft: MessageDraft,
  topic: string,
  queueId: number,
  queueOffset: number,
  phyOffset: number,
  storeTimestampMs: number,
): Buffer {
  const source = { ...draft, topicBytes: Buffer.from(topic), queueId, extraProperties: undefined }
  const propertiesLength = draft.properties.length
  const size = recordSize(source, propertiesLength)
  const bytes = Buffer.alloc(size)
  encodeRecord(bytes, viewOf(bytes), 0, source, size, propertiesLength, queueOffset, phyOffset, storeTimestampMs)
  return bytes
}
