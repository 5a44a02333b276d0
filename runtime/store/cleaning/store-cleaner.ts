import type { Disk } from '../../io/disk.ts'
import type { ConsumeQueue } from '../consume-queue/consume-queue.ts'
import type { ConsumeQueueTable } from '../consume-queue/consume-queue-table.ts'
import type { IndexService } from '../index/index-service.ts'
import type { RunningFlags } from '../running-flags.ts'
import type { StoreConfig, StoreReporter } from '../store-options.ts'
import {
  type CleaningConfig,
  type CleaningDecision,
  decideCleaning,
  type SegmentAge,
  warningRatio,
} from './cleaning-policy.ts'

/** The commit log as the cleaner sees it. */
export interface CleanableSegments {
  /** Oldest first, the one being written last. */
  list(): readonly (SegmentAge & { readonly startOffset: number })[]
  /** Deletes the oldest file; throws if that fails. */
  deleteFirst(): void
  /** Where the commit log begins. */
  readonly minOffset: number
}

export interface StoreCleanerOptions {
  readonly config: CleaningConfig &
    Pick<StoreConfig, 'storePathCommitLog' | 'storePathConsumeQueue' | 'deleteCommitLogFilesInterval'>
  readonly disk: Disk
  readonly segments: CleanableSegments
  /**
   * How far consume queues and index are durable (the checkpoint's logicsPhysicalOffset). What lies behind is kept even
   * when space is short: recovery needs it.
   */
  readonly derivedOffset: () => number
  readonly table: ConsumeQueueTable
  readonly index: IndexService | undefined
  readonly runningFlags: RunningFlags
  readonly reporter: StoreReporter
}

/** cleanResourceInterval: between two decisions; the first comes after {@link FIRST_RUN_MS}. */
const RUN_INTERVAL_MS = 10_000
const FIRST_RUN_MS = 60_000
/** A full disk refuses messages: whether it still is, is looked at this often, so that they are taken soon after. */
const FULL_LOOK_MS = 1000
/** Decisions one call of {@link StoreCleaner.deleteManually} stands for. */
const MANUAL_RUNS = 20
/** Consume queues that follow the commit log's start, per tick: each may cost a read or two. */
const QUEUES_PER_TICK = 500
/** deleteConsumeQueueFilesInterval: after a queue whose files were deleted the others wait so long. */
const QUEUE_DELETE_INTERVAL_MS = 100

/**
 * Carries out what cleaning-policy.ts decides, a file at a time and spaced so that deleting does not disturb traffic, then
 * lets consume queues and index follow the new start of the commit log. Driven by `tick`.
 */
export class StoreCleaner {
  readonly #options: StoreCleanerOptions
  #nextRunMs: number | undefined
  #manualRuns = 0
  #toDelete = 0
  #nextDeleteMs = 0
  #nextLookMs = 0
  #followedOffset = 0
  #followTo = 0
  #followers: ConsumeQueue[] = []
  #nextFollowMs = 0
  #followHasFailed = false
  #decision: CleaningDecision | undefined
  #commitLogDiskRatio = 0
  #consumeQueueDiskRatio = 0

  constructor(options: StoreCleanerOptions) {
    this.#options = options
  }

  get lastDecision(): CleaningDecision | undefined {
    return this.#decision
  }

