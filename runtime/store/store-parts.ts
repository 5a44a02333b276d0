import { makeAbortFile } from './abort-file.ts'
import { StoreCheckpoint } from './checkpoint.ts'
import { StoreCleaner } from './cleaning/store-cleaner.ts'
import { CommitLog, HOT_WINDOW_BYTES } from './commit-log/commit-log.ts'
import { storeTimeInFiles } from './commit-log/store-time.ts'
import { CompactionStore } from './compaction/compaction-store.ts'
import { ConsumeQueueTable } from './consume-queue/consume-queue-table.ts'
import { DelayLevels } from './delay-levels.ts'
import { DispatchFlush } from './dispatch-flush.ts'
import { Dispatcher } from './dispatcher.ts'
import { IndexService } from './index/index-service.ts'
import { LightQueues } from './light/light-queues.ts'
import { LogUpkeep } from './log-upkeep.ts'
import { type RecoveryResult, recover } from './recovery/recover.ts'
import { ReplicaIntake } from './replica-intake.ts'
import { RunningFlags } from './running-flags.ts'
import type { StoreOptions } from './store-options.ts'
import { StoreStatistics } from './store-statistics.ts'

/** What a store is made of, open and recovered. */
export interface StoreParts {
  readonly options: StoreOptions
  readonly flags: RunningFlags
  readonly statistics: StoreStatistics
  readonly delayLevels: DelayLevels
  readonly log: CommitLog
  readonly table: ConsumeQueueTable
  readonly checkpoint: StoreCheckpoint
  readonly index: IndexService | undefined
  readonly light: LightQueues
  readonly compaction: CompactionStore
  readonly dispatcher: Dispatcher
  readonly intake: ReplicaIntake
  readonly upkeep: LogUpkeep
  readonly dispatchFlush: DispatchFlush
  readonly cleaner: StoreCleaner
  readonly recovery: RecoveryResult
  /** Whether the last process closed the store in order. */
  readonly wasClosed: boolean
}

/**
 * Opens everything and recovers. Throws, naming file and remedy, for a store that cannot be used. `isSlave`: whether it follows
 * a master's at present.
 */
export function openStoreParts(
  options: StoreOptions,
  onFlushed: (flushedOffset: number) => void,
  isSlave: () => boolean,
): StoreParts {
  const { config, disk, reporter, clock } = options
  const flags = new RunningFlags()
  const wasClosed = disk.stat(config.abortFile) === undefined
  const delayLevels = new DelayLevels(config.messageDelayLevel)
  const log = new CommitLog({
    disk,
    folder: config.storePathCommitLog,
    segmentSizeBytes: config.mappedFileSizeCommitLog,
    hotWindowBytes: options.hotWindowBytes ?? HOT_WINDOW_BYTES,
    config,
    onFlushed: (flushedOffset) => {
      upkeep.noteFlushed(flushedOffset)
      onFlushed(flushedOffset)
    },
    onFlushFailed: (error) => upkeep.noteFlushFailed(error),
  })
  const table = ConsumeQueueTable.open({
    disk,
    folder: config.storePathConsumeQueue,
    fileSizeBytes: config.mappedFileSizeConsumeQueue,
    batch: {
      folder: `${config.storePathRootDir}/batchconsumequeue`,
      fileSizeBytes: config.mapperFileSizeBatchConsumeQueue,
      storeTimeOf: (phyOffset) => storeTimeInFiles(log.files, phyOffset),
    },
    reporter,
  })
  const checkpoint = StoreCheckpoint.open(disk, config.storeCheckpoint)
  const index = openIndex(options, wasClosed, checkpoint)
  const light = new LightQueues(table, config, reporter)
  const dispatcher = new Dispatcher(table, index, light, delayLevels, reporter)
  const intake = new ReplicaIntake(log, dispatcher, config.enableControllerMode)
  const upkeep = new LogUpkeep({ log, config, flags, reporter, checkpoint, dispatcher }, clock.now())
  const dispatchFlush = new DispatchFlush({
    disk,
    table,
    index,
    checkpoint,
    config,
    reporter,
    flushedOffset: () => log.flushedOffset,
  })
  const compaction = new CompactionStore({ disk, config, table, log, reporter, wasClosed, isSlave })
  const cleaner = new StoreCleaner({
    config,
    disk,
    segments: log,
    derivedOffset: () => Math.min(checkpoint.logicsPhysicalOffset, compaction.neededFrom()),
    table,
    index,
    runningFlags: flags,
    reporter,
  })
  makeAbortFile(disk, config.abortFile, options.pid)
  const recovery = recover({ disk, log, table, index, checkpoint, dispatcher, config, reporter, wasClosed })
  intake.recoveredTo(recovery.dispatchedOffset, checkpoint.confirmPhyOffset)
  cleaner.decideNow(clock.now())
  const statistics = new StoreStatistics(clock.now())
  return {
    options,
    flags,
    statistics,
    delayLevels,
    log,
    table,
    checkpoint,
    index,
    light,
    compaction,
    dispatcher,
    intake,
    upkeep,
    dispatchFlush,
    cleaner,
    recovery,
    wasClosed,
  }
}

function openIndex(options: StoreOptions, wasClosed: boolean, checkpoint: StoreCheckpoint): IndexService | undefined {
  const { config, disk, reporter } = options
  if (!config.messageIndexEnable) return undefined
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
