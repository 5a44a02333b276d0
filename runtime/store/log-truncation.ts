import { cutFolder, keepTakenBack } from './cut-folder.ts'
import type { LogReader } from './log-reader.ts'
import type { StoreParts } from './store-parts.ts'

/**
 * Takes messages back, from the log and from everything derived from it. A crash in the middle leaves the old log up to
 * some point, never the new end with old messages behind it (apache/rocketmq#10666). The order:
 *
 *   1. the checkpoint, durable: recovery may not start behind the cut, nor take times from messages that are gone
 *   2. consume queues and index, not durable: recovery drops what they hold from its starting point on
 *   3. the log, durable: files from the last to the first, then the rest of the file of the cut reads as zeros
 */
export class LogTruncation {
  readonly #parts: StoreParts
  readonly #reader: LogReader
  /** Whether queues found on disk may hold more than what counts as dispatched: they were written before controller mode. */
  #mayQueuesBeAhead: boolean

  constructor(parts: StoreParts, reader: LogReader) {
    this.#parts = parts
    this.#reader = reader
    this.#mayQueuesBeAhead = parts.wasClosed
  }

  /** `phyOffset` is the start of a message, or where the log begins. If that throws it can be tried again. */
  truncateTo(phyOffset: number): void {
    const { log, intake } = this.#parts
    if (phyOffset >= log.writtenOffset) return
    if (phyOffset !== log.minOffset && phyOffset !== intake.borderOffset && !this.#reader.isBorder(phyOffset)) {
      throw new Error(`cannot cut the commit log at offset ${phyOffset}: no message starts there`)
    }
    this.#keepCopy(phyOffset)
    this.#lowerCheckpoint(phyOffset)
    this.#cutDerived(phyOffset)
    log.truncateTo(phyOffset)
    intake.cutTo(phyOffset)
  }

  /** Drops the whole log: what comes next may begin at any file's start. If that throws it can be tried again. */
  discardAll(): void {
    const { log, intake, checkpoint, dispatchFlush } = this.#parts
    checkpoint.clear()
    this.#mayQueuesBeAhead = true
    this.#cutDerived(0)
    // The new log may begin behind messages of the old one: recovery would take their units for such that have expired.
    dispatchFlush.flushNow()
    log.clear()
    intake.cutTo(0)
  }

  /** The beginning of a message that is not there as a whole is worth nothing. */
  #keepCopy(phyOffset: number): void {
    const { log, intake, options } = this.#parts
    const { disk, config, reporter } = options
    const end = intake.borderOffset
    if (phyOffset < end) keepTakenBack(disk, log.files, phyOffset, end, cutFolder(config), reporter)
  }

  #lowerCheckpoint(phyOffset: number): void {
    const { checkpoint, log } = this.#parts
    // The start of a file is that of a record; without a position recovery goes by the times of the files' first records.
    const fileStart = log.files.startOf(Math.max(phyOffset - 1, log.minOffset))
    const timestampMs = fileStart < phyOffset ? Math.max(this.#reader.storeTimeOf(fileStart), 0) : 0
    if (checkpoint.logicsPhysicalOffset >= phyOffset) {
      const isPosition = fileStart > log.minOffset && fileStart < phyOffset
      checkpoint.noteLogics(isPosition ? fileStart : 0, checkpoint.logicsMsgTimestamp)
    }
    checkpoint.physicMsgTimestamp = Math.min(checkpoint.physicMsgTimestamp, timestampMs)
    checkpoint.logicsMsgTimestamp = Math.min(checkpoint.logicsMsgTimestamp, timestampMs)
    checkpoint.indexMsgTimestamp = Math.min(checkpoint.indexMsgTimestamp, timestampMs)
    checkpoint.confirmPhyOffset = Math.min(checkpoint.confirmPhyOffset, phyOffset)
    checkpoint.writeSynced()
  }

  #cutDerived(phyOffset: number): void {
    const { intake, dispatcher, dispatchFlush, upkeep, table, index } = this.#parts
    upkeep.forgetAsked()
    if (phyOffset >= intake.dispatchedOffset && !this.#mayQueuesBeAhead) return
    dispatchFlush.forgetDispatched()
    dispatcher.lastPhyOffset = -1
    dispatcher.lastStoreTimestampMs = 0
    // Were this to fail half way, what is missing would be dispatched again.
    intake.dispatchedOffset = Math.min(intake.dispatchedOffset, phyOffset)
    table.truncateFrom(phyOffset)
    index?.truncateFrom(phyOffset)
    this.#mayQueuesBeAhead = false
  }
}
