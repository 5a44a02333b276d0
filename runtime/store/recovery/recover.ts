import type { Disk } from '../../io/disk.ts'
import type { StoreCheckpoint } from '../checkpoint.ts'
import type { CommitLog } from '../commit-log/commit-log.ts'
import type { ConsumeQueueTable } from '../consume-queue/consume-queue-table.ts'
import { cutFolder } from '../cut-folder.ts'
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
  /** Everything below is in consume queues and index: the end, but in controller mode only what was confirmed. */
  readonly dispatchedOffset: number
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
    return { fromOffset: 0, endOffset: 0, recordCount: 0, kind: 'clean', dispatchedOffset: 0 }
  }
  const scanner = new LogScanner(files, config.checkCRCOnRecover)
  const start = findStartPoint(files, scanner, {
    wasClosed,
    hasQueues: table.queueCount > 0,
    checkpointPhyOffset: checkpoint.logicsPhysicalOffset,
    checkpointTimestampMs: config.messageIndexSafe ? checkpoint.minTimestampIndex() : checkpoint.minTimestamp(),
    maxPhyOffsetOfQueues: () => table.maxPhyOffset(),
  })
  if (!wasClosed) {
    table.truncateFrom(start.phyOffset)
    // The last message in it may lack keys: those that went to a next file which is gone.
    input.index?.truncateFrom(start.phyOffset)
  }
  const confirmedOffset = config.enableControllerMode ? confirmedIn(input, start.phyOffset) : Number.POSITIVE_INFINITY
  let dispatchedOffset = start.phyOffset
  const end = scanner.scan(start.phyOffset, (record, bytes, phyOffset) => {
    if (phyOffset + record.sizeBytes > confirmedOffset) return
    if (!input.dispatcher.dispatchRecord(record, bytes, phyOffset)) {
      throw new Error(`recovery cannot write the consume queues: ${config.storePathConsumeQueue} is full or fails`)
    }
    dispatchedOffset = phyOffset + record.sizeBytes
  })
  // What will be written at these offsets is not what the checkpoint speaks of.
  if (checkpoint.logicsPhysicalOffset >= end.endOffset) checkpoint.clear()
  cutLog(input.disk, files, end, cutFolder(config), reporter)
  // After a kill the bytes are there, but only in the system's cache.
  log.recoveredTo(end.endOffset, wasClosed ? end.endOffset : start.phyOffset)
  if (!wasClosed) {
    // The last file may have been made by a process that died before it could sync its name.
    files.syncFolder()
    log.flushNow()
  }
  if (wasClosed && end.kind !== 'clean') table.truncateFrom(end.endOffset)
  // Later messages must not seem indexed already.
  input.index?.truncateFrom(end.endOffset)
  table.correctMinOffset(log.minOffset)
  if (config.enableControllerMode) noteConfirmed(checkpoint, Math.min(confirmedOffset, end.endOffset))
  else dispatchedOffset = end.endOffset
  reporter.info(
    `store recovered after ${wasClosed ? 'a clean' : 'an unclean'} stop: read ${end.recordCount} messages from offset ` +
      `${start.phyOffset} (${start.reason}); the commit log ends at ${end.endOffset}`,
  )
  const { endOffset, recordCount, kind } = end
  return { fromOffset: start.phyOffset, endOffset, recordCount, kind, dispatchedOffset }
}

/**
 * Up to where a store in controller mode showed its messages. What lies behind stays in the log, unseen, until a master
 * confirms it or takes it back. A store that was never in that mode showed all it had.
 */
function confirmedIn({ checkpoint, table, wasClosed }: RecoveryInput, fromOffset: number): number {
  const { confirmPhyOffset } = checkpoint
  const shownOffset = confirmPhyOffset === 0 && wasClosed ? table.maxPhyOffset() : confirmPhyOffset
  return Math.max(shownOffset, fromOffset)
}

/** What comes to stand where confirmed messages were lost is not confirmed. */
function noteConfirmed(checkpoint: StoreCheckpoint, confirmOffset: number): void {
  if (checkpoint.confirmPhyOffset === confirmOffset) return
  checkpoint.confirmPhyOffset = confirmOffset
  checkpoint.writeSynced()
}
