import { accepted, BYTES, flag, implemented, int, LIVE, live, long, MS } from '../conf-key.ts'

export const transaction = {
  title: 'Transactions',
  about: 'Messages in two phases.',
  keys: {
    ...implemented({
      transactionTimeOut: long(6000, 'Age from which a producer is asked about an undecided message.', live(MS)),
      transactionCheckMax: int(15, 'How often it is asked before the message is given up.', LIVE),
      transactionCheckInterval: long(30_000, 'How often undecided messages are looked for.', live({ ...MS, min: 1 })),
      transactionMetricFlushInterval: long(10_000, 'How often counts are saved.', live(MS)),
      transactionOpMsgMaxSize: int(
        4096,
        'Size of the body of a message that notes several ended transactions.',
        live({ ...BYTES, min: 1 }),
      ),
    }),
    ...accepted({
      transactionOpBatchInterval: int(
        3000,
        'How long ended transactions are collected before they are noted; here they are noted in the batch they end in.',
        MS,
      ),
      transactionCheckRocksdbCoreThreads: int(2, 'Threads that check, with RocksDB.'),
      transactionCheckRocksdbMaxThreads: int(5, 'Threads that check at most.'),
      transactionCheckRocksdbQueueCapacity: int(2000, 'Checks that may wait.'),
      transRocksDBEnable: flag(false, 'Undecided messages in RocksDB.'),
      transWriteOriginTransHalfEnable: flag(true, 'Write them to the half topic as well.'),
    }),
  },
}
