import type { ConsensusError } from './consensus.ts'
import type { ConfirmedRead } from './read-index.ts'

type Done = (error: ConsensusError | null) => void

/** Reads asked for on this node: first to be confirmed, then to be answered when enough is applied. */
export class Reads {
  #nextId = 1
  readonly #asked = new Map<number, Done>()
  #confirmed: { readonly index: number; readonly done: Done }[] = []

  /** Returns the id by which it will be confirmed. */
  add(done: Done): number {
    this.#asked.set(this.#nextId, done)
    return this.#nextId++
  }

  /** It was refused at once. */
  remove(id: number): void {
    this.#asked.delete(id)
  }

  confirm(reads: readonly ConfirmedRead[]): void {
    for (const { id, index } of reads) {
      const done = this.#asked.get(id)
      if (done === undefined) continue
      this.#asked.delete(id)
      this.#confirmed.push({ index, done })
    }
  }

  applied(index: number): void {
    const ready = this.#confirmed.filter((read) => read.index <= index)
    if (ready.length === 0) return
    this.#confirmed = this.#confirmed.filter((read) => read.index > index)
    for (const { done } of ready) done(null)
  }

  /** Whether any waits to be confirmed. */
  get hasAsked(): boolean {
    return this.#asked.size > 0
  }

  /** Leadership is lost. What was confirmed before stays right, as soon as it is applied. */
  failAsked(error: ConsensusError): void {
    for (const [id, done] of this.#asked) {
      this.#asked.delete(id)
      done(error)
    }
  }

  failAll(error: ConsensusError): void {
    this.failAsked(error)
    for (const { done } of this.#confirmed.splice(0)) done(error)
  }
}
