import assert from 'node:assert/strict'
import { type Entry, type EntryId, EntryKind, entryBytes } from './entry.ts'
import { type Membership, readMembership } from './membership.ts'
import { ByteReader } from './wire/byte-reader.ts'

interface MembershipAt {
  readonly index: number
  readonly membership: Membership
}

/** Entries handed out to be written: durable up to `last` once write `number` is. */
interface Issued {
  readonly number: number
  last: number
}

/**
 * The log of one node in memory: what follows the last compaction. All of it is here, so nothing is read from disk while
 * the node runs; snapshots bound it.
 *
 *   base      commit          stable        issued          last
 *   |---------|---------------|-------------|---------------|
 *   compacted                 durable here  being written   not yet handed out
 */
export class RaftLog {
  #base: EntryId
  #entries: Entry[] = []
  #bytes = 0
  #unappliedBytes = 0
  #commit: number
  #applied: number
  #stable: number
  #issuedTo: number
  readonly #issued: Issued[] = []
  /** Ascending; the first is the one at the base. */
  readonly #memberships: MembershipAt[]

  /** `entries` are durable; `commit` is what is known of it, at least the base. */
  constructor(base: EntryId, membership: Membership, entries: readonly Entry[], commit: number) {
    this.#base = base
    this.#memberships = [{ index: base.index, membership }]
    this.#commit = base.index
    this.#applied = base.index
    this.#stable = base.index
    this.#issuedTo = base.index
    if (entries.length > 0) this.append(entries)
    this.#stable = this.lastIndex
    this.#issuedTo = this.lastIndex
    this.commitTo(Math.max(base.index, Math.min(commit, this.lastIndex)))
  }

  /** The entry before the first one that is kept. */
  get base(): EntryId {
    return this.#base
  }

  get lastIndex(): number {
    return this.#base.index + this.#entries.length
  }

  get last(): EntryId {
    const { index, term } = this.#entries.at(-1) ?? this.#base
    return { index, term }
  }

  get commit(): number {
    return this.#commit
  }

  get applied(): number {
    return this.#applied
  }

  /** Durable here up to this index. */
  get stable(): number {
    return this.#stable
  }

  get bytes(): number {
    return this.#bytes
  }

  get unappliedBytes(): number {
    return this.#unappliedBytes
  }

  /** The membership in force: the last one in the log. */
  get membership(): Membership {
    return this.#memberships.at(-1)!.membership
  }

  get membershipIndex(): number {
    return this.#memberships.at(-1)!.index
  }

