/** A read that may be answered once everything up to `index` is applied. */
export interface ConfirmedRead {
  readonly id: number
  readonly index: number
}

interface WaitingRead extends ConfirmedRead {
  /** Confirmed by a majority's answers to this round or a later one. */
  readonly round: number
}

/** Rounds whose start is remembered: more than are ever under way within an election timeout. */
const ROUNDS_KEPT = 128

/**
 * The leader's rounds of heartbeats. A majority that answers a round had no newer leader when the round began; so what was
 * committed here by then was all that was committed anywhere, and reads asked for before may be answered (ReadIndex).
 * The same answers give the lease: the majority has promised to elect nobody for a while from the round's beginning on.
 */
export class ReadIndex {
  #round = 0
  readonly #startedMs: { readonly round: number; readonly ms: number }[] = []
  #waiting: WaitingRead[] = []
  #confirmedRound = 0
  #confirmedMs = Number.NEGATIVE_INFINITY

  /** The last one that began. */
  get round(): number {
    return this.#round
  }

  get waitingCount(): number {
    return this.#waiting.length
  }

  /** Whether reads wait for a round that has not begun. */
  get wantsRound(): boolean {
    return this.#waiting.length > 0 && this.#waiting.at(-1)!.round > this.#round
  }

  /** When the latest round that a majority answered began. */
  get confirmedMs(): number {
    return this.#confirmedMs
  }

  ask(id: number, commit: number): void {
    this.#waiting.push({ id, index: commit, round: this.#round + 1 })
  }

  beginRound(nowMs: number): number {
    this.#round++
    this.#startedMs.push({ round: this.#round, ms: nowMs })
    if (this.#startedMs.length > ROUNDS_KEPT) this.#startedMs.shift()
    return this.#round
  }

  /** A majority has answered `round`. Returns the reads that this confirms. */
  confirm(round: number): readonly ConfirmedRead[] {
    if (round <= this.#confirmedRound) return []
    this.#confirmedRound = round
    while (this.#startedMs.length > 0 && this.#startedMs[0]!.round <= round) {
      this.#confirmedMs = this.#startedMs.shift()!.ms
    }
    const confirmed = this.#waiting.filter((read) => read.round <= round)
    if (confirmed.length > 0) this.#waiting = this.#waiting.filter((read) => read.round > round)
    return confirmed
  }
}
