import assert from 'node:assert/strict'
import {
  encodeRecord,
  PROPERTIES_LENGTH_MAX,
  recordPropertiesLength,
  recordSize,
  TOPIC_LENGTH_MAX,
} from '../codec/message/record.ts'
import { entersConsumeQueue } from '../codec/message/sys-flag.ts'
import type { DiskLock } from '../io/disk.ts'
import { makeAbortFile } from './abort-file.ts'
import { StoreCheckpoint } from './checkpoint.ts'
import { StoreCleaner } from './cleaning/store-cleaner.ts'
import { CommitLog, HOT_WINDOW_BYTES } from './commit-log/commit-log.ts'
import type { HotChunk } from './commit-log/hot-window.ts'
import type { ConsumeQueue } from './consume-queue/consume-queue.ts'
import { ConsumeQueueTable } from './consume-queue/consume-queue-table.ts'
import type { Boundary } from './consume-queue/offset-by-time.ts'
import { QueueUnits } from './consume-queue/queue-unit.ts'
import { DelayLevels } from './delay-levels.ts'
import { DispatchFlush } from './dispatch-flush.ts'
import { Dispatcher } from './dispatcher.ts'
import { type IndexQueryResult, IndexService } from './index/index-service.ts'
import { LogReader, type StoredBytes } from './log-reader.ts'
import { LogUpkeep } from './log-upkeep.ts'
import { AppendStatus, type MessageDraft } from './message-draft.ts'
import { Puller, type PullSink, type PullStatus } from './pull.ts'
import { type RecoveryResult, recover } from './recovery/recover.ts'
import { ReplicaIntake } from './replica-intake.ts'
import { RunningFlags } from './running-flags.ts'
import { StagedBatch } from './staged-batch.ts'
import { lockStore } from './store-lock.ts'
import type { StoreOptions } from './store-options.ts'
import { javaDouble, StoreStatistics } from './store-statistics.ts'

/** What the last successful append was given. */
export interface AppendResult {
  phyOffset: number
  queueOffset: number
  sizeBytes: number
  storeTimestampMs: number
}

/**
 * The messages of one broker: commit log, consume queues, index. One event-loop turn is one batch: any number of
 * {@link append}, then {@link commit}. Synchronous throughout but for flushing; nothing here arms a timer: the broker calls
 * {@link tick}.
 *
 * Offsets are bytes of the commit log: minOffset <= flushedOffset <= writtenOffset.
 */
export class MessageStore {
  readonly flags = new RunningFlags()
  readonly recovery: RecoveryResult
  readonly lastAppend: AppendResult = { phyOffset: 0, queueOffset: 0, sizeBytes: 0, storeTimestampMs: 0 }
  readonly statistics: StoreStatistics
  readonly #options: StoreOptions
  readonly #lock: DiskLock
  readonly #log: CommitLog
  readonly #table: ConsumeQueueTable
  readonly #checkpoint: StoreCheckpoint
  readonly #index: IndexService | undefined
  readonly #dispatcher: Dispatcher
  readonly #intake: ReplicaIntake
  readonly #reader: LogReader
  readonly #puller: Puller
  readonly #dispatchFlush: DispatchFlush
  readonly #cleaner: StoreCleaner
  readonly #upkeep: LogUpkeep
  readonly #delayLevels: DelayLevels
  readonly #batch = new StagedBatch()
  readonly #unit = new QueueUnits(1)
  readonly #committed: ((writtenOffset: number) => void)[] = []
  readonly #flushed: ((flushedOffset: number) => void)[] = []
  #isClosed = false
  /** Why the last write failed; cleared by one that works. */
  #writeError: Error | undefined

  /** Opens, or makes, the store and recovers it. Throws, naming file and remedy, for one that cannot be used. */
  static open(options: StoreOptions): MessageStore {
    const lock = lockStore(options.disk, options.config.storePathRootDir)
    try {
      return new MessageStore(options, lock)
    } catch (error) {
      lock.release()
      throw error
    }
  }

