import type { SegmentFiles } from '../commit-log/segment-files.ts'
import type { LogScanner } from './log-scanner.ts'

/** What is known of the store before the log is looked at. */
export interface RecoveryHints {
  /** Whether the last process closed the store in order. */
  readonly wasClosed: boolean
  /** Start of a record up to which consume queues and index are durable; 0 if unknown (written since 5.4). */
  readonly checkpointPhyOffset: number
  /** Without any, everything is to be dispatched: removing them is how operators have them made again. */
  readonly hasQueues: boolean
  /** Time up to which commit log and consume queues (and index, with messageIndexSafe) are durable. */
  readonly checkpointTimestampMs: number
  /** End of the last message any consume queue knows, -1 without; costs a look at every queue. */
  maxPhyOffsetOfQueues(): number
}

/** Where the scan of the log starts, and why. What lies before is taken to be intact and dispatched. */
export interface StartPoint {
  readonly phyOffset: number
  readonly reason: string
}

/**
 * Apache RocketMQ goes back to the start of a file. Here the checkpoint's position is used as it stands, so that the work
 * is that of what was not yet durable; a file's start, found by its first record's time, is the fallback.
 */
export function findStartPoint(files: SegmentFiles, scanner: LogScanner, hints: RecoveryHints): StartPoint {
  const first = files.starts[0]!
  const { checkpointPhyOffset } = hints
  if (!hints.hasQueues) return { phyOffset: first, reason: 'no consume queue: everything is dispatched' }
  if (checkpointPhyOffset > first && scanner.recordAt(checkpointPhyOffset) !== undefined) {
    return { phyOffset: checkpointPhyOffset, reason: 'position of the checkpoint' }
  }
  if (hints.wasClosed) {
    const end = hints.maxPhyOffsetOfQueues()
    if (end < 0) return { phyOffset: first, reason: 'no consume queue: everything is dispatched' }
    const inLog = files.has(files.startOf(end)) ? end : files.starts.at(-1)!
    if (inLog >= first && scanner.recordAt(inLog) !== undefined)
      return { phyOffset: inLog, reason: 'end of the queues' }
    return startOfFileBelow(files, scanner, end)
  }
  return startOfFileByTime(files, scanner, hints)
}

function startOfFileBelow(files: SegmentFiles, scanner: LogScanner, end: number): StartPoint {
  for (let i = files.starts.length - 1; i > 0; i--) {
    const start = files.starts[i]!
    if (start <= end && scanner.recordAt(start) !== undefined)
      return { phyOffset: start, reason: 'file of the queues end' }
  }
  return { phyOffset: files.starts[0]!, reason: 'first file' }
}

/**
 * The last file whose first record was durable by then: Java's rule for stores whose checkpoint has no position. Java looks back
 * no more than commitLogRecoverMaxNum files, and leaves queues without the messages before them. A file behind the position, if
 * there is one, is never taken: a clock that was set back has dated it early.
 */
function startOfFileByTime(files: SegmentFiles, scanner: LogScanner, hints: RecoveryHints): StartPoint {
  for (let i = files.starts.length - 1; i > 0; i--) {
    const start = files.starts[i]!
    if (hints.checkpointPhyOffset > 0 && start > hints.checkpointPhyOffset) continue
    const record = scanner.recordAt(start)
    const isDurable =
      record !== undefined && record.storeTimestampMs > 0 && record.storeTimestampMs <= hints.checkpointTimestampMs
    if (isDurable) return { phyOffset: start, reason: 'file older than the checkpoint' }
  }
  return { phyOffset: files.starts[0]!, reason: 'first file' }
}
