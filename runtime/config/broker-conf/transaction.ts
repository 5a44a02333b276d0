import { accepted, BYTES, flag, int, long, MS } from '../conf-key.ts'

export const transaction = {
  title: 'Transactions',
  about: 'Messages in two phases.',
  keys: accepted({
    transactionTimeOut: long(6000, 'Age at which an undecided message is first checked.', MS),
    transactionCheckMax: int(15, 'Checks before it is given up.'),
    transactionCheckInterval: long(30_000, 'How often undecided messages are looked for.', MS),
    transactionMetricFlushInterval: long(10_000, 'How often counts are saved.', MS),
    transactionOpMsgMaxSize: int(4096, 'Size of a message that ends several transactions.', BYTES),
    transactionOpBatchInterval: int(3000, 'How long those are collected.', MS),
    transactionCheckRocksdbCoreThreads: int(2, 'Threads that check, with RocksDB.'),
    transactionCheckRocksdbMaxThreads: int(5, 'Threads that check at most.'),
    transactionCheckRocksdbQueueCapacity: int(2000, 'Checks that may wait.'),
    transRocksDBEnable: flag(false, 'Undecided messages in RocksDB.'),
    transWriteOriginTransHalfEnable: flag(true, 'Write them to the half topic as well.'),
  }),
}
