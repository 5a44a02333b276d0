import type { Disk } from '../../io/disk.ts'
import type { CommitLog } from '../commit-log/commit-log.ts'
import type { ConsumeQueue } from '../consume-queue/consume-queue.ts'
import type { ConsumeQueueTable } from '../consume-queue/consume-queue-table.ts'
import { QueueUnits } from '../consume-queue/queue-unit.ts'
import { SimpleConsumeQueue } from '../consume-queue/simple-consume-queue.ts'
import type { StoreConfig, StoreReporter } from '../store-options.ts'
import { CompactionCopier, CopyEnd } from './compaction-copier.ts'
import { CompactionFiles } from './compaction-files.ts'
import { CompactionLog, type CompactionLogParts } from './compaction-log.ts'
import { CompactionPositions } from './compaction-positions.ts'
import { CompactionRound } from './compaction-round.ts'
import { CompactionScratch } from './compaction-scratch.ts'
import { compactionSizes } from './compaction-sizes.ts'
import { CompactionSync } from './compaction-sync.ts'
import { firstUnitFrom } from './first-unit-from.ts'
import { takeKept } from './kept-intake.ts'

export interface CompactionStoreOptions {
  readonly disk: Disk
  readonly config: StoreConfig
  readonly table: ConsumeQueueTable
  readonly log: CommitLog
  readonly reporter: StoreReporter
  readonly wasClosed: boolean
  /** Whether this broker follows a master. */
  readonly isSlave: () => boolean
}

/** Copied per tick: an eighth of what waits, between these. 1 MiB takes 3 to 6 ms with messages of 1 KiB. */
const COPY_BYTES_MIN = 1024 * 1024
const COPY_BYTES_MAX = 4 * 1024 * 1024
const COPY_PART = 8
/** Read by a compaction per tick: 4 to 8 ms with messages of 1 KiB, 10 MiB/s at ten ticks a second. */
const ROUND_BYTES_PER_TICK = 1024 * 1024
/** Queues that appear, and logs to be synced, are looked for this often. */
const LOOK_MS = 1000

/**
 * The compaction topics of a store. Nothing of it stands in the way of a message: their messages are stored and read as those
 * of any topic, and copied into files of their own later, a little per {@link tick}. From then on the commit log may
 * forget them. Without such a topic nothing is done, and no file made.
 */
export class CompactionStore {
  readonly #options: CompactionStoreOptions
  readonly #files: CompactionFiles
  readonly #copier: CompactionCopier
  readonly #sync: CompactionSync
  readonly #topics = new Set<string>()
  readonly #unit = new QueueUnits(1)
  readonly #logs = new Map<ConsumeQueue, CompactionLog>()
  #parts: CompactionLogParts | undefined
  #round: CompactionRound | undefined
  #nextLookMs = 0
  #lookedMs = 0
  #pausedUntilMs = 0
  #nextLog = 0
  #hasFailed = false

  constructor(options: CompactionStoreOptions) {
    this.#options = options
    const { disk, log, reporter } = options
    this.#files = new CompactionFiles(disk)
    this.#copier = new CompactionCopier(log, reporter)
    this.#sync = new CompactionSync(this.#files, reporter)
  }

  /** Undefined for queues of other topics: all of them, as a rule. */
  logOf(queue: ConsumeQueue): CompactionLog | undefined {
    return this.#logs.size === 0 ? undefined : this.#logs.get(queue)
  }

  get scratch(): CompactionScratch {
    return this.#opened.scratch
  }

  has(topic: string): boolean {
    return this.#topics.has(topic)
  }

