import assert from 'node:assert/strict'
import type { DiskLock } from '../io/disk.ts'
import { Appender, type AppendResult } from './appender.ts'
import type { StoreCheckpoint } from './checkpoint.ts'
import type { StoreCleaner } from './cleaning/store-cleaner.ts'
import type { CommitLog } from './commit-log/commit-log.ts'
import type { CompactionStore } from './compaction/compaction-store.ts'
import { compactedOffsetByTime, compactedStoreTime } from './compaction/compaction-times.ts'
import type { ConsumeQueue } from './consume-queue/consume-queue.ts'
import type { ConsumeQueueTable } from './consume-queue/consume-queue-table.ts'
import type { Boundary } from './consume-queue/offset-by-time.ts'
import { QueueUnits } from './consume-queue/queue-unit.ts'
import type { DelayLevels } from './delay-levels.ts'
import type { DispatchFlush } from './dispatch-flush.ts'
import type { IndexQueryResult, IndexService } from './index/index-service.ts'
import type { LightRefusal } from './light/light-queues.ts'
import { LogReader, type StoredBytes } from './log-reader.ts'
import { LogTruncation } from './log-truncation.ts'
import type { LogUpkeep } from './log-upkeep.ts'
import { AppendStatus, type MessageDraft } from './message-draft.ts'
import { Puller, type PullSink, type PullStatus } from './pull.ts'
import type { RecoveryResult } from './recovery/recover.ts'
import type { ReplicaIntake } from './replica-intake.ts'
import type { RunningFlags } from './running-flags.ts'
import { lockStore } from './store-lock.ts'
import type { StoreOptions } from './store-options.ts'
import { openStoreParts, type StoreParts } from './store-parts.ts'
import { javaDouble, type StoreStatistics } from './store-statistics.ts'

/** Of a long stretch of messages confirmed together, shown before other work gets its turn: some 20 ms. */
const CONFIRMED_BYTES_AT_ONCE = 8 * 1024 * 1024

/**
 * The messages of one broker: commit log, consume queues, index. One event-loop turn is one batch: any number of
 * {@link append}, then {@link commit}. Synchronous throughout but for flushing; nothing here arms a timer: the broker calls
 * {@link tick}.
 *
 * Offsets are bytes of the commit log: minOffset <= flushedOffset <= writtenOffset, and dispatchedOffset <= confirmOffset.
 */
export class MessageStore {
  readonly flags: RunningFlags
  readonly statistics: StoreStatistics
  readonly recovery: RecoveryResult
  /** Topics of which the newest message of each key is kept. */
  readonly compaction: CompactionStore
  readonly lastAppend: AppendResult
  /** End of the log when the store was opened. */
  readonly openedOffset: number
  readonly #options: StoreOptions
  readonly #lock: DiskLock
  readonly #parts: StoreParts
  readonly #log: CommitLog
  readonly #table: ConsumeQueueTable
  readonly #checkpoint: StoreCheckpoint
  readonly #index: IndexService | undefined
  readonly #intake: ReplicaIntake
  readonly #upkeep: LogUpkeep
  readonly #dispatchFlush: DispatchFlush
  readonly #cleaner: StoreCleaner
  readonly #reader: LogReader
  readonly #puller: Puller
  readonly #appender: Appender
  readonly #truncation: LogTruncation
  readonly #unit = new QueueUnits(1)
  readonly #committed: ((writtenOffset: number) => void)[] = []
  readonly #flushed: ((flushedOffset: number) => void)[] = []
  readonly #cut: ((phyOffset: number) => void)[] = []
  #isClosed = false

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
    this.#options = options
    this.#lock = lock
    const onFlushed = (flushedOffset: number) => {
      for (const listener of this.#flushed) listener(flushedOffset)
    }
    this.#parts = openStoreParts(options, onFlushed, () => this.#puller.isSlave)
    const { log, table, checkpoint, index, intake, upkeep, dispatchFlush, cleaner, recovery, compaction } = this.#parts
    this.compaction = compaction
    this.flags = this.#parts.flags
    this.statistics = this.#parts.statistics
    this.recovery = recovery
    this.#log = log
    this.#table = table
    this.#checkpoint = checkpoint
    this.#index = index
    this.#intake = intake
    this.#upkeep = upkeep
    this.#dispatchFlush = dispatchFlush
    this.#cleaner = cleaner
    this.#reader = new LogReader(log)
    this.#puller = new Puller(log, options.config, options.physicalMemoryBytes, compaction)
    this.#appender = new Appender(this.#parts)
    this.#truncation = new LogTruncation(this.#parts, this.#reader)
    this.lastAppend = this.#appender.lastAppend
    this.#appender.noteDispatched()
    this.openedOffset = log.writtenOffset
  }

