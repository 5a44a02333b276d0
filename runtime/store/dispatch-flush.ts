import type { Disk } from '../io/disk.ts'
import type { StoreCheckpoint } from './checkpoint.ts'
import type { ConsumeQueue } from './consume-queue/consume-queue.ts'
import type { ConsumeQueueTable } from './consume-queue/consume-queue-table.ts'
import type { SyncTarget } from './consume-queue/queue-files.ts'
import type { IndexFlush, IndexService } from './index/index-service.ts'
import type { StoreConfig, StoreReporter } from './store-options.ts'

export interface DispatchFlushOptions {
  readonly disk: Disk
  readonly table: ConsumeQueueTable
  readonly index: IndexService | undefined
  readonly checkpoint: StoreCheckpoint
  readonly config: Pick<StoreConfig, 'flushIntervalConsumeQueue' | 'flushConsumeQueueThoroughInterval'>
  readonly reporter: StoreReporter
  /** How far the commit log is durable: the checkpoint must not say more. */
  readonly flushedOffset: () => number
}

/** Queues written out per tick: some 2-5 ms. */
const QUEUES_PER_TICK = 256
/** fdatasync calls in the thread pool at a time; its other threads stay free for the commit log. */
const SYNCS_UNDER_WAY = 2
/**
 * With many dirty queues rounds become rarer: this much per queue keeps their cost at a few percent of a core. A crash then
 * leaves more to dispatch again (with 10,000 queues up to 50 s of the log, which takes seconds).
 */
const INTERVAL_PER_QUEUE_MS = 5

type Phase = 'idle' | 'writing' | 'syncing' | 'closing'

/**
 * Makes consume queues and index durable in rounds, and moves the checkpoint's logics fields on after each: what it says
 * is always synced. A round writes the dirty queues in the order of their folders, syncs their files in the thread pool,
 * then writes the index header that counts the synced entries. It never stops the event loop for more than a tick's share.
 */
export class DispatchFlush {
  readonly #options: DispatchFlushOptions
  /** Of the last dispatched message. */
  #phyOffset = -1
  #storeTimestampMs = 0
  #phase: Phase = 'idle'
  #startedMs = Number.NEGATIVE_INFINITY
  /** What the round will have made durable. */
  #roundPhyOffset = -1
  #roundTimestampMs = 0
  #toWrite: ConsumeQueue[] = []
  #toSync: SyncTarget[] = []
  readonly #inFlight = new Set<SyncTarget>()
  #folders: string[] = []
  readonly #syncingFolders = new Set<string>()
  #indexFlush: IndexFlush | undefined
  #indexTimestampMs = 0
  #underWay = 0
  #hasFailed = false
  /** After a failed fdatasync nobody knows what reached the device: the checkpoint stays where it is until a restart. */
  #isFrozen = false
  /** Synced, but not yet in the checkpoint because the commit log is not flushed so far. */
  #readyPhyOffset = -1
  #readyTimestampMs = 0
  #waiting: ((error: Error | null) => void)[] = []
  #waitingForThis: ((error: Error | null) => void)[] = []

  constructor(options: DispatchFlushOptions) {
    this.#options = options
  }

  /** The message at `phyOffset` and all before it were given to consume queues and index. Once per batch. */
  noteDispatched(phyOffset: number, storeTimestampMs: number): void {
    this.#phyOffset = phyOffset
    this.#storeTimestampMs = storeTimestampMs
  }

  /** `done` runs when all that is dispatched now is durable, or with the reason why not. */
  flush(done: (error: Error | null) => void): void {
    this.#waiting.push(done)
  }

