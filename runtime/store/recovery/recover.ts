import { dirname } from 'node:path'
import type { Disk } from '../../io/disk.ts'
import type { StoreCheckpoint } from '../checkpoint.ts'
import type { CommitLog } from '../commit-log/commit-log.ts'
import type { ConsumeQueueTable } from '../consume-queue/consume-queue-table.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { IndexService } from '../index/index-service.ts'
import type { StoreConfig, StoreReporter } from '../store-options.ts'
import { cutLog } from './log-cutter.ts'
import { LogScanner, type ScanEnd } from './log-scanner.ts'
import { findStartPoint } from './start-point.ts'

export interface RecoveryInput {
  readonly disk: Disk
  readonly log: CommitLog
  readonly table: ConsumeQueueTable
  readonly index: IndexService | undefined
  readonly checkpoint: StoreCheckpoint
  readonly dispatcher: Dispatcher
  readonly config: StoreConfig
  readonly reporter: StoreReporter
  readonly wasClosed: boolean
}

/** What recovery did; `endOffset` is where the log ends now. */
export interface RecoveryResult {
  readonly fromOffset: number
  readonly endOffset: number
  readonly recordCount: number
  readonly kind: ScanEnd['kind']
}

/**
 * Finds the end of the log, cuts off what belongs to no whole record, and brings into consume queues and index what they
 * lack. After an unclean stop their units from the starting point on are not trusted and made again.
 */
export function recover(input: RecoveryInput): RecoveryResult {
  const { log, table, config, checkpoint, reporter, wasClosed } = input
  const files = log.files
  if (log.isEmpty) {
    // The messages are gone, and what points to them must go too: Java does the same.
    table.truncateFrom(0)
    input.index?.truncateFrom(0)
    checkpoint.clear()
    return { fromOffset: 0, endOffset: 0, recordCount: 0, kind: 'clean' }
  }
  const scanner = new LogScanner(files, config.checkCRCOnRecover)
  const start = findStartPoint(files, scanner, {
    wasClosed,
    hasQueues: table.queueCount > 0,
    checkpointPhyOffset: checkpoint.logicsPhysicalOffset,
    checkpointTimestampMs: config.messageIndexSafe ? checkpoint.minTimestampIndex() : checkpoint.minTimestamp(),
    maxPhyOffsetOfQueues: () => table.maxPhyOffset(),
    filesMax: config.commitLogRecoverMaxNum,
  })
  if (!wasClosed) {
    table.truncateFrom(start.phyOffset)
    // The last message in it may lack keys: those that went to a next file which is gone.
    input.index?.truncateFrom(start.phyOffset)
  }
  const end = scanner.scan(start.phyOffset, (record, bytes, phyOffset) => {
    if (!input.dispatcher.dispatchRecord(record, bytes, phyOffset)) {
      throw new Error(`recovery cannot write the consume queues: ${config.storePathConsumeQueue} is full or fails`)
    }
  })
  // What will be written at these offsets is not what the checkpoint speaks of.
  if (checkpoint.logicsPhysicalOffset >= end.endOffset) checkpoint.clear()
  cutLog(input.disk, files, end, `${dirname(config.storePathCommitLog)}/cut`, reporter)
  // After a kill the bytes are there, but only in the system's cache.
  log.recoveredTo(end.endOffset, wasClosed ? end.endOffset : start.phyOffset)
  if (!wasClosed) log.flushNow()
  if (wasClosed && end.kind !== 'clean') table.truncateFrom(end.endOffset)
  // Later messages must not seem indexed already.
  input.index?.truncateFrom(end.endOffset)
  table.correctMinOffset(log.minOffset)
  reporter.info(
    `store recovered after ${wasClosed ? 'a clean' : 'an unclean'} stop: read ${end.recordCount} messages from offset ` +
      `${start.phyOffset} (${start.reason}); the commit log ends at ${end.endOffset}`,
  )
  return { fromOffset: start.phyOffset, endOffset: end.endOffset, recordCount: end.recordCount, kind: end.kind }
}
