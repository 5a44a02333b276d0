import type { Clock } from '../io/clock.ts'
import type { Disk } from '../io/disk.ts'

/**
 * What the store reads of broker.conf, under Java's key names and in Java's units. Parsing and checking the file is the
 * business of runtime/config.
 */
export interface StoreConfig {
  readonly storePathRootDir: string
  readonly storePathCommitLog: string
  readonly storePathConsumeQueue: string
  readonly storePathIndex: string
  readonly storeCheckpoint: string
  readonly abortFile: string

  /** Bytes per commit log file. */
  readonly mappedFileSizeCommitLog: number
  /** Bytes per consume queue file, a multiple of 20. */
  readonly mappedFileSizeConsumeQueue: number
  /** Bytes per file of a batch consume queue, a multiple of 46. */
  readonly mapperFileSizeBatchConsumeQueue: number
  /** Hash slots per index file. */
  readonly maxHashSlotNum: number
  /** Entries per index file, the unused entry 0 included. */
  readonly maxIndexNum: number
  readonly messageIndexEnable: boolean
  /** Whether the index decides, too, where recovery starts. */
  readonly messageIndexSafe: boolean
  /** Messages are shown once they are confirmed, see {@link MessageStore.confirm}; without it as soon as they are written. */
  readonly enableControllerMode: boolean
  /** Light queues take part if both are set. */
  readonly enableLmq: boolean
  readonly enableMultiDispatch: boolean
  /** Whether there is a limit to how many there are. */
  readonly enableLmqQuota: boolean
  readonly maxLmqConsumeQueueNum: number

  /** Bytes of the files of compaction topics, see {@link compactionSizes}. */
  readonly compactionMappedFileSize: number
  readonly compactionCqMappedFileSize: number
  /** ms between two compactions of a queue. */
  readonly compactionScheduleInternal: number
  /** Bytes of the table of keys of a compaction. */
  readonly maxOffsetMapSize: number

  readonly flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH'
  /** ms between flushes of the commit log with ASYNC_FLUSH. */
  readonly flushIntervalCommitLog: number
  /** 4 KiB pages that must be dirty for such a flush. */
  readonly flushCommitLogLeastPages: number
  /** ms after which the commit log is flushed however little is dirty. */
  readonly flushCommitLogThoroughInterval: number
  readonly flushIntervalConsumeQueue: number
  readonly flushConsumeQueueLeastPages: number
  readonly flushConsumeQueueThoroughInterval: number

  /** Hours of the day, `04` or `04;16`. */
  readonly deleteWhen: string
  /** Hours a commit log file is kept after its last write. */
  readonly fileReservedTime: number
  /** Percent. */
  readonly diskMaxUsedSpaceRatio: number
  /** Percent from which the oldest files go at once, whatever their age. At most 85. */
  readonly diskSpaceCleanForciblyRatio: number
  /** Percent from which messages are refused. At most 90. */
  readonly diskSpaceWarningLevelRatio: number
  readonly cleanFileForciblyEnable: boolean
  readonly deleteFileBatchMax: number
  /** ms between two deletions of commit log files in one run. */
  readonly deleteCommitLogFilesInterval: number

  /** Bytes of a message's body. */
  readonly maxMessageSize: number
  readonly checkCRCOnRecover: boolean
  /** The delay levels, `1s 5s 10s ...`: the tag code of a delayed message is its delivery time. */
  readonly messageDelayLevel: string

  readonly maxFilterMessageSize: number
  readonly maxTransferBytesOnMessageInMemory: number
  readonly maxTransferCountOnMessageInMemory: number
  readonly maxTransferBytesOnMessageInDisk: number
  readonly maxTransferCountOnMessageInDisk: number
  /** Percent of the machine's memory that recent messages are taken to be found in. */
  readonly accessMessageInMemoryMaxRatio: number
  /** Whether bytes of cold messages are counted, see {@link Puller.coldBytes}. */
  readonly coldDataFlowControlEnable: boolean
  /** Percent of the machine's memory: what lies farther behind the log's end is cold. */
  readonly accessMessageInMemoryHotRatio: number
  /** Whether a read of old messages brings in what lies behind them. */
  readonly dataReadAheadEnable: boolean
  readonly offsetCheckInSlave: boolean
  readonly osPageCacheBusyTimeOutMills: number
}

/** What happened to the store and its user should know. Never called per message. */
export interface StoreReporter {
  info(text: string): void
  warn(text: string): void
  error(text: string, cause?: unknown): void
}

export interface StoreOptions {
  readonly config: StoreConfig
  readonly disk: Disk
  readonly clock: Clock
  readonly reporter: StoreReporter
  /** Written into the abort file. */
  readonly pid: number
  /** The machine's memory in bytes: decides what counts as recent, see {@link StoreConfig.accessMessageInMemoryMaxRatio}. */
  readonly physicalMemoryBytes: number
  /** Bytes of the commit log's end kept in memory. */
  readonly hotWindowBytes?: number
}

/** Java's defaults; the paths as they follow from the root. */
export function storeConfigDefaults(storePathRootDir: string): StoreConfig {
  return {
    storePathRootDir,
    storePathCommitLog: `${storePathRootDir}/commitlog`,
    storePathConsumeQueue: `${storePathRootDir}/consumequeue`,
    storePathIndex: `${storePathRootDir}/index`,
    storeCheckpoint: `${storePathRootDir}/checkpoint`,
    abortFile: `${storePathRootDir}/abort`,
    mappedFileSizeCommitLog: 1024 * 1024 * 1024,
    mappedFileSizeConsumeQueue: 300_000 * 20,
    mapperFileSizeBatchConsumeQueue: 300_000 * 46,
    maxHashSlotNum: 5_000_000,
    maxIndexNum: 20_000_000,
    messageIndexEnable: true,
    messageIndexSafe: false,
    enableControllerMode: false,
    enableLmq: false,
    enableMultiDispatch: false,
    enableLmqQuota: false,
    maxLmqConsumeQueueNum: 20_000,
    compactionMappedFileSize: 100 * 1024 * 1024,
    compactionCqMappedFileSize: 10 * 1024 * 1024,
    compactionScheduleInternal: 900_000,
    maxOffsetMapSize: 100 * 1024 * 1024,
    flushDiskType: 'ASYNC_FLUSH',
    flushIntervalCommitLog: 500,
    flushCommitLogLeastPages: 4,
    flushCommitLogThoroughInterval: 10_000,
    flushIntervalConsumeQueue: 1000,
    flushConsumeQueueLeastPages: 2,
    flushConsumeQueueThoroughInterval: 60_000,
    deleteWhen: '04',
    fileReservedTime: 72,
    diskMaxUsedSpaceRatio: 75,
    diskSpaceCleanForciblyRatio: 85,
    diskSpaceWarningLevelRatio: 90,
    cleanFileForciblyEnable: true,
    deleteFileBatchMax: 10,
    deleteCommitLogFilesInterval: 100,
    maxMessageSize: 4 * 1024 * 1024,
    checkCRCOnRecover: true,
    messageDelayLevel: '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h',
    maxFilterMessageSize: 16_000,
    maxTransferBytesOnMessageInMemory: 256 * 1024,
    maxTransferCountOnMessageInMemory: 32,
    maxTransferBytesOnMessageInDisk: 64 * 1024,
    maxTransferCountOnMessageInDisk: 8,
    accessMessageInMemoryMaxRatio: 40,
    coldDataFlowControlEnable: false,
    accessMessageInMemoryHotRatio: 26,
    dataReadAheadEnable: true,
    offsetCheckInSlave: false,
    osPageCacheBusyTimeOutMills: 1000,
  }
}
