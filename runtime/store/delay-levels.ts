import { delayLevelsMs } from '../config/delay-levels.ts'

/** Topic whose messages wait for their delay level; their tag code is the time of delivery. */
export const SCHEDULE_TOPIC = 'SCHEDULE_TOPIC_XXXX'

/** The levels of `messageDelayLevel`, numbered from 1. */
export class DelayLevels {
  readonly #delaysMs: readonly number[]

  /** `text`: delays such as `1s 5s 1m`. Throws for anything else. */
  constructor(text: string) {
    const delaysMs = delayLevelsMs(text)
    if ('wrong' in delaysMs) {
      throw new Error(
        `messageDelayLevel: '${delaysMs.wrong}' is no delay; write a number and s, m, h or d, such as 30s`,
      )
    }
    this.#delaysMs = delaysMs
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
