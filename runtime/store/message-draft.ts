import { PropertyRanges } from '../codec/message/properties.ts'
import type { ByteRange, RecordSource } from '../codec/message/record.ts'
import type { ConsumeQueue } from './consume-queue/consume-queue.ts'

const NONE = new Uint8Array(0)

/**
 * A message on its way into the store. One object is filled again for every message: `MessageStore.append` copies what it
 * needs before it returns. Hosts are 8 or 20 bytes (address, int32 port); topic and topicBytes say the same.
 */
export class MessageDraft implements RecordSource {
  topicBytes: Uint8Array = NONE
  /** Where the message will be found: `store.queue(topic, queueId)`. */
  queue: ConsumeQueue | undefined
  queueId = 0
  flag = 0
  sysFlag = 0
  bornTimestampMs = 0
  bornHost: Uint8Array = NONE
  storeHost: Uint8Array = NONE
  reconsumeTimes = 0
  preparedTransactionOffset = 0
  /** Offsets of its queue that it takes: the messages of an inner batch. Whoever sets it sets it back to 1. */
  messageCount = 1
  readonly body: ByteRange = { bytes: NONE, start: 0, length: 0 }
  readonly properties: ByteRange = { bytes: NONE, start: 0, length: 0 }
  /** Properties the broker adds, encoded; see {@link RecordSource.extraProperties}. No TAGS, KEYS, UNIQ_KEY or DELAY. */
  extraProperties: Uint8Array | undefined
  /** Set when `ranges` holds the scan of `properties`: saves the store scanning them a second time. */
  isScanned = false
  /** Positions refer to `properties.bytes`. */
  readonly ranges = new PropertyRanges()
}

/** What became of a draft. The names map to Java's `PutMessageStatus`. */
export const AppendStatus = {
  /** Staged: kept if the commit that follows succeeds. */
  ok: 0,
  /** Body longer than maxMessageSize, topic empty or longer than 32767 bytes, hosts of a wrong size. MESSAGE_ILLEGAL */
  messageIllegal: 1,
  /** More than 32767 bytes. PROPERTIES_SIZE_EXCEEDED */
  propertiesSizeExceeded: 2,
  /** Disk full, fenced, read only or shut down: {@link MessageStore.refusal} says which. SERVICE_NOT_AVAILABLE */
  serviceNotAvailable: 3,
  /** A new commit log file could not be made. CREATE_MAPPED_FILE_FAILED */
  createFileFailed: 4,
  /** The batch has reached its limit: commit, then append the same draft again. */
  batchFull: 5,
} as const

export type AppendStatus = (typeof AppendStatus)[keyof typeof AppendStatus]
