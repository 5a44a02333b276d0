import type { HalfProgress } from './half-progress.ts'

/** What became of a half message in this batch. */
export interface Outcome {
  readonly kind: 'ended' | 'copied' | 'aside'
  readonly halfOffset: number
  /** Where the message it was committed to, its copy or what was put aside ends in the log; 0 when there is none. */
  readonly endOffset: number
  /** For which one transaction less is under way; undefined when there are as many as before. */
  readonly countedIn: string | undefined
}

export interface BatchOutcomesParts {
  /** The half message's op message is to be staged. */
  readonly addOp: (halfOffset: number) => void
  /** So many transactions more are under way. */
  readonly count: (topic: string, change: number) => void
}

/** What happened to transactions since the log was last written, to be taken back where the log does not get it. */
export class BatchOutcomes {
  readonly #parts: BatchOutcomesParts
  #outcomes: Outcome[] = []

  constructor(parts: BatchOutcomesParts) {
    this.#parts = parts
  }

  note(outcome: Outcome): void {
    this.#outcomes.push(outcome)
    if (outcome.countedIn !== undefined) this.#parts.count(outcome.countedIn, -1)
  }

  /** They are in the log, or known to nobody any more. */
  clear(): void {
    if (this.#outcomes.length > 0) this.#outcomes = []
  }

  /** The log was not written beyond `writtenOffset`. */
  lost(writtenOffset: number, progress: HalfProgress): void {
    const outcomes = this.#outcomes
    const isLost = ({ endOffset }: Outcome) => endOffset === 0 || endOffset > writtenOffset
    // The last one first: of a message that was copied and then ended, it is the copy that has not ended.
    for (const outcome of outcomes.filter(isLost).reverse()) this.#undo(outcome, progress)
    this.#outcomes = outcomes.filter((outcome) => !isLost(outcome))
    for (const outcome of this.#outcomes) this.#nameAgain(outcome, progress)
  }

  /** What it became got into the log with an earlier part of the turn: only the op message is missing. */
  #nameAgain({ kind, halfOffset }: Outcome, progress: HalfProgress): void {
    this.#parts.addOp(kind === 'ended' ? progress.end(halfOffset) : halfOffset)
  }

  #undo({ kind, halfOffset, countedIn }: Outcome, progress: HalfProgress): void {
    if (kind === 'ended') progress.unend(halfOffset)
    else if (kind === 'copied') progress.uncopied(halfOffset)
    else progress.unputAside(halfOffset)
    if (countedIn !== undefined) this.#parts.count(countedIn, 1)
  }
}
