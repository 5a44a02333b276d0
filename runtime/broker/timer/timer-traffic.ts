const SAMPLE_MS = 1_000

/** Messages that went into the wheel and out of it, per second. */
export class TimerTraffic {
  placed = 0
  delivered = 0
  readonly perSecond = { placedPerSecond: 0, deliveredPerSecond: 0 }
  #sinceMs: number

  constructor(nowMs: number) {
    this.#sinceMs = nowMs
  }

  sample(nowMs: number): void {
    const ms = Math.abs(nowMs - this.#sinceMs)
    if (ms < SAMPLE_MS) return
    this.#sinceMs = nowMs
    this.perSecond.placedPerSecond = (this.placed * 1000) / ms
    this.perSecond.deliveredPerSecond = (this.delivered * 1000) / ms
    this.placed = 0
    this.delivered = 0
  }
}
