import assert from 'node:assert/strict'
import type { EntryId } from './entry.ts'
import { Inflights } from './inflights.ts'
import type { SnapshotInfo } from './message.ts'
import type { RaftSettings } from './raft-settings.ts'

/**
 * - `probe`: it is not known where the logs part; one append at a time asks.
 * - `replicate`: appends follow one another without waiting for answers.
 * - `snapshot`: what the follower lacks is compacted; a snapshot is on its way, nothing else is sent.
 *
 *   probe --accepted--> replicate --refused--> probe
 *     \--compacted--> snapshot --installed or given up--> probe
 */
export type ProgressState = 'probe' | 'replicate' | 'snapshot'

/** More often nobody replaces a store in one term. */
const PAST_STORES_MAX = 16

export interface SnapshotTransfer {
  readonly info: SnapshotInfo
  /** The follower has the bytes before it. */
  offset: number
}

/** What a leader knows of one member. */
export class Progress {
  state: ProgressState = 'probe'
  /** The follower's log is ours up to here. */
  match = 0
  /** The next entry to send. */
  next: number
  /** Highest commit index sent to it. */
  sentCommit = 0
  /** Sent what may be sent; an answer, or that to a heartbeat, makes it go on. */
  isPaused = false
  /** An append is due although there may be nothing new: the last one may have been lost. */
  isProbeDue = true
  /** Heard of since the quorum was last checked. */
  isActive = false
  /** Last round of heartbeats that it answered. */
  round = 0
  /** Store that its last message came from; undefined: not heard of yet. */
  store: number | undefined
  /** Stores it had before; each of them was replaced. */
  readonly #pastStores = new Set<number>()
  transfer: SnapshotTransfer | undefined
  readonly inflights: Inflights

  constructor(settings: RaftSettings, next: number) {
    this.next = next
    this.inflights = new Inflights(settings.inflightMaxMessages, settings.inflightMaxBytes)
  }

  /**
   * Whether a message of this store left before the store was replaced: it comes late. A former store that is put back is
   * believed once the present one is not heard any more.
   */
  isPast(store: number): boolean {
    return this.isActive && this.#pastStores.has(store)
  }

  /** Something came from the member. Another store knows nothing of what the former one acknowledged. */
  heardFrom(store: number): void {
    this.isActive = true
    if (this.store === store) return
    if (this.store !== undefined) {
      if (this.#pastStores.size >= PAST_STORES_MAX) this.#pastStores.clear()
      this.#pastStores.add(this.store)
      this.#pastStores.delete(store)
      this.match = 0
      this.round = 0
      this.becomeProbe(this.next)
    }
    this.store = store
  }

  /** An append was accepted up to `index`; returns whether that is news. */
  accepted(index: number): boolean {
    const isNews = index > this.match
    if (isNews) {
      this.match = index
      this.next = Math.max(this.next, index + 1)
    }
    this.inflights.freeTo(index)
    if (this.state === 'probe' && index >= this.match) this.#becomeReplicate()
    else if (this.state === 'snapshot' && this.transfer!.info.index <= this.match) this.becomeProbe(this.match + 1)
    if (this.state !== 'snapshot') this.isPaused = false
    return isNews
  }

  /** An append behind `refused` did not fit; the logs may be the same up to `hint`. Returns whether that is news. */
  refused(refused: number, hint: EntryId): boolean {
    if (this.state === 'snapshot' || refused <= this.match) return false
    // While probing only one question is open; an answer to any other is late.
    if (this.state === 'probe' && refused !== this.next - 1) return false
    this.becomeProbe(Math.max(this.match, Math.min(refused - 1, hint.index)) + 1)
    return true
  }

  /** `count` entries up to `last` are on their way. */
  sentEntries(count: number, last: number, bytes: number): void {
    assert(this.state !== 'snapshot', 'no entries are sent while a snapshot is')
    this.isProbeDue = false
    if (this.state === 'probe') {
      this.isPaused = true
      return
    }
    if (count === 0) return
    this.next = last + 1
    this.inflights.add(last, bytes)
    this.isPaused = this.inflights.isFull
  }

  becomeProbe(next: number): void {
    this.#enter('probe', next)
    this.isProbeDue = true
  }

  becomeSnapshot(info: SnapshotInfo): void {
    this.#enter('snapshot', info.index + 1)
    this.transfer = { info, offset: 0 }
  }

  /** A heartbeat was answered: what was sent before it has arrived or is lost. */
  resume(lastIndex: number): void {
    if (this.state === 'replicate' && this.match === lastIndex) return
    this.isPaused = false
    if (this.state !== 'snapshot') this.isProbeDue = true
  }

  toString(): string {
    const marks = [
      this.isPaused ? ' paused' : '',
      this.transfer ? ` snapshot=${this.transfer.info.index}@${this.transfer.offset}` : '',
      this.isActive ? '' : ' inactive',
      this.inflights.count > 0 ? ` inflight=${this.inflights.count}${this.inflights.isFull ? '(full)' : ''}` : '',
    ]
    return `${this.state} match=${this.match} next=${this.next}${marks.join('')}`
  }

  #becomeReplicate(): void {
    this.#enter('replicate', this.match + 1)
  }

  #enter(state: ProgressState, next: number): void {
    this.state = state
    this.next = next
    this.isPaused = false
    this.isProbeDue = false
    this.transfer = undefined
    this.sentCommit = Math.min(this.sentCommit, next - 1)
    this.inflights.clear()
  }
}
