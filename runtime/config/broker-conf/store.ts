import type { ConfValue } from '../conf-key.ts'
import {
  accepted,
  BYTES,
  derived,
  flag,
  implemented,
  int,
  LIVE,
  live,
  long,
  MS,
  oneOf,
  optionalPath,
  optionalText,
  path,
} from '../conf-key.ts'

function inRoot(name: string) {
  const from = (_: unknown, get: (key: string) => ConfValue): string => `${get('storePathRootDir')}/${name}`
  return derived(`storePathRootDir/${name}`, from)
}

export const store = {
  title: 'Message store',
  about: 'Where messages are kept, in files of which size, and how the store comes up again.',
  keys: {
    ...implemented({
      storePathRootDir: path(
        derived('~/store', (env) => `${env.home}/store`),
        'Folder of the store: config, consumequeue, index, checkpoint, abort and lock are in it.',
      ),
      storePathCommitLog: path(inRoot('commitlog'), 'Folder of the commit log.'),
      mappedFileSizeCommitLog: int(1_073_741_824, 'Size of a commit log file.', { ...BYTES, min: 1024 }),
      mappedFileSizeConsumeQueue: int(6_000_000, 'Size of a consume queue file, in whole units of 20 bytes.', {
        ...BYTES,
        min: 20,
      }),
      mapperFileSizeBatchConsumeQueue: int(
        13_800_000,
        'Size of a batch consume queue file (topics with queue.type=BatchCQ), in whole units of 46 bytes.',
        { ...BYTES, min: 46 },
      ),
      messageIndexEnable: flag(true, 'Index messages by key and by unique id.'),
      maxHashSlotNum: int(5_000_000, 'Hash slots of an index file.', { min: 1 }),
      maxIndexNum: int(20_000_000, 'Entries of an index file.', { min: 1 }),
      messageIndexSafe: flag(false, 'Let the index hold recovery back, so that it never misses a message.'),
      checkCRCOnRecover: flag(true, 'Check the CRC of every message that recovery reads.'),
      accessMessageInMemoryMaxRatio: int(
        40,
        'Share of memory within whose reach behind the end messages count as in memory.',
        { ...live({ unit: '%' }), min: 0, max: 100 },
      ),
      defaultQueryMaxNum: int(32, 'Messages a query by key returns at most.', LIVE),
      osPageCacheBusyTimeOutMills: long(1000, 'Writing for longer than this makes the broker answer busy.', live(MS)),
    }),
    ...accepted({
      duplicationEnable: flag(false, 'Build queues and index up to a confirmed offset only.'),
      maxRecoveryCommitlogFiles: int(30, 'Unused by Apache RocketMQ as well.'),
      commitLogRecoverMaxNum: int(10, 'Recovery goes back as far as queues lack messages, however many files that is.'),
      recoverConcurrently: flag(false, 'Recover consume queues in parallel.'),
      recoverThreadPoolNums: int(32, 'Threads for that.'),
      storeType: oneOf(['default', 'defaultRocksDB'], 'default', 'Consume queues in files or in RocksDB.'),
      readOnlyCommitLogStorePaths: optionalText('Further commit log folders to read from.'),
      storePathDLedgerCommitLog: optionalPath('Folder of the DLedger commit log.'),
      enableConsumeQueueExt: flag(false, 'Side files of the consume queue for filter bits.'),
      mappedFileSizeConsumeQueueExt: int(50_331_648, 'Size of such a file.', BYTES),
      bitMapLengthConsumeQueueExt: int(64, 'Filter bits per message.'),
      searchBcqByCacheEnable: flag(true, 'Cached search in batch consume queues.'),
      checkCommitLogOffsetOnRecover: flag(false, 'Check that each recovered message lies where it says.'),
      maxChecksumRange: long(1_073_741_824, 'How much to check when a checksum is asked for.', BYTES),
      enabledAppendPropCRC: flag(false, 'A CRC over message properties.'),
      forceVerifyPropCRC: flag(false, 'Refuse messages without it.'),
      travelCqFileNumWhenGetMessage: int(1, 'Consume queue files one pull may cross.'),
      maxConsumeQueueScan: int(20_000, 'Consume queue entries one scan reads.'),
      sampleCountThreshold: int(5000, 'Entries from which a count is estimated.'),
      sampleSteps: int(32, 'Samples of such an estimate.'),
      correctLogicMinOffsetSleepInterval: int(1, 'Pause between corrections of queue minimum offsets.', MS),
      correctLogicMinOffsetForceInterval: int(300_000, 'How often to correct them in any case.', MS),
      enableBuildConsumeQueueConcurrently: flag(false, 'Build consume queues in parallel.'),
      batchDispatchRequestThreadPoolNums: int(16, 'Threads for that.'),
      dispatchCqThreads: int(10, 'Threads that build consume queues.'),
      dispatchCqCacheNum: int(4096, 'Entries they cache.'),
      enableAsyncReput: flag(true, 'Build consume queues on a thread of their own.'),
      recheckReputOffsetFromCq: flag(false, 'Derive the replay offset from the consume queues.'),
      dispatchFromSenderThread: flag(false, 'Build consume queues on the sending thread.'),
      readUnCommitted: flag(false, 'Serve messages that replicas have not confirmed.'),
      putConsumeQueueDataByFileChannel: flag(true, 'Write consume queues by file channel.'),
      enableLogConsumeQueueRepeatedlyBuildWhenRecover: flag(false, 'Log entries that recovery builds twice.'),
      mappedFileSwapEnable: flag(true, 'Swap mapped files that are not in use.'),
      commitLogForceSwapMapInterval: long(43_200_000, 'Longest time between swaps of a commit log file.', MS),
      commitLogSwapMapInterval: long(3_600_000, 'Shortest such time.', MS),
      commitLogSwapMapReserveFileNum: int(100, 'Newest commit log files to leave alone.'),
      logicQueueForceSwapMapInterval: long(43_200_000, 'Longest time between swaps of a consume queue file.', MS),
      logicQueueSwapMapInterval: long(3_600_000, 'Shortest such time.', MS),
      logicQueueSwapMapReserveFileNum: int(20, 'Newest consume queue files to leave alone.'),
      cleanSwapedMapInterval: long(300_000, 'How often to unmap swapped files.', MS),
      debugLockEnable: flag(false, 'Report where the store waited for its lock.'),
      indexFileWriteEnable: flag(true, 'Write index files beside the RocksDB index.'),
      indexFileReadEnable: flag(true, 'Read index files beside the RocksDB index.'),
      maxTopicLength: int(127, 'Longest topic name in bytes.', { min: 1 }),
      autoMessageVersionOnTopicLen: flag(true, 'Write message version 2 when a topic name exceeds 127 bytes.'),
    }),
  },
}

export const unreadPaths = {
  title: 'Paths of earlier releases',
  about:
    'Sample files of RocketMQ set these, but the broker does not read them: the files always lie in storePathRootDir. ' +
    'So do they here, and a value that says otherwise earns a warning.',
  keys: implemented({
    storePathConsumeQueue: path(inRoot('consumequeue'), 'Folder of the consume queues.'),
    storePathIndex: path(inRoot('index'), 'Folder of the index.'),
    storeCheckpoint: path(inRoot('checkpoint'), 'File of the checkpoint.'),
    abortFile: path(inRoot('abort'), 'File that exists while the broker runs.'),
  }),
}
