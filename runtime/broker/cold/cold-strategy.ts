/** Whether limits of groups are to change at the end of a round. */
export interface ColdStrategy {
  /** A round ends in which all groups together have read so many cold bytes. */
  collect(globalBytes: number): void
  /** Whether the limit of a group that has reached it may grow. */
  readonly promotes: boolean
  /** Whether limits that have grown are to shrink. */
  readonly decelerates: boolean
}

/** Grow as long as all together read no more than they may (SimpleColdCtrStrategy). */
export class SimpleColdStrategy implements ColdStrategy {
  readonly promotes = true
  readonly #globalMax: () => number
  #globalBytes = 0

  constructor(globalMax: () => number) {
    this.#globalMax = globalMax
  }

  collect(globalBytes: number): void {
    this.#globalBytes = globalBytes
  }

  get decelerates(): boolean {
    return this.#globalBytes > this.#globalMax()
  }
}

/** Rounds that are looked at; before so many have passed nothing changes. */
const ROUNDS = 10
const PROPORTIONAL = 0.5
const INTEGRAL = 0.3
const DIFFERENTIAL = 0.2

/** By how far the rounds were from what all together are to read, and where that goes (PIDAdaptiveColdCtrStrategy). */
export class PidColdStrategy implements ColdStrategy {
  readonly #wantedBytes: number
  /** What was left in each of the last rounds; negative when too much was read. Bytes. */
  readonly #errors: number[] = []

  constructor(wantedBytes: number) {
    this.#wantedBytes = wantedBytes
  }

  collect(globalBytes: number): void {
    this.#errors.push(this.#wantedBytes - globalBytes)
    if (this.#errors.length > ROUNDS) this.#errors.shift()
  }

  get promotes(): boolean {
    return this.#factor > 0
  }

  get decelerates(): boolean {
    return this.#factor < 0
  }

  get #factor(): number {
    if (this.#errors.length < ROUNDS) return 0
    const last = this.#errors[ROUNDS - 1]!
    const before = this.#errors[ROUNDS - 2]!
    const sum = this.#errors.reduce((total, error) => total + error, 0)
    return PROPORTIONAL * last + INTEGRAL * sum + DIFFERENTIAL * (last - before)
  }
}
