import {
  accepted,
  BYTES,
  double,
  flag,
  HOURS,
  implemented,
  int,
  LIVE,
  live,
  long,
  MINUTES,
  MS,
  oneOf,
  SECONDS,
  text,
} from '../conf-key.ts'

/* Storage engines beside the files of the message store. */

export const compaction = {
  title: 'Compaction',
  about: 'Topics with cleanup.policy=COMPACTION, which keep the newest message of each key.',
  keys: {
    ...implemented({
      enableCompaction: flag(true, 'Whether such topics are compacted; without it their messages expire as all do.'),
      compactionMappedFileSize: int(104_857_600, 'Size of a file of their messages.', { ...BYTES, min: 1 }),
      compactionCqMappedFileSize: int(10_485_760, 'Size of the queue file that goes with it.', { ...BYTES, min: 1 }),
      compactionScheduleInternal: int(900_000, 'How often a queue is compacted.', { ...MS, min: 1 }),
      maxOffsetMapSize: int(104_857_600, 'Memory of the table of keys; more keys take several compactions.', {
        ...BYTES,
        min: 1,
      }),
    }),
    ...accepted({ compactionThreadNum: int(6, 'Threads for that.') }),
  },
}

export const rocksdb = {
  title: 'RocksDB',
  about: 'Consume queues and index in RocksDB.',
  keys: accepted({
    iteratorWhenUseRocksdbConsumeQueue: flag(true, 'Read consume queues by iterator.'),
    rocksdbCQDoubleWriteEnable: flag(false, 'Write consume queues to files and RocksDB.'),
    combineCQLoadingCQTypes: text('default;defaultRocksDB', 'Kinds of consume queue to load.'),
    combineCQPreferCQType: text('default', 'Kind to read.'),
    combineAssignOffsetCQType: text('default', 'Kind that assigns offsets.'),
    combineCQEnableCheckSelf: flag(false, 'Compare the kinds.'),
    combineCQMaxExtraSearchCommitLogFiles: int(3, 'Commit log files to search for a starting point.'),
    cleanRocksDBDirtyCQIntervalMin: long(60, 'How often stale entries go.', MINUTES),
    statRocksDBCQIntervalSec: long(10, 'How often statistics are logged.', SECONDS),
    memTableFlushIntervalMs: long(3_600_000, 'How often memory tables are flushed.', MS),
    enableRocksDBLog: flag(false, "Keep RocksDB's own log."),
    bottomMostCompressionTypeForConsumeQueueStore: text('zstd', 'Compression of the lowest level.'),
    rocksdbCompressionType: text('lz4', 'Compression of the other levels.'),
    rocksdbFlushWalFrequency: int(1024, 'Writes per flush of its log.'),
    rocksdbWalFileRollingThreshold: long(1_073_741_824, 'Size of its log files.', BYTES),
    enableAcceleratedRecovery: flag(false, 'Recover from what RocksDB knows.'),
    useSeparateStorePathForRocksdbCQ: flag(false, 'A folder of their own for these consume queues.'),
    indexRocksDBEnable: flag(false, 'Index in RocksDB.'),
    maxRocksDBIndexQueryDays: int(7, 'How far back a query may go.', { unit: 'days' }),
  }),
}

export const coldData = {
  title: 'Cold data',
  about: 'Limits for consumers that read what is no longer in memory.',
  keys: {
    ...implemented({
      coldDataFlowControlEnable: flag(false, 'Slow down groups that read too much of it.', LIVE),
      accessMessageInMemoryHotRatio: int(
        26,
        'Share of memory within whose reach behind the end of the log messages are not cold.',
        { ...live({ unit: '%' }), min: 0, max: 100 },
      ),
      cgColdReadThreshold: long(3_145_728, 'Cold bytes a group may read in five seconds.', { ...live(BYTES), min: 0 }),
      globalColdReadThreshold: long(
        104_857_600,
        'Cold bytes all groups together may read in five seconds; beyond, each one that reads such waits.',
        { ...live(BYTES), min: 0 },
      ),
      coldCtrStrategyEnable: flag(
        false,
        'Raise the limits of groups while all together read less than they may.',
        LIVE,
      ),
      usePIDColdCtrStrategy: flag(
        true,
        'By a PID controller that aims at 80 % of globalColdReadThreshold; else whenever that is not exceeded.',
      ),
      dataReadAheadEnable: flag(true, 'Read 64 KiB at once of old messages, not single ones.', LIVE),
    }),
    ...accepted({
      coldDataScanEnable: flag(false, 'Find out which pages are in memory.'),
    }),
  },
}

