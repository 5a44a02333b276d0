/** Counts times in buckets whose ends grow by 2 %: 1 us to 400 s. Noting one allocates nothing. */
const BUCKETS = 1000
const GROWTH = 1.02
const SCALE = 1 / Math.log(GROWTH)

export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS)
  #count = 0
  #sumMs = 0

  get count(): number {
    return this.#count
  }

  get averageMs(): number {
    return this.#sumMs / this.#count
  }

  note(ms: number): void {
    const us = ms * 1000
    const bucket = us < 1 ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(us) * SCALE))
    this.#counts[bucket]!++
    this.#count++
    this.#sumMs += ms
  }

  /** The end of the bucket in which `share` (0 to 1) of the times noted are reached, in ms; NaN when none was. */
  percentileMs(share: number): number {
    let seen = 0
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#counts[i]!
      if (seen > 0 && seen >= this.#count * share) return GROWTH ** i / 1000
    }
    return Number.NaN
  }
}