  membershipAt(index: number): Membership {
    assert(index >= this.#memberships[0]!.index, `the membership at ${index} is compacted`)
    return this.#memberships.findLast((at) => at.index <= index)!.membership
  }

  /** Undefined when the entry is compacted or not there. */
  termAt(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.term
    return this.#entries[index - this.#base.index - 1]?.term
  }

  has(id: EntryId): boolean {
    return this.termAt(id.index) === id.term
  }

  /** From `first` on: as many as fit, but one at least if there is one. */
  slice(first: number, maxBytes: number): readonly Entry[] {
    assert(first > this.#base.index, `entry ${first} is compacted`)
    const start = first - this.#base.index - 1
    let end = start
    for (let bytes = 0; end < this.#entries.length; end++) {
      bytes += entryBytes(this.#entries[end]!)
      if (bytes > maxBytes && end > start) break
    }
    return this.#entries.slice(start, end)
  }

  /** The first of the entries that end with `last`, so many and so many bytes of them at most; `last + 1` for none. */
  firstWithin(last: number, maxEntries: number, maxBytes: number): number {
    let first = last + 1
    for (let bytes = 0; first - 1 > this.#base.index && last - first + 1 < maxEntries; first--) {
      bytes += entryBytes(this.#entries[first - 2 - this.#base.index]!)
      if (bytes > maxBytes) break
    }
    return first
  }

  /** Appends; what stands at the same indexes and behind them goes. */
  append(entries: readonly Entry[]): void {
    const first = entries[0]!.index
    assert(first > this.#commit, `entry ${first} is committed and never replaced`)
    assert(first <= this.lastIndex + 1, `entry ${first} would leave a gap behind ${this.lastIndex}`)
    this.#truncate(first)
    for (const entry of entries) {
      assert(entry.index === this.lastIndex + 1, `entry ${entry.index} does not follow ${this.lastIndex}`)
      assert(entry.term >= this.last.term, `term ${entry.term} of entry ${entry.index} is below ${this.last.term}`)
      this.#entries.push(entry)
      this.#bytes += entryBytes(entry)
      this.#unappliedBytes += entryBytes(entry)
      if (entry.kind === EntryKind.MEMBERSHIP) {
        this.#memberships.push({ index: entry.index, membership: readMembership(new ByteReader(entry.data)) })
      }
    }
  }

  /** What a leader sent to follow `previous`. Returns the last index that is now the leader's; undefined: no such entry. */
  merge(previous: EntryId, entries: readonly Entry[]): number | undefined {
    if (!this.has(previous)) return undefined
    const firstNew = entries.findIndex((entry) => !this.has(entry))
    if (firstNew >= 0) this.append(entries.slice(firstNew))
    return previous.index + entries.length
  }

  /** The last entry up to `index` whose term is at most `term`: where two logs may be the same. Term 0: not known. */
  lastNotAfter(index: number, term: number): EntryId {
    let at = Math.min(index, this.lastIndex)
    while (at > this.#base.index && this.termAt(at)! > term) at--
    return { index: at, term: at > this.#base.index ? this.termAt(at)! : 0 }
  }

  commitTo(index: number): void {
    assert(index <= this.lastIndex, `commit ${index} is beyond the last entry ${this.lastIndex}: was the log cut?`)
    if (index > this.#commit) this.#commit = index
  }

  /** Committed, durable here and not yet applied. */
  unapplied(): readonly Entry[] {
    const end = Math.min(this.#commit, this.#stable)
    if (end <= this.#applied) return []
    return this.#entries.slice(this.#applied - this.#base.index, end - this.#base.index)
  }

  appliedTo(index: number): void {
    assert(index >= this.#applied && index <= this.#commit, `applied ${index} of ${this.#applied} to ${this.#commit}`)
    this.#unappliedBytes -= sum(this.#entries.slice(this.#applied - this.#base.index, index - this.#base.index))
    this.#applied = index
  }

  /** What is to be written as write `number`, without what was handed out before. */
  issue(number: number): readonly Entry[] {
    const entries = this.#entries.slice(this.#issuedTo - this.#base.index)
    this.#issuedTo = this.lastIndex
    if (entries.length > 0) this.#issued.push({ number, last: this.lastIndex })
    return entries
  }

  get hasUnissued(): boolean {
    return this.#issuedTo < this.lastIndex
  }

  /** Write `number` and those before it are durable. */
  durable(number: number): void {
    while (this.#issued.length > 0 && this.#issued[0]!.number <= number) {
      this.#stable = Math.max(this.#stable, this.#issued.shift()!.last)
    }
  }

  /** Forgets entries up to `index`, which a snapshot covers. */
  compact(index: number): void {
    if (index <= this.#base.index) return
    assert(index <= this.#applied, `entry ${index} is not applied yet`)
    const membership = this.membershipAt(index)
    const gone = this.#entries.splice(0, index - this.#base.index)
    this.#bytes -= sum(gone)
    this.#base = { index, term: gone.at(-1)!.term }
    const later = this.#memberships.filter((at) => at.index > index)
    this.#memberships.splice(0, this.#memberships.length, { index, membership }, ...later)
  }

  /** Begins anew behind a snapshot. */
  restore(id: EntryId, membership: Membership): void {
    assert(id.index > this.#commit, `a snapshot at ${id.index} does not replace what is committed to ${this.#commit}`)
    this.#base = { index: id.index, term: id.term }
    this.#entries = []
    this.#bytes = 0
    this.#unappliedBytes = 0
    this.#issued.length = 0
    this.#memberships.splice(0, this.#memberships.length, { index: id.index, membership })
    this.#commit = this.#applied = this.#stable = this.#issuedTo = id.index
  }

  /**
   * A write that is under way may still end well, but what it wrote is replaced by a later one: only what stays counts
   * as durable when it ends.
   */
  #truncate(first: number): void {
    const gone = this.#entries.splice(first - this.#base.index - 1)
    if (gone.length === 0) return
    this.#bytes -= sum(gone)
    this.#unappliedBytes -= sum(gone)
    this.#stable = Math.min(this.#stable, first - 1)
    this.#issuedTo = Math.min(this.#issuedTo, first - 1)
    for (const issued of this.#issued) issued.last = Math.min(issued.last, first - 1)
    while (this.membershipIndex >= first) this.#memberships.pop()
  }
}

function sum(entries: readonly Entry[]): number {
  return entries.reduce((bytes, entry) => bytes + entryBytes(entry), 0)
}
