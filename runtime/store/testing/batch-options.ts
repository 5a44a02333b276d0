import type { BatchQueueOptions } from '../consume-queue/consume-queue-table.ts'
import { BATCH_UNIT_BYTES } from '../consume-queue/queue-unit.ts'

/** For tables of consume queues; seven units to a file. */
export const BATCH_OPTIONS: BatchQueueOptions = {
  folder: '/store/batchconsumequeue',
  fileSizeBytes: 7 * BATCH_UNIT_BYTES,
  storeTimeOf: () => -1,
}
