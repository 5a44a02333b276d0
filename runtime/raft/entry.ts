/**
 * - `COMMAND`: for the state machine.
 * - `MEMBERSHIP`: the members from here on (membership.ts).
 * - `EMPTY`: what a leader begins its term with, so that it can commit what earlier leaders left.
 */
export const EntryKind = { COMMAND: 0, MEMBERSHIP: 1, EMPTY: 2 } as const
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind]

/** Two logs that hold the same id hold the same entries up to it (Raft's log matching property). */
export interface EntryId {
  readonly index: number
  readonly term: number
}

export interface Entry extends EntryId {
  readonly kind: EntryKind
  readonly data: Uint8Array
}

/** Before the first entry. */
export const NO_ENTRY: EntryId = { index: 0, term: 0 }

/** What an entry costs besides its data: memory, frames and files count at least this much. */
const ENTRY_OVERHEAD_BYTES = 64

export function entryBytes(entry: Entry): number {
  return ENTRY_OVERHEAD_BYTES + entry.data.length
}

/** Whether a log that ends with `one` holds everything committed that a log ending with `other` may hold. */
export function isAsUpToDate(one: EntryId, other: EntryId): boolean {
  return one.term > other.term || (one.term === other.term && one.index >= other.index)
}
