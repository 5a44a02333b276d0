/** Rests on the master's log up to `logEnd`, a commit log offset. */
export interface Reported {
  readonly logEnd: number
}

/**
 * What a slave was told by its master and cannot go by yet, of offsets or of timers: it rests on the master's log up to `logEnd`,
 * which may still be taken back before it has come here.
 */
export class MastersReport<T extends Reported> {
  #told: T | undefined

  /** @param shownOffset what this slave's log shows. Returns false for what is to be told again. */
  learn(report: T, shownOffset = 0): boolean {
    // What it was told before comes into force first: while the master is busy its log is always a little ahead. Of a log that
    // went back since, after a power cut, other bytes may have come to where it ended.
    const isBack = this.#told !== undefined && report.logEnd < this.#told.logEnd
    if (this.#told !== undefined && !isBack && report.logEnd > shownOffset) return false
    this.#told = report
    return true
  }

  /** Takes what has come into force with what the log shows. */
  take(shownOffset: number): T | undefined {
    const told = this.#told
    if (told === undefined || told.logEnd > shownOffset) return undefined
    this.#told = undefined
    return told
  }

  /** There is another master, or a new term: where a former log ended says nothing about the present one. */
  forget(): void {
    this.#told = undefined
  }
}
