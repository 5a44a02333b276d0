import type { Entry, EntryId } from '../entry.ts'
import type { Mark } from './durable-mark.ts'
import type { Segment } from './log-files.ts'
import type { LogRecord } from './log-record.ts'
import { replayLog } from './log-replay.ts'
import type { Hole, LogScan } from './log-scan.ts'

/** What a log that may be cut or damaged still says. */
export interface RecoveredLog {
  readonly entries: readonly Entry[]
  readonly commit: number
  /** The bytes from here on were being written when the power went, and are to be cut; undefined: none were. */
  readonly torn: Hole | undefined
  /** Bytes that had been durable and are no records any more. */
  readonly damage: readonly Hole[]
  /** Damage took entries that are not held anywhere else here. */
  readonly isLost: boolean
  /** How the log ended when it was whole; undefined: not known. */
  readonly end: EntryId | undefined
  /** Where records end, without what is torn. */
  readonly position: number
  readonly segments: readonly Segment[]
}

/**
 * Tells damage from a torn end (docs/decisions/0008-damaged-raft-log.md). A hole before a position of which it is written
 * somewhere that everything before it was durable is damage. Any other was being written when the power went: nobody was
 * ever told that it is there, nor what follows it.
 */
export function recoverLog(
  scan: LogScan,
  starts: readonly number[],
  mark: Mark | undefined,
  snapshot: EntryId,
  folder: string,
): RecoveredLog {
  const provenTo = scan.records.reduce((most, { durable }) => Math.max(most, durable), mark?.position ?? 0)
  const torn = scan.holes.find(({ position }) => position >= provenTo)
  const position = torn?.position ?? scan.end
  const records = scan.records.filter((record) => record.position < position)
  const damage = [...scan.holes.filter((hole) => hole.position < provenTo), ...missingEnd(scan, provenTo, folder)]
  const { entries, commit, end, isBroken } = replayLog(records, snapshot)
  const found = { entries, commit, torn, position, segments: segmentsOf(starts, records) }
  // Without the mark it cannot be told whether a torn end, or all that was there, had been durable.
  if (mark === undefined && (torn !== undefined || records.length === 0)) {
    return { ...found, damage: [...damage, torn ?? noMark(folder)], isLost: true, end: undefined }
  }
  const lastRecord = records.at(-1)
  const isMarkLater =
    mark !== undefined && mark.position > (lastRecord ? lastRecord.position + lastRecord.sizeBytes : 0)
  const whole = isMarkLater && isBeyond(mark.id, snapshot) ? mark.id : end
  const last = entries.at(-1) ?? snapshot
  const isLost = isBroken || whole.index !== last.index || whole.term !== last.term
  return { ...found, damage: isLost && damage.length === 0 ? [gapAt(records, folder)] : damage, isLost, end: whole }
}

/** The file may end before what is known to have been durable. */
function missingEnd(scan: LogScan, provenTo: number, folder: string): Hole[] {
  if (scan.end >= provenTo) return []
  const reason = `the log ends at position ${scan.end}; it was durable up to ${provenTo}`
  return [{ position: scan.end, file: folder, byte: scan.end, reason, isBlank: false }]
}

function noMark(folder: string): Hole {
  return { position: 0, file: folder, byte: 0, reason: 'the log is empty and its mark is damaged', isBlank: false }
}

/** No bytes are bad, but the first records or the snapshot before them are gone. */
function gapAt(records: readonly LogRecord[], folder: string): Hole {
  const first = records[0]
  const reason = `the log begins with entry ${first?.id.index}; nothing holds what is before it`
  return { position: first?.position ?? 0, file: folder, byte: first?.position ?? 0, reason, isBlank: false }
}

function isBeyond(one: EntryId, other: EntryId): boolean {
  return one.term > other.term || (one.term === other.term && one.index > other.index)
}

function segmentsOf(starts: readonly number[], records: readonly LogRecord[]): Segment[] {
  return starts.flatMap((start, i) => {
    const end = starts[i + 1] ?? Number.MAX_SAFE_INTEGER
    const first = records.find(({ position }) => position >= start && position < end)
    if (first === undefined) return []
    return [{ start, firstIndex: first.entry ? first.id.index : first.id.index + 1 }]
  })
}