  private constructor(options: StoreOptions, lock: DiskLock) {
    const { config, disk, reporter, clock } = options
    this.#options = options
    this.#lock = lock
    this.#delayLevels = new DelayLevels(config.messageDelayLevel)
    this.statistics = new StoreStatistics(clock.now())
    this.#log = new CommitLog({
      disk,
      folder: config.storePathCommitLog,
      segmentSizeBytes: config.mappedFileSizeCommitLog,
      hotWindowBytes: options.hotWindowBytes ?? HOT_WINDOW_BYTES,
      onFlushed: (flushedOffset) => this.#onFlushed(flushedOffset),
      onFlushFailed: (error) => this.#upkeep.noteFlushFailed(error),
    })
    this.#table = ConsumeQueueTable.open({
      disk,
      folder: config.storePathConsumeQueue,
      fileSizeBytes: config.mappedFileSizeConsumeQueue,
      reporter,
    })
    this.#checkpoint = StoreCheckpoint.open(disk, config.storeCheckpoint)
    const wasClosed = disk.stat(config.abortFile) === undefined
    this.#index = config.messageIndexEnable ? openIndex(options, wasClosed, this.#checkpoint) : undefined
    this.#dispatcher = new Dispatcher(this.#table, this.#index, this.#delayLevels, reporter)
    this.#intake = new ReplicaIntake(this.#log, this.#dispatcher)
    this.#reader = new LogReader(this.#log)
    this.#puller = new Puller(this.#log, config, options.physicalMemoryBytes)
    this.#dispatchFlush = new DispatchFlush({
      disk,
      table: this.#table,
      index: this.#index,
      checkpoint: this.#checkpoint,
      config,
      reporter,
      flushedOffset: () => this.#log.flushedOffset,
    })
    this.#cleaner = new StoreCleaner({
      config,
      disk,
      segments: this.#log,
      derivedOffset: () => this.#checkpoint.logicsPhysicalOffset,
      table: this.#table,
      index: this.#index,
      runningFlags: this.flags,
      reporter,
    })
    this.#upkeep = new LogUpkeep(
      this.#log,
      config,
      this.flags,
      reporter,
      this.#checkpoint,
      this.#dispatcher,
      clock.now(),
    )
    makeAbortFile(disk, config.abortFile, options.pid)
    this.recovery = recover({
      disk,
      log: this.#log,
      table: this.#table,
      index: this.#index,
      checkpoint: this.#checkpoint,
      dispatcher: this.#dispatcher,
      config,
      reporter,
      wasClosed,
    })
    this.#intake.dispatchedOffset = this.#log.writtenOffset
    this.#noteDispatched()
    this.#cleaner.decideNow(clock.now())
  }

  // Offsets

  get minOffset(): number {
    return this.#log.minOffset
  }

  /** End of what is written, and so of what readers see. */
  get writtenOffset(): number {
    return this.#log.writtenOffset
  }

  /** Everything below survives a power cut. */
  get flushedOffset(): number {
    return this.#log.flushedOffset
  }

  /** Everything below is in consume queues and index. Behind writtenOffset while a slave holds part of a record. */
  get dispatchedOffset(): number {
    return Math.min(this.#intake.dispatchedOffset, this.#log.writtenOffset)
  }

  /** Start of the commit log's last file, -1 without one. */
  get lastFileOffset(): number {
    return this.#log.files.starts.at(-1) ?? -1
  }

  onCommitted(listener: (writtenOffset: number) => void): void {
    this.#committed.push(listener)
  }

  onFlushed(listener: (flushedOffset: number) => void): void {
    this.#flushed.push(listener)
  }

  // Queues

  /** The queue, made if there is none. Throws for a topic that cannot name a folder. */
  queue(topic: string, queueId: number): ConsumeQueue {
    return this.#table.obtain(topic, queueId)
  }

  findQueue(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.#table.find(topic, queueId)
  }

  get queues(): ConsumeQueueTable {
    return this.#table
  }

  deleteTopic(topic: string): void {
    this.#table.deleteTopic(topic)
  }

  // Append

  /** Why appends are refused at present, and what to do; undefined while they are not. */
  get refusal(): string | undefined {
    if (this.#isClosed) return 'the store is closed'
    const diskFull = this.#cleaner.diskFullText()
    if (diskFull !== undefined) return diskFull
    if (!this.flags.isWriteable) return `the store is not writeable: ${this.flags.names().join(', ')}`
    if (this.#batch.count === 0 && this.#intake.dispatchedOffset !== this.#log.writtenOffset) {
      return `the commit log ends in the middle of a message, at offset ${this.#log.writtenOffset}`
    }
    if (!this.#log.isClean) return `the disk refuses writes: ${this.#writeError?.message}`
    if (!this.#table.hasRoom(this.#batch.count + 1)) return 'the consume queues cannot be written'
    if (this.#index !== undefined && !this.#index.hasRoom) return 'the index cannot be written'
    return undefined
  }

  /**
   * Stages a message. On `ok` {@link lastAppend} tells what it was given; it becomes visible, and safe from the end of this
   * process, with {@link commit}.
   */
  append(draft: MessageDraft): AppendStatus {
    const batch = this.#batch
    if (batch.count === 0 && this.refusal !== undefined) return AppendStatus.serviceNotAvailable
    const topicLength = draft.topicBytes.length
    if (
      draft.body.length > this.#options.config.maxMessageSize ||
      topicLength === 0 ||
      topicLength > TOPIC_LENGTH_MAX
    ) {
      return AppendStatus.messageIllegal
    }
    const propertiesLength = recordPropertiesLength(draft)
    if (propertiesLength > PROPERTIES_LENGTH_MAX) return AppendStatus.propertiesSizeExceeded
    const sizeBytes = recordSize(draft, propertiesLength)
    if (!this.#log.canHold(sizeBytes)) return AppendStatus.messageIllegal
    if (!batch.hasRoomFor(sizeBytes)) return AppendStatus.batchFull
    if (batch.count === 0) batch.startedMs = this.#options.clock.now()
    const chunk = this.#reserve(sizeBytes)
    if (chunk === undefined) return AppendStatus.createFileFailed
    this.#stage(draft, chunk, sizeBytes, propertiesLength)
    return AppendStatus.ok
  }

  #reserve(sizeBytes: number): HotChunk | undefined {
    try {
      return this.#log.reserve(sizeBytes)
    } catch (error) {
      this.#noteWriteError(error, 'cannot make the next commit log file')
      return undefined
    }
  }

  #stage(draft: MessageDraft, chunk: HotChunk, sizeBytes: number, propertiesLength: number): void {
    const { queue } = draft
    assert(queue !== undefined, 'a draft names its queue')
    const start = chunk.length
    const phyOffset = this.#log.stagedOffset
    const storeTimestampMs = this.#batch.startedMs
    const enters = entersConsumeQueue(draft.sysFlag)
    const queueOffset = enters ? queue.nextOffset : 0
    encodeRecord(
      chunk.bytes,
      chunk.view,
      start,
      draft,
      sizeBytes,
      propertiesLength,
      queueOffset,
      phyOffset,
      storeTimestampMs,
    )
    this.#log.staged(chunk, sizeBytes)
    if (enters) queue.nextOffset = queueOffset + 1
    const request = this.#batch.next()
    request.queue = queue
    request.queueOffset = queueOffset
    request.phyOffset = phyOffset
    request.sizeBytes = sizeBytes
    request.storeTimestampMs = storeTimestampMs
    request.sysFlag = draft.sysFlag
    request.bytes = chunk.bytes
    const propertiesStart = start + sizeBytes - propertiesLength
    if (draft.isScanned) {
      request.takeRanges(draft.ranges, propertiesStart - draft.properties.start, queue.topic, this.#delayLevels)
    } else {
      request.scan(propertiesStart, propertiesLength, queue.topic, this.#delayLevels)
    }
    this.#batch.add(sizeBytes)
    const result = this.lastAppend
    result.phyOffset = phyOffset
    result.queueOffset = queueOffset
    result.sizeBytes = sizeBytes
    result.storeTimestampMs = storeTimestampMs
  }

  /**
   * Writes what is staged and makes it visible. False if it could not be written: every message staged since the last
   * commit is refused, and the store is as it was before them.
   */
  commit(): boolean {
    const batch = this.#batch
    if (batch.count === 0) return true
    try {
      this.#log.write()
    } catch (error) {
      this.#takeBack()
      this.#noteWriteError(error, `cannot write ${batch.count} messages, which are refused`)
      batch.clear()
      return false
    }
    this.#writeError = undefined
    this.#intake.dispatchedOffset = this.#log.writtenOffset
    for (let i = 0; i < batch.count; i++) {
      if (this.#dispatcher.dispatch(batch.at(i))) continue
      this.#stall(batch.at(i).phyOffset)
      break
    }
    this.#noteDispatched()
    this.statistics.noteBatch(batch.count, batch.bytes, this.#options.clock.now() - batch.startedMs)
    batch.clear()
    this.#announce()
    return true
  }

  #announce(): void {
    if (this.#options.config.flushDiskType === 'SYNC_FLUSH') this.flush()
    for (const listener of this.#committed) listener(this.#log.writtenOffset)
  }

  #noteDispatched(): void {
    const { lastPhyOffset, lastStoreTimestampMs } = this.#dispatcher
    if (lastPhyOffset >= 0) this.#dispatchFlush.noteDispatched(lastPhyOffset, lastStoreTimestampMs)
  }

  #takeBack(): void {
    const batch = this.#batch
    for (let i = batch.count - 1; i >= 0; i--) {
      const { queue, queueOffset, sysFlag } = batch.at(i)
      if (queue !== undefined && entersConsumeQueue(sysFlag)) queue.nextOffset = queueOffset
    }
    this.statistics.putFailedCount += batch.count
  }

  /** Reports the first of a row of failures. */
  #noteWriteError(error: unknown, what: string): void {
    const isFirst = this.#writeError === undefined
    this.#writeError = error instanceof Error ? error : new Error(String(error))
    if (isFirst) this.#options.reporter.error(`${what}: check the disk of storePathCommitLog`, error)
  }

  /** Messages from `phyOffset` on are in the log but not in the queues: {@link tick} tries again, and appends wait. */
  #stall(phyOffset: number): void {
    this.#intake.dispatchedOffset = phyOffset
    this.flags.set('writeLogicsQueueError', true)
    this.#options.reporter.error(
      `consume queues or index take no more; messages from commit log offset ${phyOffset} on wait for them: check the ` +
        'disks of storePathConsumeQueue and storePathIndex',
    )
  }

  // Replication

  /**
   * Appends bytes of the master's log at exactly writtenOffset (an empty log starts where they do). They may end in the
   * middle of a record. Throws for bytes that do not fit here; nothing of the offending piece is kept then.
   */
  appendReplicated(bytes: Uint8Array, start: number, length: number, phyOffset: number): void {
    assert(this.#batch.count === 0, 'a slave stages no messages of its own')
    if (this.#isClosed) throw new Error('the store is closed')
    this.#intake.append(bytes, start, length, phyOffset)
    if (this.#intake.dispatchedOffset < this.#log.writtenOffset && !this.#intake.catchUp()) {
      this.#stall(this.#intake.dispatchedOffset)
    }
    this.#noteDispatched()
    this.#announce()
  }

  /**
   * Bytes of the log from `phyOffset` on, at most `maxBytes` and never across the end of a file; valid until the next
   * call. Undefined at or behind the end, and before minOffset.
   */
  readRaw(phyOffset: number, maxBytes: number): StoredBytes | undefined {
    return this.#reader.readRaw(phyOffset, maxBytes)
  }

  /**
   * Drops everything from `phyOffset` on, which must be the start of a message, also from the queues. For a replica that
   * has messages its master lacks.
   */
  truncateTo(phyOffset: number): void {
    assert(this.#batch.count === 0, 'nothing is staged when the log is cut')
    if (phyOffset >= this.#log.writtenOffset) return
    if (phyOffset !== this.#log.minOffset && phyOffset !== this.dispatchedOffset && !this.#reader.isBorder(phyOffset)) {
      throw new Error(`cannot cut the commit log at offset ${phyOffset}: no message starts there`)
    }
    if (this.#checkpoint.logicsPhysicalOffset >= phyOffset) {
      // No record start below is known; without a position recovery goes by time.
      this.#checkpoint.logicsPhysicalOffset = 0
      this.#checkpoint.writeSynced()
    }
    this.#table.truncateFrom(phyOffset)
    this.#index?.truncateFrom(phyOffset)
    this.#log.truncateTo(phyOffset)
    this.#intake.dispatchedOffset = phyOffset
  }

  // Read

  /** {@link LogReader.read}; valid until the next call. */
  read(phyOffset: number, sizeBytes: number): StoredBytes | undefined {
    return this.#reader.read(phyOffset, sizeBytes)
  }

  /** The record that starts there, undefined if none does; valid until the next call. */
  recordAt(phyOffset: number): StoredBytes | undefined {
    return this.#reader.recordAt(phyOffset)
  }

  /** Whether this broker follows a master; see {@link Puller.isSlave}. */
  set isSlave(isSlave: boolean) {
    this.#puller.isSlave = isSlave
  }

  /** {@link Puller.pull}; {@link lastPull} tells the rest. */
  pull(
    queue: ConsumeQueue | undefined,
    offset: number,
    maxCount: number,
    maxBytes: number,
    accepts: ((tagsCode: number) => boolean) | undefined,
    sink: PullSink,
  ): PullStatus {
    const status = this.#puller.pull(queue, offset, maxCount, maxBytes, accepts, sink)
    this.statistics.noteGet(this.#puller.count)
    return status
  }

  get lastPull(): Readonly<Puller> {
    return this.#puller
  }

  // Keys and time

  /** Where messages with such a key may be, the newest first; see {@link IndexService.query}. The reader compares keys. */
  queryByKey(
    topic: string,
    key: string,
    maxCount: number,
    beginMs: number,
    endMs: number,
    indexType?: string,
  ): IndexQueryResult {
    return this.#index?.query(topic, key, maxCount, beginMs, endMs, indexType) ?? NOTHING_FOUND
  }

  readonly #storeTimeOf = (phyOffset: number): number => this.#reader.storeTimeOf(phyOffset)

  /** See {@link ConsumeQueue.offsetByTime}. */
  offsetByTime(queue: ConsumeQueue, timestampMs: number, boundary: Boundary): number {
    return queue.offsetByTime(timestampMs, boundary, this.#storeTimeOf, this.minOffset)
  }

  /** Store time of the message at a queue offset, -1 without one. */
  storeTimeAt(queue: ConsumeQueue, queueOffset: number): number {
    return queue.readUnits(queueOffset, 1, this.#unit) === 0 ? -1 : this.#storeTimeOf(this.#unit.phyOffsets[0]!)
  }

  /** Store time of the oldest message, -1 without messages. */
  earliestStoreTime(): number {
    return this.#storeTimeOf(this.minOffset)
  }

  // Upkeep

  /** Asks for everything written to become durable; one flush serves all that asked meanwhile. */
  flush(): void {
    this.#upkeep.flush(this.#options.clock.now())
  }

  #onFlushed(flushedOffset: number): void {
    this.#upkeep.noteFlushed(flushedOffset)
    for (const listener of this.#flushed) listener(flushedOffset)
  }

  /** `done` runs when consume queues and index of everything dispatched are durable, or with the reason why not. */
  flushDispatched(done: (error: Error | null) => void): void {
    this.#dispatchFlush.flush(done)
  }

  /** Deletes expired files soon, whatever the hour. */
  deleteExpiredNow(): void {
    this.#cleaner.deleteManually()
  }

  /** Periodic work. To be called every 100 ms or so, between batches. */
  tick(nowMs: number): void {
    if (this.#isClosed) return
    assert(this.#batch.count === 0, 'a turn commits before the store is ticked')
    this.statistics.tick(nowMs)
    if (this.flags.has('writeLogicsQueueError') && this.#intake.catchUp()) {
      this.flags.set('writeLogicsQueueError', false)
      this.#options.reporter.info('the consume queues have caught up: messages are accepted')
      this.#noteDispatched()
    }
    this.#upkeep.tick(nowMs)
    this.#dispatchFlush.tick(nowMs)
    this.#cleaner.tick(nowMs)
  }

  /** Whether a batch takes so long that requests should be turned away (osPageCacheBusyTimeOutMills). */
  isOsPageCacheBusy(nowMs: number): boolean {
    return this.#batch.count > 0 && nowMs - this.#batch.startedMs > this.#options.config.osPageCacheBusyTimeOutMills
  }

  /** The store's part of the broker's runtime info (request code 28), under Java's names. */
  runtimeInfo(): Map<string, string> {
    const { config, clock } = this.#options
    const info = this.statistics.runtimeInfo(clock.now())
    const { commitLog, consumeQueue } = this.#cleaner.diskRatios
    info.set(`commitLogDiskRatio_${config.storePathCommitLog}`, javaDouble(commitLog))
    info.set('commitLogDiskRatio', javaDouble(commitLog))
    info.set('consumeQueueDiskRatio', javaDouble(consumeQueue))
    info.set('commitLogMinOffset', String(this.#log.isEmpty ? -1 : this.minOffset))
    info.set('commitLogMaxOffset', String(this.writtenOffset))
    return info
  }

  /**
   * Writes and syncs everything and gives the folder up. If that fails the abort file stays, so that the next start
   * recovers; the error is thrown when all is closed.
   */
  close(): void {
    if (this.#isClosed) return
    try {
      this.commit()
      this.#log.flushNow()
      this.#upkeep.noteAllFlushed()
      this.#dispatchFlush.flushNow()
      if (this.#intake.catchUp() && !this.flags.has('notWriteable'))
        this.#options.disk.remove(this.#options.config.abortFile)
    } finally {
      this.#isClosed = true
      this.#dispatchFlush.close()
      this.#log.close()
      this.#table.close()
      this.#index?.close()
      this.#checkpoint.close()
      this.#lock.release()
    }
  }
}

const NOTHING_FOUND: IndexQueryResult = {
  phyOffsets: [],
  lastUpdateTimestampMs: 0,
  lastUpdatePhyOffset: 0,
  isComplete: true,
}

function openIndex(options: StoreOptions, wasClosed: boolean, checkpoint: StoreCheckpoint): IndexService {
  const { config, disk, reporter } = options
  return IndexService.open({
    disk,
    folder: config.storePathIndex,
    maxHashSlotNum: config.maxHashSlotNum,
    maxIndexNum: config.maxIndexNum,
    reporter,
    isLastExitClean: wasClosed,
    indexMsgTimestamp: checkpoint.indexMsgTimestamp,
  })
}
