/** Topic whose messages wait for their delay level; their tag code is the time of delivery. */
export const SCHEDULE_TOPIC = 'SCHEDULE_TOPIC_XXXX'

const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The levels of `messageDelayLevel`, numbered from 1. */
export class DelayLevels {
  readonly #delaysMs: readonly number[]

  /** `text`: delays such as `1s 5s 1m`. Throws for anything else. */
  constructor(text: string) {
    this.#delaysMs = text.trim().split(/\s+/).map(delayOf)
  }

  get maxLevel(): number {
    return this.#delaysMs.length
  }

  delayMs(level: number): number {
    return this.#delaysMs[Math.min(level, this.maxLevel) - 1]!
  }

  /** When a message of that level (at least 1; those beyond the last count as the last) is due. */
  deliveryTimeMs(level: number, storeTimestampMs: number): number {
    return storeTimestampMs + this.delayMs(level)
  }
}

function delayOf(text: string): number {
  const unitMs = UNIT_MS[text.at(-1) ?? '']
  const count = text.slice(0, -1)
  if (unitMs === undefined || !/^\d+$/.test(count)) {
    throw new Error(`messageDelayLevel: '${text}' is no delay; write a number and s, m, h or d, such as 30s`)
  }
  return Number(count) * unitMs
}