export const tiered = {
  title: 'Tiered storage',
  about: 'Old messages on another storage; a plug-in of Apache RocketMQ.',
  printedIfSet: true,
  keys: accepted({
    tieredStorageLevel: oneOf(['DISABLE', 'NOT_IN_DISK', 'NOT_IN_MEM', 'FORCE'], 'NOT_IN_DISK', 'When it is read.'),
    recordGetMessageResult: flag(false, 'Log reads.'),
    tieredStoreCommitLogMaxSize: long(1_073_741_824, 'Size of a commit log file there.', BYTES),
    tieredStoreConsumeQueueMaxSize: long(104_857_600, 'Size of a consume queue file there.', BYTES),
    tieredStoreIndexFileMaxHashSlotNum: int(5_000_000, 'Hash slots of an index file there.'),
    tieredStoreIndexFileMaxIndexNum: int(20_000_000, 'Entries of an index file there.'),
    tieredMetadataServiceProvider: text(
      'org.apache.rocketmq.tieredstore.metadata.DefaultMetadataStore',
      'Java class of the metadata.',
    ),
    tieredBackendServiceProvider: text(
      'org.apache.rocketmq.tieredstore.provider.MemoryFileSegment',
      'Java class of the storage.',
    ),
    tieredStoreDeleteFileEnable: flag(true, 'Delete old files there.'),
    tieredStoreFileReservedTime: int(72, 'Their age then.', HOURS),
    tieredStoreDeleteFileInterval: long(3_600_000, 'How often they are looked for.', MS),
    commitLogRollingInterval: int(24, 'Longest time one file is written to.', HOURS),
    commitLogRollingMinimumSize: int(16_777_216, 'Size from which that counts.', BYTES),
    tieredStoreGroupCommit: flag(true, 'Copy in groups.'),
    tieredStoreGroupCommitTimeout: int(30_000, 'How long one is collected.', MS),
    tieredStoreGroupCommitCount: int(4096, 'Messages of a group.'),
    tieredStoreGroupCommitSize: int(4_194_304, 'Bytes of a group.', BYTES),
    tieredStoreMaxGroupCommitCount: int(10_000, 'Messages that may wait.'),
    readAheadCacheEnable: flag(true, 'Read ahead.'),
    readAheadMessageCountThreshold: int(4096, 'Messages read ahead.'),
    readAheadMessageSizeThreshold: int(16_777_216, 'Bytes read ahead.', BYTES),
    readAheadCacheExpireDuration: long(15_000, 'How long they are kept.', MS),
    readAheadCacheSizeThresholdRate: double(0.3, 'Share of memory for that.'),
    tieredStoreMaxPendingLimit: int(10_000, 'Copies under way at most.'),
    tieredStoreCrcCheckEnable: flag(false, 'Check CRCs.'),
    tieredStoreFilePath: text('', 'Folder, for storage in files.'),
    objectStoreEndpoint: text('', 'Address of the object store.'),
    objectStoreBucket: text('', 'Its bucket.'),
    objectStoreAccessKey: text('', 'Its access key.'),
    objectStoreSecretKey: text('', 'Its secret key.'),
  }),
}

export const retired = {
  title: 'Retired keys',
  about: 'Keys that Apache RocketMQ 5.5 no longer heeds and that files of earlier releases still have.',
  printedIfSet: true,
  keys: accepted({
    filterServerNums: int(0, 'Filter servers per broker.'),
    haSlaveFallbehindMax: int(268_435_456, 'What is haMaxGapNotInSync now.', BYTES),
    checkTransactionMessageEnable: flag(false, 'Transaction checks.'),
  }),
}