  // Offsets

  get minOffset(): number {
    return this.#log.minOffset
  }

  /** End of what is written. */
  get writtenOffset(): number {
    return this.#log.writtenOffset
  }

  /** Everything below survives a power cut. */
  get flushedOffset(): number {
    return this.#log.flushedOffset
  }

  /**
   * Everything below is in consume queues and index. Behind writtenOffset while a slave holds part of a record, and in
   * controller mode while messages are not confirmed.
   */
  get dispatchedOffset(): number {
    return Math.min(this.#intake.dispatchedOffset, this.#log.writtenOffset)
  }

  /** Start of the last commit log file that holds anything, -1 without one. The next one may have been made ahead. */
  get lastFileOffset(): number {
    return this.#log.isEmpty ? -1 : this.#log.files.startOf(Math.max(this.minOffset, this.writtenOffset - 1))
  }

  /** Slaves: what the master held when it started, 0 when that is not known. For operators; kept in the checkpoint. */
  get masterFlushedOffset(): number {
    return this.#checkpoint.masterFlushedOffset
  }

  set masterFlushedOffset(offset: number) {
    this.#checkpoint.masterFlushedOffset = offset
    this.#checkpoint.write()
  }

  get delayLevels(): DelayLevels {
    return this.#parts.delayLevels
  }

  /** Store time of the last message that is shown, 0 when that is not known. */
  get lastStoreTimestampMs(): number {
    return this.#parts.dispatcher.lastStoreTimestampMs
  }

  onCommitted(listener: (writtenOffset: number) => void): void {
    this.#committed.push(listener)
  }

  onFlushed(listener: (flushedOffset: number) => void): void {
    this.#flushed.push(listener)
  }

  /** Called before messages from an offset on are taken back: what rests on them has to go first. */
  onCut(listener: (phyOffset: number) => void): void {
    this.#cut.push(listener)
  }

  // Queues

  /** The queue, made if there is none. Throws for a topic that cannot name a folder. */
  queue(topic: string, queueId: number): ConsumeQueue {
    return this.#table.obtain(topic, queueId)
  }

  /** For consumers, who may wait at a queue before there is any message for it. */
  queueToRead(topic: string, queueId: number): ConsumeQueue | undefined {
    return (
      this.#table.find(topic, queueId) ??
      (this.#parts.light.mayBeAwaited(topic) ? this.queue(topic, queueId) : undefined)
    )
  }

  findQueue(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.#table.find(topic, queueId)
  }

  /** Whether a topic has batch consume queues, undefined for one that is not known: decides for queues that are made. */
  get isBatchTopic(): (topic: string) => boolean | undefined {
    return this.#table.isBatchTopic
  }

  set isBatchTopic(isBatchTopic: (topic: string) => boolean | undefined) {
    this.#table.isBatchTopic = isBatchTopic
  }

  /** See {@link ConsumeQueueTable.makeBatch}. */
  makeBatch(topic: string): void {
    if (this.#table.queuesOf(topic)[0]?.isBatch !== false) return
    assert(this.#appender.batch.count === 0, 'nothing is staged when queues are made anew')
    this.#table.makeBatch(topic)
  }

  get queues(): ConsumeQueueTable {
    return this.#table
  }

  /** First offset that has a message. */
  minOffsetOf(queue: ConsumeQueue): number {
    return this.compaction.minOffset(queue)
  }

  deleteTopic(topic: string): void {
    this.compaction.deleteTopic(topic)
    this.#table.deleteTopic(topic)
  }

  // Append

  /** Why appends are refused at present, and what to do; undefined while they are not. */
  get refusal(): string | undefined {
    return this.#isClosed ? 'the store is closed' : this.#appender.refusal
  }

  /**
   * Stages a message. On `ok` {@link lastAppend} tells what it was given; it becomes visible, and safe from the end of this
   * process, with {@link commit}.
   */
  append(draft: MessageDraft): AppendStatus {
    return this.#isClosed ? AppendStatus.serviceNotAvailable : this.#appender.append(draft)
  }

  /** See {@link LightQueues.refusalOf}. */
  lightRefusal({ properties, ranges }: MessageDraft): LightRefusal | undefined {
    return this.#parts.light.refusalOf(properties, ranges)
  }

  /** See {@link Appender.beginGroup}. */
  beginGroup(count: number, sizeBytes: number): boolean {
    return this.#appender.beginGroup(count, sizeBytes)
  }

  /** See {@link Appender.endGroup}. */
  endGroup(isKept: boolean): void {
    this.#appender.endGroup(isKept)
  }

  /**
   * Writes what is staged and makes it visible. False if it could not be written: every message staged since the last
   * commit is refused, and the store is as it was before them.
   */
  commit(): boolean {
    if (this.#appender.batch.count === 0) return true
    if (!this.#appender.commit()) return false
    this.#announce()
    return true
  }

  #announce(): void {
    if (this.#options.config.flushDiskType === 'SYNC_FLUSH') this.flush()
    for (const listener of this.#committed) listener(this.#log.writtenOffset)
  }

  // Replication

  /**
   * Appends bytes of the master's log at exactly writtenOffset (an empty log starts where they do). They may end in the
   * middle of a record. Throws for bytes that do not fit here; nothing of the offending piece is kept then.
   */
  appendReplicated(bytes: Uint8Array, start: number, length: number, phyOffset: number): void {
    assert(this.#appender.batch.count === 0, 'a slave stages no messages of its own')
    if (this.#isClosed) throw new Error('the store is closed')
    if (this.flags.has('notWriteable')) throw new Error(`the store is not writeable: ${this.flags.names().join(', ')}`)
    if (!this.#log.isClean) throw new Error(`the disk refuses writes: ${this.#appender.refusal}`)
    this.#intake.append(bytes, start, length, phyOffset)
    if (this.#intake.dispatchedOffset < this.#log.writtenOffset && !this.#intake.catchUp()) {
      this.#appender.stall(this.#intake.dispatchedOffset)
    }
    this.#appender.noteDispatched()
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
   * Drops everything from `phyOffset` on, which must be the start of a message, also from queues and index. For a replica
   * that has messages its master lacks. Durable when it returns; see {@link LogTruncation}.
   */
  truncateTo(phyOffset: number): void {
    assert(this.#appender.batch.count === 0, 'nothing is staged when the log is cut')
    for (const listener of this.#cut) listener(phyOffset)
    this.compaction.cut(phyOffset)
    this.#truncation.truncateTo(phyOffset)
  }

  /** Drops everything there is. For a replica whose messages its master does not have any more. */
  discardAll(): void {
    assert(this.#appender.batch.count === 0, 'nothing is staged when the log is dropped')
    for (const listener of this.#cut) listener(0)
    this.compaction.clear()
    this.#truncation.discardAll()
  }

  /** End of the last message that is there as a whole: behind it, a slave may hold the beginning of another one. */
  get borderOffset(): number {
    return this.#intake.borderOffset
  }

  /** Whether a message, or the unused rest of a file, starts there. */
  isBorder(phyOffset: number): boolean {
    return this.#reader.isBorder(phyOffset)
  }

  // Controller mode

  /**
   * Messages below are shown to readers; those behind it a change of masters may still take back. Without controller mode
   * everything that is written.
   */
  get confirmOffset(): number {
    return Math.min(this.#intake.confirmOffset, this.#log.writtenOffset)
  }

  /**
   * Every replica that counts holds the log up to `offset`: the messages below are shown. Of very many not all are in this
   * call; {@link tick} goes on with them, and so does any later call.
   */
  confirm(offset: number): void {
    const confirmOffset = Math.min(offset, this.#log.writtenOffset)
    if (confirmOffset > this.#intake.confirmOffset) {
      this.#intake.confirmOffset = confirmOffset
      this.#checkpoint.confirmPhyOffset = confirmOffset
    }
    this.#dispatchConfirmed(CONFIRMED_BYTES_AT_ONCE)
  }

  /** Shows all that is confirmed before it returns. */
  showConfirmed(): void {
    this.#dispatchConfirmed(Number.POSITIVE_INFINITY)
  }

  #dispatchConfirmed(maxBytes: number): void {
    if (this.#intake.dispatchedOffset >= this.confirmOffset || this.#isClosed) return
    if (!this.#intake.catchUp(maxBytes)) this.#appender.stall(this.#intake.dispatchedOffset)
    this.#appender.noteDispatched()
  }

  /** Called for the queue of each message that is shown from now on because it was confirmed. */
  onShown(listener: (queue: ConsumeQueue) => void): void {
    this.#parts.dispatcher.onRecord = listener
  }

  /**
   * Queue offsets go on behind the messages of the log as it is now, shown or not. To be called when this broker becomes
   * master: what it had given out before may have been taken back since (apache/rocketmq#7689).
   */
  continueQueues(): void {
    assert(this.#intake.borderOffset === this.#log.writtenOffset, 'the log of a master ends with a whole message')
    this.#table.forEach((queue) => {
      if (queue.isLoaded) queue.nextOffset = queue.maxOffset
    })
    this.#intake.forEachWaiting((record, bytes) => this.#parts.dispatcher.followQueue(record, bytes))
    this.compaction.continueQueues()
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

  /** {@link Puller.isCold} */
  isCold(queue: ConsumeQueue, offset: number): boolean {
    return this.#puller.isCold(queue, offset)
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
    const kept = this.compaction.logOf(queue)
    const found = kept && compactedOffsetByTime(kept, timestampMs, boundary)
    return found ?? queue.offsetByTime(timestampMs, boundary, this.#storeTimeOf, this.minOffset)
  }

  /** Store time of the message at a queue offset, -1 without one. */
  storeTimeAt(queue: ConsumeQueue, queueOffset: number): number {
    const kept = this.compaction.logOf(queue)
    if (kept !== undefined && queueOffset < kept.nextCopyOffset) return compactedStoreTime(kept, queueOffset)
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
    assert(this.#appender.batch.count === 0, 'a turn commits before the store is ticked')
    this.statistics.tick(nowMs)
    if (this.flags.has('writeLogicsQueueError') && this.#intake.catchUp()) {
      this.flags.set('writeLogicsQueueError', false)
      this.#options.reporter.info('the consume queues have caught up: messages are accepted')
      this.#appender.noteDispatched()
    }
    this.#dispatchConfirmed(CONFIRMED_BYTES_AT_ONCE)
    this.#upkeep.tick(nowMs)
    this.#dispatchFlush.tick(nowMs)
    this.compaction.tick(nowMs)
    this.#cleaner.tick(nowMs)
  }

  /** Whether a batch takes so long that requests should be turned away (osPageCacheBusyTimeOutMills). */
  isOsPageCacheBusy(nowMs: number): boolean {
    return (
      this.#appender.batch.count > 0 &&
      nowMs - this.#appender.batch.startedMs > this.#options.config.osPageCacheBusyTimeOutMills
    )
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
      this.showConfirmed()
      this.#log.flushNow()
      this.#upkeep.noteAllFlushed()
      this.compaction.close()
      this.#dispatchFlush.flushNow()
      if (this.#intake.catchUp() && !this.flags.has('notWriteable'))
        this.#options.disk.remove(this.#options.config.abortFile)
    } finally {
      this.#isClosed = true
      this.#dispatchFlush.close()
      this.compaction.abandon()
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
