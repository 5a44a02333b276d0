/** How often time is counted and silent brokers are looked for. */
export const TICK_MS = 50
/** Of a tick that comes later than this the rest does not count. */
const TICK_COUNTED_MAX_MS = 2 * TICK_MS

/**
 * Time in which this process could have read heartbeats. A process that was stopped, or a machine that was paused, finds
 * them in its sockets afterwards; by the clock every broker would seem to have been silent.
 */
export class Uptime {
  #countedMs = 0
  #lastMs: number

  /** `nowMs`: Clock.monotonic(), here and below. */
  constructor(nowMs: number) {
    this.#lastMs = nowMs
  }

  /** As of the last tick. */
  get ms(): number {
    return this.#countedMs
  }

  tick(nowMs: number): void {
    this.#countedMs += Math.min(nowMs - this.#lastMs, TICK_COUNTED_MAX_MS)
    this.#lastMs = nowMs
  }
}
