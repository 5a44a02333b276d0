/**
 * Messages that went one way: into a topic, or out of it to a group. The data path finds the object once and adds to its
 * fields, per batch where there is one.
 */
export class Traffic {
  messages = 0
  bytes = 0
  /** Requests. */
  times = 0
}

/** What happened over a span of time. */
export interface TrafficStats {
  readonly sum: number
  /** Per second. */
  readonly tps: number
  /** Average per request. */
  readonly avgpt: number
}

export type TrafficField = 'messages' | 'bytes'

const MS_PER_SECOND = 1000
const SAMPLE_FIELDS = 4

/** The last samples of some traffic, taken at even intervals; the difference of the outer two is what happened. */
export class TrafficSamples {
  readonly #intervalMs: number
  readonly #max: number
  readonly #samples: Float64Array
  /** Samples ever taken; the last `#max` are kept. */
  #count = 0

  constructor(intervalMs: number, max: number) {
    this.#intervalMs = intervalMs
    this.#max = max
    this.#samples = new Float64Array(max * SAMPLE_FIELDS)
  }

  take(traffic: Traffic, nowMs: number): void {
    // The first sample shows what came since the interval began, when there was nothing.
    if (this.#count === 0) this.#put(nowMs - this.#intervalMs, 0, 0, 0)
    this.#put(nowMs, traffic.messages, traffic.bytes, traffic.times)
  }

  stats(field: TrafficField): TrafficStats {
    if (this.#count === 0) return { sum: 0, tps: 0, avgpt: 0 }
    const first = this.#at(Math.max(0, this.#count - this.#max))
    const last = this.#at(this.#count - 1)
    const difference = (of: number) => this.#samples[last + of]! - this.#samples[first + of]!
    const sum = difference(field === 'messages' ? 1 : 2)
    const times = difference(3)
    return { sum, tps: (sum * MS_PER_SECOND) / difference(0), avgpt: times > 0 ? sum / times : 0 }
  }

  #put(timeMs: number, messages: number, bytes: number, times: number): void {
    this.#samples.set([timeMs, messages, bytes, times], this.#at(this.#count++))
  }

  #at(index: number): number {
    return (index % this.#max) * SAMPLE_FIELDS
  }
}
