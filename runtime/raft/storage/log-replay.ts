import type { Entry, EntryId } from '../entry.ts'
import type { LogRecord } from './log-record.ts'

/** Entries that follow one another without a gap. */
interface Run {
  /** The entry before the first. */
  base: EntryId
  entries: Entry[]
  /** The highest commit index that a record of the run knew of. */
  commit: number
}

/** What a log says when its records are read in order, behind a snapshot (or behind nothing). */
export interface ReplayedLog {
  /** Behind the snapshot, without a gap. */
  readonly entries: readonly Entry[]
  readonly commit: number
  /** The last entry that any record tells of. */
  readonly end: EntryId
  /** Entries between the snapshot (or the beginning) and what stands at the end are missing. */
  readonly isBroken: boolean
}

/**
 * Every record names the entry before it, so that what stands behind a hole is joined only to what it really followed:
 * the hole may have held entries that replaced what stands before it.
 */
export function replayLog(records: readonly LogRecord[], snapshot: EntryId): ReplayedLog {
  const runs: Run[] = []
  for (const { id, entry, previousTerm, commit } of records) {
    const run = runs.at(-1)
    const base = entry ? { index: id.index - 1, term: previousTerm } : id
    if (run === undefined || !entry || !follows(run, base)) {
      runs.push({ base, entries: entry ? [entry] : [], commit })
      continue
    }
    run.entries.length = base.index - run.base.index
    run.entries.push(entry)
    run.commit = Math.max(run.commit, commit)
  }
  const last = runs.at(-1)
  const end = later(snapshot, last ? endOf(last) : snapshot)
  if (last === undefined || isCovered(last, snapshot)) return { ...behind(snapshot, last), end, isBroken: false }
  const intact = runs.findLast((run) => isCovered(run, snapshot))
  return { ...behind(snapshot, intact), end, isBroken: true }
}

function endOf({ base, entries }: Run): EntryId {
  const { index, term } = entries.at(-1) ?? base
  return { index, term }
}

function later(one: EntryId, other: EntryId): EntryId {
  return other.term > one.term || (other.term === one.term && other.index > one.index) ? other : one
}

function termAt({ base, entries }: Run, index: number): number | undefined {
  return index === base.index ? base.term : entries[index - base.index - 1]?.term
}

function follows(run: Run, id: EntryId): boolean {
  return termAt(run, id.index) === id.term
}

/** The snapshot reaches to the run or beyond it: nothing is missing in between. */
function isCovered(run: Run, snapshot: EntryId): boolean {
  return run.base.index <= snapshot.index
}

/** A run that the snapshot does not continue (it replaced other entries) is of no use. */
function behind(snapshot: EntryId, run: Run | undefined): { entries: readonly Entry[]; commit: number } {
  if (run === undefined || !follows(run, snapshot)) return { entries: [], commit: snapshot.index }
  const entries = run.entries.slice(snapshot.index - run.base.index)
  const last = entries.at(-1)?.index ?? snapshot.index
  return { entries, commit: Math.max(snapshot.index, Math.min(run.commit, last)) }
}