  /**
   * These are the topics to be compacted. What is on disk for them is opened. Throws, naming file and key, for files that
   * cannot be used.
   */
  declare(topics: Iterable<string>): void {
    const wanted = new Set(topics)
    for (const topic of this.#topics) {
      if (wanted.has(topic)) continue
      this.#forget(topic)
      this.#topics.delete(topic)
    }
    for (const topic of wanted) {
      if (this.#topics.has(topic)) continue
      this.#topics.add(topic)
      this.#attachFromDisk(topic)
    }
    this.#attachNew()
  }

  /** First offset that has a message. */
  minOffset(queue: ConsumeQueue): number {
    const log = this.logOf(queue)
    if (log === undefined) return queue.minOffset
    const { firstOffset, nextCopyOffset } = log
    return firstOffset >= 0 ? firstOffset : Math.min(Math.max(queue.minOffset, nextCopyOffset), queue.maxOffset)
  }

  /** To be called when this broker becomes master: queues whose messages are all here go on behind them. */
  continueQueues(): void {
    for (const log of this.#logs.values()) {
      this.#dropAhead(log)
      this.#continueQueue(log)
    }
  }

  /** The commit log is needed from here on. */
  neededFrom(): number {
    let needed = Number.POSITIVE_INFINITY
    for (const { queue, durableOffset } of this.#logs.values()) {
      const from = Math.max(durableOffset, queue.minOffset)
      if (from >= queue.maxOffset || queue.readUnits(from, 1, this.#unit) === 0) continue
      if (!this.#unit.isFiller(0)) needed = Math.min(needed, this.#unit.phyOffsets[0]!)
      else needed = Math.min(needed, this.#options.log.minOffset)
    }
    return needed
  }

  /** Messages from `phyOffset` on are about to be taken back. */
  cut(phyOffset: number): void {
    for (const log of this.#logs.values()) {
      const { queue } = log
      if (queue.minOffset === queue.maxOffset) continue
      this.#truncate(log, firstUnitFrom(queue, phyOffset, this.#unit))
    }
  }

  /** All messages there are go. */
  clear(): void {
    for (const log of this.#logs.values()) {
      this.#abortRoundOf(log)
      log.remove()
      log.truncateFrom(0)
      log.isFetched = false
      log.fetchedOffset = 0
    }
  }

  /**
   * Slaves: a queue whose older messages are in no log that came here, and from which offset on the master is to be asked for
   * them. Undefined when there is none, or nothing can be taken now.
   */
  gap(): { readonly topic: string; readonly queueId: number; readonly offset: number } | undefined {
    this.#attachNew()
    for (const log of this.#logs.values()) {
      if (!this.#lacksOlder(log)) continue
      const { topic, queueId } = log.queue
      return { topic, queueId, offset: Math.max(log.nextCopyOffset, log.fetchedOffset) }
    }
    return undefined
  }

  /**
   * What the master has there: records, and where it goes on; no `nextOffset`: nowhere. False when a file has to be made
   * durable first. Throws for what are no messages, and the operating system's error.
   */
  fill(topic: string, queueId: number, kept: { nextOffset: number | undefined; body: Uint8Array }): boolean {
    const queue = this.#options.table.find(topic, queueId)
    const log = queue && this.#logs.get(queue)
    if (log === undefined || !this.#lacksOlder(log) || this.#sync.isFrozen) return log !== undefined
    const end = queue!.maxOffset === 0 ? Number.POSITIVE_INFINITY : queue!.minOffset
    if (!takeKept(log, kept.body, end)) {
      if (log.isSyncing || log.segments.isDirty) {
        this.#sync.ask(log)
        return false
      }
      log.segments.roll()
      return true
    }
    if (kept.nextOffset === undefined || kept.nextOffset >= end) log.isFetched = true
    else log.fetchedOffset = kept.nextOffset
    return true
  }

  #lacksOlder(log: CompactionLog): boolean {
    if (log.isFetched || log.isStuck || !this.#options.isSlave()) return false
    return log.queue.maxOffset === 0 || log.queue.minOffset > log.nextCopyOffset
  }

  deleteTopic(topic: string): void {
    if (!this.#topics.has(topic)) return
    const queueIds: number[] = []
    for (const [queue, log] of this.#logs) {
      if (queue.topic !== topic) continue
      this.#abortRoundOf(log)
      this.#logs.delete(queue)
      log.remove()
      log.isRemoved = true
      queueIds.push(queue.queueId)
    }
    this.#topics.delete(topic)
    const { positions, folder } = this.#opened
    this.#files.removeFolder(`${folder}/compactionLog/${topic}`)
    this.#files.removeFolder(`${folder}/compactionCq/${topic}`)
    positions.forget(topic, queueIds)
  }

  /** Between batches. Returns at once when there is no compaction topic. */
  tick(nowMs: number): void {
    if (this.#topics.size === 0) return
    // The clock may have been set back.
    if (nowMs < this.#lookedMs) {
      this.#nextLookMs = nowMs
      this.#pausedUntilMs = nowMs
      for (const log of this.#logs.values()) log.nextRoundMs = Math.min(log.nextRoundMs, nowMs + this.#intervalMs)
    }
    this.#lookedMs = nowMs
    if (nowMs < this.#pausedUntilMs) return
    try {
      if (nowMs >= this.#nextLookMs) {
        this.#nextLookMs = nowMs + LOOK_MS
        this.#attachNew()
        for (const log of this.#logs.values()) this.#dropAhead(log)
        this.#sync.askAll(this.#logs.values())
      }
      this.#copyAll()
      this.#sync.pump()
      this.#compact(nowMs)
      if (this.#hasFailed) this.#options.reporter.info('compaction topics are written again')
      this.#hasFailed = false
    } catch (error) {
      this.#pausedUntilMs = nowMs + LOOK_MS
      if (!this.#hasFailed) {
        const text = 'compaction topics cannot be written, what they lack stays in the commit log; it is tried again'
        this.#options.reporter.error(text, error)
      }
      this.#hasFailed = true
    }
  }

  /** Copies and syncs everything, waiting for it; a compaction under way is given up. The commit log must be flushed. */
  close(): void {
    if (this.#topics.size > 0) {
      this.#attachNew()
      for (const log of this.#logs.values()) {
        this.#abortRoundOf(log)
        while (
          !log.isStuck &&
          !this.#lacksOlder(log) &&
          !this.#sync.isFrozen &&
          this.#copier.copy(log, COPY_BYTES_MAX) !== CopyEnd.upToDate
        ) {
          if (!this.#rollNow(log)) break
        }
        this.#sync.syncNow(log)
      }
    }
    this.abandon()
  }

  /** Closes the files as they are. */
  abandon(): void {
    this.#topics.clear()
    this.#logs.clear()
    this.#files.closeAll()
  }

  /** False for a message that no file can hold. */
  #rollNow(log: CompactionLog): boolean {
    const end = this.#copier.copy(log, COPY_BYTES_MAX)
    if (end === CopyEnd.blocked) return false
    if (end !== CopyEnd.needsRoll) return true
    this.#sync.syncNow(log)
    log.segments.roll()
    return true
  }

  get #intervalMs(): number {
    return Math.max(this.#options.config.compactionScheduleInternal, LOOK_MS)
  }

  get #opened(): CompactionLogParts {
    if (this.#parts !== undefined) return this.#parts
    const { disk, config, reporter } = this.#options
    const folder = `${config.storePathRootDir}/compaction`
    const positions = new CompactionPositions(disk, folder, reporter)
    const scratch = new CompactionScratch()
    this.#parts = { folder, positions, reporter, scratch, sizes: compactionSizes(config), files: this.#files }
    return this.#parts
  }

  #attachFromDisk(topic: string): void {
    for (const name of this.#options.disk.list(`${this.#opened.folder}/compactionLog/${topic}`)) {
      if (/^(0|[1-9]\d{0,9})$/.test(name)) this.#attach(this.#options.table.obtain(topic, Number(name)))
    }
  }

  #attachNew(): void {
    for (const topic of this.#topics) {
      for (const queue of this.#options.table.queuesOf(topic)) if (!this.#logs.has(queue)) this.#attach(queue)
    }
  }

  #attach(queue: ConsumeQueue): void {
    // A topic of batches is none for compaction: its messages do not have records of their own.
    if (this.#logs.has(queue) || !(queue instanceof SimpleConsumeQueue)) return
    const log = new CompactionLog(queue, this.#opened, this.#options.wasClosed)
    log.nextRoundMs = this.#lookedMs + this.#intervalMs
    this.#logs.set(queue, log)
    this.#dropAhead(log)
    this.#continueQueue(log)
  }

  /**
   * What the commit log has lost, or a queue that has begun again because its topic was made anew: others will get, or have,
   * these offsets. A queue that is there from its beginning is copied again as a whole.
   */
  #dropAhead(log: CompactionLog): void {
    const { topic, queueId, minOffset, maxOffset, nextOffset } = log.queue
    const end = Math.max(maxOffset, nextOffset)
    if (end === 0 || log.nextCopyOffset <= end) return
    this.#options.reporter.info(
      `the compaction log of ${topic}-${queueId} ends at offset ${log.nextCopyOffset}, its queue at ${end}: it is cut`,
    )
    this.#truncate(log, minOffset === 0 ? 0 : end)
  }

  /** A queue that has no message in the commit log any more would begin at 0 again. */
  #continueQueue({ queue, nextCopyOffset }: CompactionLog): void {
    if (this.#options.isSlave() || nextCopyOffset === 0) return
    if (queue.maxOffset === 0 && queue.nextOffset === 0) queue.beginAt(nextCopyOffset)
  }

  #truncate(log: CompactionLog, offset: number): void {
    if (log.nextCopyOffset <= offset) return
    this.#abortRoundOf(log)
    log.truncateFrom(offset)
    this.#sync.syncNow(log)
  }

  #forget(topic: string): void {
    for (const [queue, log] of this.#logs) {
      if (queue.topic !== topic) continue
      this.#abortRoundOf(log)
      this.#logs.delete(queue)
    }
  }

  #copyAll(): void {
    if (this.#sync.isFrozen) return
    const logs = [...this.#logs.values()]
    let budget = this.#copyBudget()
    for (let i = 0; i < logs.length && budget > 0; i++) {
      const log = logs[(this.#nextLog + i) % logs.length]!
      if (log.isStuck || log.isBlocked || log.nextCopyOffset >= log.queue.maxOffset || this.#lacksOlder(log)) continue
      budget -= this.#copyOne(log, budget)
    }
    this.#nextLog = logs.length === 0 ? 0 : (this.#nextLog + 1) % logs.length
  }

  #copyOne(log: CompactionLog, budget: number): number {
    let copied = 0
    for (;;) {
      const end = this.#copier.copy(log, budget - copied)
      copied += this.#copier.bytes
      if (end === CopyEnd.blocked) this.#block(log)
      if (end !== CopyEnd.needsRoll) return copied
      if (log.isSyncing || log.segments.isDirty) {
        this.#sync.ask(log)
        return copied
      }
      log.segments.roll()
    }
  }

  #block(log: CompactionLog): void {
    log.isBlocked = true
    const { topic, queueId } = log.queue
    this.#options.reporter.error(
      `a message of ${topic}-${queueId} is larger than a compaction log file: neither it nor what follows is compacted, and ` +
        'the commit log is kept. Raise compactionMappedFileSize; what is in store/compaction has to be removed for that',
    )
  }

  #copyBudget(): number {
    const { log } = this.#options
    const waiting = log.flushedOffset - Math.min(this.neededFrom(), log.flushedOffset)
    return Math.min(Math.max(waiting / COPY_PART, COPY_BYTES_MIN), COPY_BYTES_MAX)
  }

  #compact(nowMs: number): void {
    this.#round ??= this.#nextRound(nowMs)
    const round = this.#round
    if (round === undefined) return
    try {
      for (let read = 0; read < ROUND_BYTES_PER_TICK; ) {
        const step = round.step()
        if (step === 0) break
        read += step
      }
    } catch (error) {
      if (round.isDecided) throw error
      const { topic, queueId } = round.log.queue
      this.#abortRoundOf(round.log)
      const text = `the compaction of ${topic}-${queueId} is given up, nothing has changed; it is tried again in `
      this.#options.reporter.error(`${text}${this.#intervalMs} ms (compactionScheduleInternal)`, error)
      return
    }
    if (!round.isDone) return
    round.log.nextRoundMs = round.hasMore ? nowMs : nowMs + this.#intervalMs
    this.#round = undefined
  }

  #nextRound(nowMs: number): CompactionRound | undefined {
    for (const log of this.#logs.values()) {
      if (nowMs < log.nextRoundMs) continue
      log.nextRoundMs = nowMs + this.#intervalMs
      if (log.isWorthCompacting) return new CompactionRound(log, this.#opened, this.#options.config.maxOffsetMapSize)
    }
    return undefined
  }

  #abortRoundOf(log: CompactionLog): void {
    const round = this.#round
    if (round?.log !== log) return
    if (round.isDecided && !round.isDone) round.step()
    else round.abort()
    this.#round = undefined
  }
}
