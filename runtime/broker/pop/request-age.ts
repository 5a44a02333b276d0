/** What is known of the clock of a client behind one connection. */
interface Known {
  /** By how much it seems to be behind ours, with the way of the fastest request in it. */
  behindMs: number
  /** What a request that seemed old would make of that. */
  doubtMs: number
}

/** Requests that seem to be this much older than expected are old, or the client's clock was set. */
const DOUBT_MS = 500

/**
 * How long ago requests were made that say so by the client's clock. Clocks differ: what counts is how much later than others of
 * its connection a request is. One that seems old is believed to be; when the next one does so by as much, the clock was set.
 */
export class RequestAges {
  readonly #known = new WeakMap<object, Known>()

  /** Milliseconds, not below 0. */
  of(connection: object, bornMs: number, nowMs: number): number {
    const differenceMs = nowMs - bornMs
    const known = this.#known.get(connection)
    if (known === undefined) {
      this.#known.set(connection, { behindMs: differenceMs, doubtMs: Number.NaN })
      return 0
    }
    const ageMs = differenceMs - known.behindMs
    const isSet = Math.abs(differenceMs - known.doubtMs) <= DOUBT_MS
    if (ageMs < 0 || isSet) {
      known.behindMs = differenceMs
      known.doubtMs = Number.NaN
      return 0
    }
    known.doubtMs = ageMs > DOUBT_MS ? differenceMs : Number.NaN
    return ageMs
  }
}
