import { ConsensusError } from './consensus.ts'
import type { EntryId } from './entry.ts'

type Done = (error: ConsensusError | null, result?: unknown) => void

interface Proposal {
  readonly term: number
  readonly done: Done
}

/** Commands proposed on this node that have not been applied here. */
export class Proposals {
  readonly #waiting = new Map<number, Proposal>()

  add({ index, term }: EntryId, done: Done): void {
    this.#waiting.set(index, { term, done })
  }

  /** An entry was applied; if it is one of these, whoever proposed it gets the result. */
  applied({ index, term }: EntryId, result: unknown): void {
    const proposal = this.#waiting.get(index)
    if (proposal === undefined || proposal.term !== term) return
    this.#waiting.delete(index)
    proposal.done(null, result)
  }

  /** This node leads no more, or leads in another term: their fate is decided elsewhere. */
  failOthers(term: number | undefined, leaderId: string | undefined): void {
    for (const [index, { term: of, done }] of this.#waiting) {
      if (of === term) continue
      this.#waiting.delete(index)
      const text = `leadership of term ${of} was lost before the command was known to be committed; it may be yet`
      done(new ConsensusError('LEADERSHIP_LOST', text, leaderId))
    }
  }

  failAll(error: ConsensusError): void {
    for (const [index, { done }] of this.#waiting) {
      this.#waiting.delete(index)
      done(error)
    }
  }
}