  /** Used parts of the disks at the last decision, 0..1. */
  get diskRatios(): { readonly commitLog: number; readonly consumeQueue: number } {
    return { commitLog: this.#commitLogDiskRatio, consumeQueue: this.#consumeQueueDiskRatio }
  }

  /** Deletes expired files in the next runs whatever the hour, as the operator's deleteExpiredCommitLog asks. */
  deleteManually(): void {
    this.#manualRuns = MANUAL_RUNS
  }

  /** Why producers are refused, for the answer to them; undefined when the disks are not full. */
  diskFullText(): string | undefined {
    const full = this.#decision?.fullDisk
    if (!full) return undefined
    const { config } = this.#options
    const isLog = full === 'commitLog'
    const ratio = isLog ? this.#commitLogDiskRatio : this.#consumeQueueDiskRatio
    const key = isLog ? 'storePathCommitLog' : 'storePathConsumeQueue'
    return (
      `the disk of ${key} (${config[key]}) is ${Math.round(ratio * 100)} % used and messages are refused above ` +
      `${Math.round(warningRatio(config) * 100)} % (diskSpaceWarningLevelRatio): free space, or lower fileReservedTime ` +
      `(${config.fileReservedTime} hours)`
    )
  }

  /** `hourOfDay` as in {@link decideCleaning}; by default the machine's. */
  tick(nowMs: number, hourOfDay: number = new Date(nowMs).getHours()): void {
    this.#nextRunMs ??= nowMs + FIRST_RUN_MS
    if (this.#nextRunMs > nowMs + FIRST_RUN_MS) this.#clockSetBack(nowMs)
    if (nowMs >= this.#nextRunMs || (this.#manualRuns === MANUAL_RUNS && this.#toDelete === 0)) {
      this.#nextRunMs = nowMs + RUN_INTERVAL_MS
      this.decideNow(nowMs, hourOfDay)
    }
    if (this.#decision?.isDiskFull === true && nowMs >= this.#nextLookMs) {
      this.#nextLookMs = nowMs + FULL_LOOK_MS
      if (this.#hasRoom()) this.decideNow(nowMs, hourOfDay)
    }
    if (this.#toDelete > 0 && nowMs >= this.#nextDeleteMs) this.#deleteOne(nowMs)
    if (nowMs >= this.#nextFollowMs) this.#follow(nowMs)
  }

  #hasRoom(): boolean {
    const { config } = this.#options
    const used = Math.max(this.#usedRatio(config.storePathCommitLog), this.#usedRatio(config.storePathConsumeQueue))
    return used >= 0 && used <= warningRatio(config)
  }

  #clockSetBack(nowMs: number): void {
    this.#nextRunMs = nowMs
    this.#nextLookMs = nowMs
    this.#nextDeleteMs = nowMs
    this.#nextFollowMs = nowMs
  }

  /** Looks at the disks and decides at once; also when the store opens, so that a full disk is known from the start. */
  decideNow(nowMs: number, hourOfDay: number = new Date(nowMs).getHours()): void {
    const { config, segments, runningFlags, reporter } = this.#options
    this.#commitLogDiskRatio = this.#usedRatio(config.storePathCommitLog)
    this.#consumeQueueDiskRatio = this.#usedRatio(config.storePathConsumeQueue)
    const decision = decideCleaning({
      nowMs,
      hourOfDay,
      config,
      segments: segments.list(),
      commitLogDiskRatio: this.#commitLogDiskRatio,
      consumeQueueDiskRatio: this.#consumeQueueDiskRatio,
      manualRuns: this.#manualRuns,
    })
    const wasStuck = this.#decision?.isStuck === true
    this.#decision = decision
    if (this.#manualRuns > 0) this.#manualRuns--
    this.#toDelete = decision.deleteCount
    if (runningFlags.set('diskFull', decision.isDiskFull)) {
      if (decision.isDiskFull) reporter.error(`${this.diskFullText()}`)
      else reporter.info('the disks of the store have room again: messages are accepted')
    }
    if (decision.isStuck && !wasStuck) {
      reporter.warn(
        'disk space is short and no commit log file may be deleted yet: add space or lower fileReservedTime',
      )
    }
  }

  #deleteOne(nowMs: number): void {
    const { segments, reporter, config, derivedOffset } = this.#options
    this.#nextDeleteMs = nowMs + config.deleteCommitLogFilesInterval
    const second = segments.list()[1]
    if (second === undefined || second.startOffset > derivedOffset()) return
    try {
      segments.deleteFirst()
      this.#toDelete--
    } catch (error) {
      this.#toDelete = 0
      reporter.error('cannot delete the oldest commit log file; the next run tries again', error)
    }
  }

  /** Consume queues and index drop what points before the start of the commit log, some queues per tick. */
  #follow(nowMs: number): void {
    const { segments, table, index, reporter } = this.#options
    if (this.#followers.length === 0) {
      if (segments.minOffset <= this.#followedOffset) return
      this.#followTo = segments.minOffset
      table.context.minPhyOffset = this.#followTo
      this.#followHasFailed = false
      table.forEach((queue) => {
        this.#followers.push(queue)
      })
      this.#followers.reverse()
    }
    for (let i = 0; i < QUEUES_PER_TICK && this.#followers.length > 0; i++) {
      const queue = this.#followers.pop()!
      if (queue.isRemoved) continue
      try {
        if (queue.dropBelow(this.#followTo) === 0) continue
      } catch (error) {
        reporter.error(`cannot drop old units of ${queue.topic}-${queue.queueId}; a later run tries again`, error)
        this.#followHasFailed = true
        continue
      }
      this.#nextFollowMs = nowMs + QUEUE_DELETE_INTERVAL_MS
      break
    }
    if (this.#followers.length > 0) return
    try {
      index?.deleteBelow(this.#followTo)
    } catch (error) {
      reporter.error('cannot delete old index files; a later run tries again', error)
      this.#followHasFailed = true
    }
    if (this.#followHasFailed) this.#nextFollowMs = nowMs + RUN_INTERVAL_MS
    else this.#followedOffset = this.#followTo
  }

  /** -1 when the disk does not say. Of several paths the least used counts, as in Java. */
  #usedRatio(paths: string): number {
    let least = -1
    for (const path of paths.split(',')) {
      try {
        const { totalBytes, freeBytes } = this.#options.disk.space(path.trim())
        if (totalBytes <= 0) continue
        // Java counts whole percents, rounded up.
        const ratio = Math.ceil(((totalBytes - freeBytes) * 100) / totalBytes) / 100
        least = least < 0 ? ratio : Math.min(least, ratio)
      } catch (error) {
        this.#options.reporter.warn(`cannot tell the space of the disk of ${path}: ${String(error)}`)
      }
    }
    return least
  }
}
