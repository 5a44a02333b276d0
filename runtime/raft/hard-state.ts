import type { EntryId } from './entry.ts'

/** Entries that this store once held (and may have acknowledged) and that damage took. */
export interface Lost {
  /** How the log ended before; undefined: not known, so that it cannot be told which candidate has everything. */
  readonly end: EntryId | undefined
  /** This node has promised nothing in this term or a later one with the damaged log. */
  readonly term: number
}

/** What a node must not forget. */
export interface HardState {
  readonly term: number
  readonly vote: string | undefined
  /** See Member.store. */
  readonly store: number
  readonly lost: Lost | undefined
}
