import { viewOf } from '../codec/bytes.ts'
import { SYS_FLAG_AT } from '../codec/message/record.ts'
import { SysFlag } from '../codec/message/sys-flag.ts'
import type { CommitLog } from './commit-log/commit-log.ts'
import type { CompactionLog } from './compaction/compaction-log.ts'
import { readCompacted } from './compaction/compaction-reader.ts'
import type { CompactionStore } from './compaction/compaction-store.ts'
import type { ConsumeQueue } from './consume-queue/consume-queue.ts'
import { BATCH_UNIT_BYTES, QueueUnits, UNIT_BYTES } from './consume-queue/queue-unit.ts'
import type { StoreConfig } from './store-options.ts'

/** Java's `GetMessageStatus`, under its names. */
export const PullStatus = {
  found: 'FOUND',
  noMatchedMessage: 'NO_MATCHED_MESSAGE',
  messageWasRemoving: 'MESSAGE_WAS_REMOVING',
  offsetFoundNull: 'OFFSET_FOUND_NULL',
  offsetOverflowBadly: 'OFFSET_OVERFLOW_BADLY',
  offsetOverflowOne: 'OFFSET_OVERFLOW_ONE',
  offsetTooSmall: 'OFFSET_TOO_SMALL',
  noMatchedLogicQueue: 'NO_MATCHED_LOGIC_QUEUE',
  noMessageInQueue: 'NO_MESSAGE_IN_QUEUE',
} as const

export type PullStatus = (typeof PullStatus)[keyof typeof PullStatus]

/** Takes the records found, in order. The bytes are valid until it returns. */
export interface PullSink {
  /** Whether it wants a record, judged by its content; all of them where this is missing. */
  wants?(bytes: Uint8Array, start: number, length: number): boolean
  take(bytes: Uint8Array, start: number, length: number, queueOffset: number): void
}

/** `MAX_PULL_MSG_SIZE` of Java's store. */
const PULL_BYTES_MAX = 128 * 1024 * 1024
const PULL_BYTES_MIN = 100
/** Units read from the queue at once. */
const UNITS_AT_ONCE = 256

/** Answers pulls by the rules of `DefaultMessageStore.getMessage`. The fields tell about the last pull. */
export class Puller {
  nextOffset = 0
  minOffset = 0
  maxOffset = 0
  /** Messages handed to the sink (of batch consume queues those within the records), and the bytes of the records. */
  count = 0
  bytes = 0
  /** Those of records that were read though they are cold, wanted or not; counted with coldDataFlowControlEnable alone. */
  coldBytes = 0
  /** The consumer is so far behind that a slave serves it better. */
  suggestSlave = false
  /** Whether this store follows a master: it then leaves a consumer's offset alone unless told to correct it. */
  isSlave = false
  readonly #log: CommitLog
  readonly #config: StoreConfig
  readonly #physicalMemoryBytes: number
  readonly #compaction: CompactionStore
  /** Behind the end of the log by more than this: a message counts as old. */
  #memoryBytes = 0
  /** By more than this: as cold. */
  #hotBytes = 0
  readonly #units = new QueueUnits(UNITS_AT_ONCE)
  /** After a record that is gone: units that point below this are passed over. */
  #skipBelow = Number.NEGATIVE_INFINITY
  #lastPhyOffset = 0

  constructor(log: CommitLog, config: StoreConfig, physicalMemoryBytes: number, compaction: CompactionStore) {
    this.#log = log
    this.#compaction = compaction
    this.#config = config
    this.#physicalMemoryBytes = physicalMemoryBytes
  }

  /**
   * Hands up to `maxCount` records from `offset` on, about `maxBytes` together, to `sink`: those whose tag code `accepts`
   * takes, all if it is undefined.
   */
  pull(
    queue: ConsumeQueue | undefined,
    offset: number,
    maxCount: number,
    maxBytes: number,
    accepts: ((tagsCode: number) => boolean) | undefined,
    sink: PullSink,
  ): PullStatus {
    this.count = 0
    this.bytes = 0
    this.coldBytes = 0
    this.suggestSlave = false
    this.minOffset = queue?.minOffset ?? 0
    this.maxOffset = queue?.maxOffset ?? 0
    this.nextOffset = offset
    if (queue === undefined) return this.#moved(PullStatus.noMatchedLogicQueue, 0)
    const kept = this.#compaction.logOf(queue)
    if (kept !== undefined) return this.#pullKept(kept, maxCount, maxBytes, accepts, sink)
    return this.#pullQueue(queue, offset, maxCount, maxBytes, accepts, sink)
  }

