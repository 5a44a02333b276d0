import assert from 'node:assert/strict'
import { type Entry, entryBytes } from './entry.ts'
import type { MessageOf, SnapshotInfo } from './message.ts'
import type { NodeState } from './node-state.ts'
import type { Progress } from './progress.ts'

/** Sends a member what it lacks, as much as may be under way: entries, or the snapshot when they are compacted. */
export class Replicator {
  readonly #state: NodeState
  readonly #id: string
  readonly #progress: Progress

  constructor(state: NodeState, id: string, progress: Progress) {
    this.#state = state
    this.#id = id
    this.#progress = progress
  }

  flush(): void {
    const { log } = this.#state
    const progress = this.#progress
    while (!progress.isPaused && progress.state !== 'snapshot') {
      const previousTerm = log.termAt(progress.next - 1)
      if (previousTerm === undefined) {
        if (!this.#beginSnapshot()) return
        break
      }
      const entries = this.#sendable()
      if (entries.length === 0 && !this.#hasNews) return
      this.#append({ index: progress.next - 1, term: previousTerm }, entries)
    }
    if (progress.state === 'snapshot' && !progress.isPaused) this.#sendPiece()
  }

  answered({ index, offset, isDamaged }: MessageOf<'snapshotAnswer'>): void {
    const { transfer } = this.#progress
    if (transfer?.info.index !== index) return
    transfer.offset = Math.min(offset, transfer.info.totalBytes)
    // Damaged bytes are not sent again before the next heartbeat: a new snapshot is asked for meanwhile.
    if (isDamaged) this.#state.isSnapshotDamaged = true
    else this.#progress.isPaused = false
  }

  /** A follower that is probed, or did not answer, is asked again; one in step is told of what is newly committed. */
  get #hasNews(): boolean {
    const { isProbeDue, state, sentCommit, next } = this.#progress
    return isProbeDue || (state === 'replicate' && this.#state.log.commit > sentCommit && sentCommit < next - 1)
  }

  #sendable(): readonly Entry[] {
    const { state, next, inflights, isProbeDue } = this.#progress
    if (state === 'probe' ? !isProbeDue : inflights.isFull) return []
    return this.#state.log.slice(next, this.#state.settings.appendMaxBytes)
  }

  #append(previous: { index: number; term: number }, entries: readonly Entry[]): void {
    const { term, log } = this.#state
    this.#state.send({ kind: 'append', to: this.#id, term, previous, entries, commit: log.commit })
    this.#progress.sentCommit = log.commit
    const bytes = entries.reduce((total, entry) => total + entryBytes(entry), 0)
    this.#progress.sentEntries(entries.length, previous.index + entries.length, bytes)
  }

  /** Only to a member that answers: its bytes would be for nothing otherwise. */
  #beginSnapshot(): boolean {
    if (!this.#progress.isActive) return false
    const info = this.#latest()
    this.#progress.becomeSnapshot(info)
    this.#state.trace(`sends ${this.#id} the snapshot at ${info.index}`)
    return true
  }

  #latest(): SnapshotInfo {
    const info = this.#state.snapshots.latest()
    assert(info !== undefined && info.index >= this.#state.log.base.index, 'a snapshot covers what is compacted')
    return info
  }

  #sendPiece(): void {
    const { term, settings, snapshots } = this.#state
    if (this.#progress.transfer!.offset === 0) this.#progress.becomeSnapshot(this.#latest())
    const { info, offset } = this.#progress.transfer!
    const bytes = snapshots.read(info.index, offset, Math.min(settings.snapshotPieceBytes, info.totalBytes - offset))
    if (bytes === undefined) {
      // A newer one has taken its place.
      this.#progress.becomeSnapshot(this.#latest())
      this.#sendPiece()
      return
    }
    this.#progress.isPaused = true
    this.#state.send({ kind: 'snapshotPiece', to: this.#id, term, info, offset, bytes })
  }
}
