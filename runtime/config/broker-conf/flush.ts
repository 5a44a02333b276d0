import { accepted, flag, implemented, int, live, long, MS, oneOf } from '../conf-key.ts'

const PAGES = { unit: 'pages of 4 KiB' }

export const flush = {
  title: 'Flushing',
  about: 'When what was written reaches the disk.',
  keys: {
    ...implemented({
      flushDiskType: oneOf(
        ['ASYNC_FLUSH', 'SYNC_FLUSH'],
        'ASYNC_FLUSH',
        'SYNC_FLUSH answers a producer when its message is on disk, ASYNC_FLUSH when it is in memory.',
        { live: true },
      ),
      syncFlushTimeout: int(5000, 'Longest wait for the disk before a send is answered FLUSH_DISK_TIMEOUT.', live(MS)),
      flushIntervalCommitLog: int(500, 'How often the commit log is flushed with ASYNC_FLUSH.', live(MS)),
      flushCommitLogLeastPages: int(4, 'Unflushed amount below which a flush is put off.', live(PAGES)),
      flushCommitLogThoroughInterval: int(10_000, 'How often to flush however little there is.', live(MS)),
      flushIntervalConsumeQueue: int(1000, 'How often consume queues are flushed.', live(MS)),
      flushConsumeQueueLeastPages: int(2, 'Unflushed amount below which that is put off.', live(PAGES)),
      flushConsumeQueueThoroughInterval: int(60_000, 'How often to flush them however little there is.', live(MS)),
      flushConsumerOffsetInterval: int(5000, 'How often consumer offsets are saved.', MS),
      flushDelayOffsetInterval: long(10_000, 'How often the offsets of delayed messages are saved.', MS),
    }),
    ...accepted({
      flushCommitLogTimed: flag(true, 'Wait for a fixed time between flushes, not for a signal.'),
      commitIntervalCommitLog: int(200, 'How often the off-heap pool is committed.', MS),
      commitCommitLogLeastPages: int(4, 'Amount below which that is put off.', PAGES),
      commitCommitLogThoroughInterval: int(200, 'How often to commit however little there is.', MS),
      flushLeastPagesWhenWarmMapedFile: int(4096, 'Flush step when warming a file.', PAGES),
      flushConsumerOffsetHistoryInterval: int(60_000, 'Unused by Apache RocketMQ as well.', MS),
      warmMapedFileEnable: flag(false, 'Touch every page of a new file.'),
      transientStorePoolEnable: flag(false, 'Write to an off-heap pool first.'),
      transientStorePoolSize: int(5, 'Buffers of that pool.'),
      fastFailIfNoBufferInStorePool: flag(false, 'Answer busy when the pool is empty.'),
      writeWithoutMmap: flag(false, 'Write by file channel, not by memory mapping.'),
      sharedByteBufferNum: int(16, 'Buffers for that.'),
      wakeCommitWhenPutMessage: flag(true, 'Wake the committer at each message.'),
      wakeFlushWhenPutMessage: flag(false, 'Wake the flusher at each message.'),
      enableRunningFlagsInFlush: flag(false, 'Watch for flush errors and refuse writes after one.'),
      useReentrantLockWhenPutMessage: flag(true, 'Kind of the append lock.'),
      useABSLock: flag(false, 'Adaptive append lock.'),
      spinLockCollisionRetreatOptimalDegree: int(1000, 'Tuning of that lock.'),
      topicQueueLockNum: int(32, 'Locks that queues share.'),
    }),
  },
}