  tick(nowMs: number): void {
    this.#options.index?.retry(nowMs)
    if (this.#phase === 'idle' && this.#isDue(nowMs)) this.#start(nowMs)
    if (this.#phase === 'writing') this.#writeSome()
    if (this.#phase === 'syncing') this.#pump()
    this.#advanceCheckpoint()
  }

  /** Writes and syncs everything, waiting for it. For closing the store. */
  flushNow(): void {
    const { disk, table, index, checkpoint } = this.#options
    const { context } = table
    for (const queue of this.#toWrite.concat(context.takeDirty())) queue.writeOut()
    for (const target of [...this.#inFlight, ...this.#toSync, ...context.files.takeUnsynced()]) {
      if (isThere(target)) context.files.syncNow(target)
    }
    for (const folder of new Set([...this.#syncingFolders, ...this.#folders, ...context.files.takeUnsyncedFolders()])) {
      if (disk.stat(folder)) disk.syncFolder(folder)
    }
    index?.flushNow()
    this.#toWrite = []
    this.#toSync = []
    this.#folders = []
    // Its header would be older than the one just written.
    this.#indexFlush = undefined
    if (!this.#isFrozen) {
      this.#readyPhyOffset = this.#phyOffset
      this.#readyTimestampMs = this.#storeTimestampMs
    }
    this.#advanceCheckpoint()
    checkpoint.writeSynced()
    const waiting = this.#waiting.splice(0).concat(this.#waitingForThis.splice(0))
    for (const done of waiting) done(null)
  }

  /**
   * The log was cut: what was noted, and the round under way, may speak of messages that are gone. The checkpoint moves on
   * with the next message and the round after it.
   */
  forgetDispatched(): void {
    this.#phyOffset = -1
    this.#roundPhyOffset = -1
    this.#readyPhyOffset = -1
  }

  /** The store's files are about to be closed: syncs still under way end without effect. */
  close(): void {
    this.#isFrozen = true
    this.#phase = 'idle'
  }

  #isDue(nowMs: number): boolean {
    if (this.#waiting.length > 0) return true
    const { table, config } = this.#options
    const dirty = table.context.dirtyCount
    if (dirty === 0 && this.#phyOffset === this.#roundPhyOffset && !this.#hasFailed) return false
    const interval = Math.min(
      Math.max(dirty * INTERVAL_PER_QUEUE_MS, config.flushIntervalConsumeQueue),
      config.flushConsumeQueueThoroughInterval,
    )
    // A clock that was set back must not stop the rounds.
    return Math.abs(nowMs - this.#startedMs) >= interval
  }

  #start(nowMs: number): void {
    this.#startedMs = nowMs
    this.#roundPhyOffset = this.#phyOffset
    this.#roundTimestampMs = this.#storeTimestampMs
    this.#hasFailed = false
    this.#waitingForThis = this.#waiting
    this.#waiting = []
    this.#toWrite = this.#options.table.context.takeDirty()
    this.#phase = 'writing'
  }

  #writeSome(): void {
    const { table, index } = this.#options
    const { context } = table
    for (let i = 0; i < QUEUES_PER_TICK && this.#toWrite.length > 0; i++) {
      const queue = this.#toWrite.pop()!
      if (context.tryWriteOut(queue)) continue
      context.giveBackDirty([queue, ...this.#toWrite.splice(0)])
      this.#endRound(asError(context.writeError))
      return
    }
    if (this.#toWrite.length > 0) return
    try {
      this.#indexFlush = index?.beginFlush()
    } catch (error) {
      this.#options.reporter.error('cannot write the index: check the disk of storePathIndex', error)
      this.#endRound(asError(error))
      return
    }
    this.#toSync = context.files.takeUnsynced().filter(isThere)
    this.#folders = context.files.takeUnsyncedFolders()
    const indexFolder = index?.takeUnsyncedFolder()
    if (indexFolder !== undefined) this.#folders.push(indexFolder)
    this.#phase = 'syncing'
    for (const file of this.#indexFlush?.full ?? []) {
      this.#indexTimestampMs = Math.max(this.#indexTimestampMs, file.header.endTimestamp)
      this.#sync((done) => file.sync(done))
    }
    for (const file of this.#indexFlush?.headers.keys() ?? []) this.#sync((done) => file.sync(done))
  }

  #pump(): void {
    const { files } = this.#options.table.context
    while (this.#phase === 'syncing' && !this.#hasFailed && this.#underWay < SYNCS_UNDER_WAY) {
      const target = this.#toSync.pop()
      if (!target) {
        if (!this.#syncNextFolder()) break
        continue
      }
      if (!isThere(target)) continue
      this.#inFlight.add(target)
      const isAsked = this.#sync((done) =>
        files.sync(target, (error) => {
          this.#inFlight.delete(target)
          done(error)
        }),
      )
      if (isAsked) continue
      this.#inFlight.delete(target)
      files.giveBack([target], [])
    }
    if (this.#underWay > 0) return
    if (this.#hasFailed) this.#endRound(new Error('consume queues or index could not be synced'))
    else if (this.#phase === 'closing') this.#endRound(null)
    else if (this.#phase === 'syncing' && this.#toSync.length === 0 && this.#folders.length === 0) this.#finishIndex()
  }

  #syncNextFolder(): boolean {
    const { disk } = this.#options
    const folder = this.#folders.pop()
    if (folder === undefined) return false
    this.#syncingFolders.add(folder)
    this.#sync((done) =>
      disk.syncFolderLater(folder, (error) => {
        this.#syncingFolders.delete(folder)
        // One whose topic has been deleted meanwhile has nothing left to keep.
        done((error as NodeJS.ErrnoException | null)?.code === 'ENOENT' ? null : error)
      }),
    )
    return true
  }

  #finishIndex(): void {
    this.#phase = 'closing'
    const flush = this.#indexFlush
    this.#indexFlush = undefined
    if (flush) {
      try {
        for (const file of this.#options.index!.endFlush(flush)) this.#sync((done) => file.sync(done))
      } catch (error) {
        this.#options.reporter.error('cannot write the header of the index', error)
        this.#hasFailed = true
      }
    }
    this.#pump()
  }

  /** False if the sync could not even be asked for. */
  #sync(start: (done: (error: Error | null) => void) => void): boolean {
    this.#underWay++
    try {
      start((error) => {
        this.#underWay--
        if (error) this.#syncFailed(error)
        this.#pump()
      })
      return true
    } catch (error) {
      this.#underWay--
      this.#hasFailed = true
      this.#options.reporter.error('cannot open a file of consume queues or index to sync it', error)
      return false
    }
  }

  #syncFailed(error: unknown): void {
    this.#hasFailed = true
    if (this.#isFrozen) return
    this.#isFrozen = true
    this.#options.reporter.error(
      'consume queues or index could not be synced: the checkpoint stays where it is, so that the next start rebuilds ' +
        'them from the commit log; check the disk and restart',
      error,
    )
  }

  #endRound(error: Error | null): void {
    const { files } = this.#options.table.context
    files.giveBack(this.#toSync.splice(0).filter(isThere), this.#folders.splice(0))
    this.#indexFlush = undefined
    this.#phase = 'idle'
    if (error) {
      this.#hasFailed = true
    } else if (!this.#isFrozen) {
      this.#readyPhyOffset = this.#roundPhyOffset
      this.#readyTimestampMs = this.#roundTimestampMs
      this.#advanceCheckpoint()
    }
    for (const done of this.#waitingForThis.splice(0)) done(error)
  }

  #advanceCheckpoint(): void {
    const { checkpoint, flushedOffset, reporter } = this.#options
    if (this.#readyPhyOffset < 0 || flushedOffset() <= this.#readyPhyOffset) return
    checkpoint.noteLogics(this.#readyPhyOffset, this.#readyTimestampMs)
    checkpoint.indexMsgTimestamp = Math.max(checkpoint.indexMsgTimestamp, this.#indexTimestampMs)
    this.#readyPhyOffset = -1
    try {
      checkpoint.write()
    } catch (error) {
      reporter.error('cannot write the checkpoint: the next start will recover from an older one', error)
    }
  }
}

/** Whether the file still belongs to its queue: topics are deleted and old files removed while a round runs. */
function isThere(target: SyncTarget): boolean {
  const { queue, fileIndex } = target
  return !queue.isRemoved && fileIndex >= queue.firstFileIndex && fileIndex <= queue.lastFileIndex
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