  /** Of a compaction topic: what is kept first, then what has not been copied yet. Offsets without a message are passed over. */
  #pullKept(
    kept: CompactionLog,
    maxCount: number,
    maxBytes: number,
    accepts: ((tagsCode: number) => boolean) | undefined,
    sink: PullSink,
  ): PullStatus {
    const { queue, nextCopyOffset } = kept
    this.maxOffset = Math.max(queue.maxOffset, nextCopyOffset)
    const min = this.#compaction.minOffset(queue)
    // Files are being exchanged and the disk has refused: nothing for the moment, as at the end of a queue.
    if (kept.isStuck) return PullStatus.offsetOverflowOne
    if (this.nextOffset < nextCopyOffset) {
      const config = this.#config
      const limits = {
        maxCount: Math.min(maxCount, config.maxTransferCountOnMessageInMemory),
        maxBytes: Math.min(Math.max(maxBytes, PULL_BYTES_MIN), config.maxTransferBytesOnMessageInMemory),
        maxUnits: Math.ceil(Math.max(config.maxFilterMessageSize, maxCount * UNIT_BYTES) / UNIT_BYTES),
      }
      readCompacted(kept, this.#compaction.scratch, limits, accepts, sink, this)
      this.minOffset = min
      if (this.count > 0) return PullStatus.found
      if (this.nextOffset < nextCopyOffset || this.nextOffset === this.maxOffset) return PullStatus.noMatchedMessage
    }
    const status = this.#pullQueue(queue, this.nextOffset, maxCount, maxBytes, accepts, sink)
    this.minOffset = min
    return status
  }

  /** Whether the message at `offset` is cold: `isMsgInColdArea`. A queue whose messages were copied elsewhere has none. */
  isCold(queue: ConsumeQueue, offset: number): boolean {
    if (this.#compaction.logOf(queue) !== undefined) return false
    if (offset < queue.minOffset || offset >= queue.maxOffset) return false
    if (queue.readUnits(offset, 1, this.#units) === 0) return false
    return (
      this.#log.writtenOffset - this.#units.phyOffsets[0]! >
      this.#shareOfMemory(this.#config.accessMessageInMemoryHotRatio)
    )
  }

  #shareOfMemory(percent: number): number {
    return Math.floor((this.#physicalMemoryBytes * percent) / 100)
  }

  #pullQueue(
    queue: ConsumeQueue,
    offset: number,
    maxCount: number,
    maxBytes: number,
    accepts: ((tagsCode: number) => boolean) | undefined,
    sink: PullSink,
  ): PullStatus {
    if (this.maxOffset === 0) return this.#moved(PullStatus.noMessageInQueue, 0)
    if (offset < this.minOffset) return this.#moved(PullStatus.offsetTooSmall, this.minOffset)
    if (offset === this.maxOffset) return PullStatus.offsetOverflowOne
    if (offset > this.maxOffset) return this.#moved(PullStatus.offsetOverflowBadly, this.maxOffset)
    this.#lastPhyOffset = 0
    const { accessMessageInMemoryMaxRatio, accessMessageInMemoryHotRatio, coldDataFlowControlEnable } = this.#config
    this.#memoryBytes = this.#shareOfMemory(accessMessageInMemoryMaxRatio)
    this.#hotBytes = coldDataFlowControlEnable
      ? this.#shareOfMemory(accessMessageInMemoryHotRatio)
      : Number.POSITIVE_INFINITY
    const bytesMax = Math.min(Math.max(maxBytes, PULL_BYTES_MIN), PULL_BYTES_MAX)
    const status = queue.isBatch
      ? this.#collectBatches(queue, offset, maxCount, bytesMax, accepts, sink)
      : this.#collect(queue, offset, maxCount, bytesMax, accepts, sink)
    this.suggestSlave = this.#log.writtenOffset - this.#lastPhyOffset > this.#memoryBytes
    return status
  }

  #moved(status: PullStatus, to: number): PullStatus {
    if (!this.isSlave || this.#config.offsetCheckInSlave) this.nextOffset = to
    return status
  }

  #collect(
    queue: ConsumeQueue,
    offset: number,
    maxCount: number,
    maxBytes: number,
    accepts: ((tagsCode: number) => boolean) | undefined,
    sink: PullSink,
  ): PullStatus {
    const filterBytes = Math.max(this.#config.maxFilterMessageSize, maxCount * UNIT_BYTES)
    const end = Math.min(this.maxOffset, offset + Math.ceil(filterBytes / UNIT_BYTES))
    const units = this.#units
    let status: PullStatus = PullStatus.noMatchedMessage
    this.#skipBelow = Number.NEGATIVE_INFINITY
    for (let from = offset; from < end; from += units.count) {
      queue.readUnits(from, Math.min(end - from, UNITS_AT_ONCE), units)
      if (units.count === 0) {
        if (from > offset) return status
        return this.#moved(PullStatus.offsetFoundNull, this.#nextFileOffset(from))
      }
      for (let i = 0; i < units.count; i++) {
        const phyOffset = units.phyOffsets[i]!
        const sizeBytes = units.sizes[i]!
        if (this.#isFull(phyOffset, sizeBytes, 1, maxCount, maxBytes)) return status
        this.#lastPhyOffset = phyOffset
        this.nextOffset = from + i + 1
        if (phyOffset < this.#skipBelow) continue
        const tagsCode = units.tagsCodes[i]!
        const isRefused = accepts !== undefined && !Number.isNaN(tagsCode) && !accepts(tagsCode)
        const taken = isRefused ? PullStatus.noMatchedMessage : this.#take(phyOffset, sizeBytes, from + i, sink)
        if (taken === PullStatus.found || this.bytes === 0) status = taken
      }
    }
    return status
  }

  /** The same for a queue whose units stand for several messages each: a record is handed out as a whole, or not at all. */
  #collectBatches(
    queue: ConsumeQueue,
    offset: number,
    maxCount: number,
    maxBytes: number,
    accepts: ((tagsCode: number) => boolean) | undefined,
    sink: PullSink,
  ): PullStatus {
    const filterBytes = Math.max(this.#config.maxFilterMessageSize, maxCount * BATCH_UNIT_BYTES)
    const end = Math.min(this.maxOffset, offset + Math.ceil(filterBytes / BATCH_UNIT_BYTES))
    const units = this.#units
    let status: PullStatus = PullStatus.noMatchedMessage
    this.#skipBelow = Number.NEGATIVE_INFINITY
    for (let at = offset; at < end; at = units.endOffset(units.count - 1)) {
      if (queue.readUnits(at, UNITS_AT_ONCE, units) === 0)
        return this.#moved(PullStatus.offsetFoundNull, this.maxOffset)
      for (let i = 0; i < units.count; i++) {
        const phyOffset = units.phyOffsets[i]!
        const messageCount = units.messageCounts[i]!
        if (units.baseOffsets[i]! >= end) return status
        if (this.#isFull(phyOffset, units.sizes[i]!, messageCount, maxCount, maxBytes)) return status
        this.#lastPhyOffset = phyOffset
        this.nextOffset = units.endOffset(i)
        if (phyOffset < this.#skipBelow) continue
        const taken = this.#takeBatch(units, i, accepts, sink)
        if (taken === PullStatus.found) this.count += messageCount - 1
        if (taken === PullStatus.found || this.bytes === 0) status = taken
      }
    }
    return status
  }

  #takeBatch(
    units: QueueUnits,
    index: number,
    accepts: ((tagsCode: number) => boolean) | undefined,
    sink: PullSink,
  ): PullStatus {
    const phyOffset = units.phyOffsets[index]!
    const sizeBytes = units.sizes[index]!
    const tagsCode = units.tagsCodes[index]!
    const isRefused = accepts !== undefined && !Number.isNaN(tagsCode) && !accepts(tagsCode)
    if (isRefused && !(tagsCode === 0 && this.#isInnerBatch(phyOffset, sizeBytes))) return PullStatus.noMatchedMessage
    return this.#take(phyOffset, sizeBytes, units.baseOffsets[index]!, sink)
  }

  /**
   * A batch without a tag may hold messages with tags, which clients look at when they have taken it apart. Apache RocketMQ's
   * broker passes over it when a consumer asks for tags: those never come.
   */
  #isInnerBatch(phyOffset: number, sizeBytes: number): boolean {
    const bytes = this.#log.read(phyOffset, sizeBytes)
    if (bytes === undefined) return false
    return (viewOf(bytes).getInt32(this.#log.start + SYS_FLAG_AT) & SysFlag.innerBatch) !== 0
  }

  #nextFileOffset(offset: number): number {
    const unitsPerFile = this.#config.mappedFileSizeConsumeQueue / UNIT_BYTES
    return (Math.floor(offset / unitsPerFile) + 1) * unitsPerFile
  }

  #take(phyOffset: number, sizeBytes: number, queueOffset: number, sink: PullSink): PullStatus {
    const bytes = this.#log.read(phyOffset, sizeBytes)
    if (bytes === undefined) {
      const { segmentSizeBytes } = this.#log.files
      this.#skipBelow = this.#log.files.startOf(phyOffset) + segmentSizeBytes
      return PullStatus.messageWasRemoving
    }
    this.#skipBelow = Number.NEGATIVE_INFINITY
    if (this.#log.writtenOffset - phyOffset > this.#hotBytes) this.coldBytes += sizeBytes
    if (sink.wants?.(bytes, this.#log.start, sizeBytes) === false) return PullStatus.noMatchedMessage
    sink.take(bytes, this.#log.start, sizeBytes, queueOffset)
    this.count++
    this.bytes += sizeBytes
    return PullStatus.found
  }

  /** Java's `isTheBatchFull`, and the check that follows it. */
  #isFull(phyOffset: number, sizeBytes: number, messageCount: number, maxCount: number, maxBytes: number): boolean {
    if (this.bytes === 0) return false
    if (this.count + messageCount > maxCount || this.bytes + sizeBytes > maxBytes) return true
    const config = this.#config
    const isRecent = this.#log.writtenOffset - phyOffset <= this.#memoryBytes
    const bytesMax = isRecent ? config.maxTransferBytesOnMessageInMemory : config.maxTransferBytesOnMessageInDisk
    const countMax = isRecent ? config.maxTransferCountOnMessageInMemory : config.maxTransferCountOnMessageInDisk
    return this.bytes + sizeBytes > bytesMax || this.count > countMax - 1
  }
}
