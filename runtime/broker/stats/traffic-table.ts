import { Traffic, type TrafficField, TrafficSamples, type TrafficStats } from './traffic.ts'

const MINUTE_INTERVAL_MS = 10_000
const HOUR_INTERVAL_MS = 600_000
const DAY_INTERVAL_MS = 3_600_000
/** One more than the intervals a span has. */
const MINUTE_SAMPLES = 7
const HOUR_SAMPLES = 7
const DAY_SAMPLES = 25

/** The statistics of one counter as VIEW_BROKER_STATS_DATA answers them. */
export interface TrafficReport {
  readonly statsMinute: TrafficStats
  readonly statsHour: TrafficStats
  readonly statsDay: TrafficStats
}

interface Tracked {
  readonly traffic: Traffic
  readonly minute: TrafficSamples
  readonly hour: TrafficSamples
  readonly day: TrafficSamples
}

/** Traffic by key (`topic` or `topic@group`), with its rates over the last minute, hour and day. */
export class TrafficTable {
  readonly #byKey = new Map<string, Tracked>()
  readonly #removed = new Traffic()

  /** The counters of a key; the same object until the key is removed. */
  of(key: string): Traffic {
    let tracked = this.#byKey.get(key)
    if (!tracked) {
      tracked = {
        traffic: new Traffic(),
        minute: new TrafficSamples(MINUTE_INTERVAL_MS, MINUTE_SAMPLES),
        hour: new TrafficSamples(HOUR_INTERVAL_MS, HOUR_SAMPLES),
        day: new TrafficSamples(DAY_INTERVAL_MS, DAY_SAMPLES),
      }
      this.#byKey.set(key, tracked)
    }
    return tracked.traffic
  }

  /** Undefined for a key nothing was counted for. */
  report(key: string, field: TrafficField): TrafficReport | undefined {
    const tracked = this.#byKey.get(key)
    if (!tracked || (tracked.traffic.messages === 0 && tracked.traffic.bytes === 0)) return undefined
    return {
      statsMinute: tracked.minute.stats(field),
      statsHour: tracked.hour.stats(field),
      statsDay: tracked.day.stats(field),
    }
  }

  /** Per second over the last minute. */
  messagesPerSecond(key: string): number {
    return this.#byKey.get(key)?.minute.stats('messages').tps ?? 0
  }

  /** All messages ever counted under keys that pass. Keys removed since count, too. */
  totalMessages(accepts: (key: string) => boolean): number {
    let total = this.#removed.messages
    for (const [key, { traffic }] of this.#byKey) if (accepts(key)) total += traffic.messages
    return total
  }

  removeWhere(test: (key: string) => boolean): void {
    for (const [key, { traffic }] of this.#byKey) {
      if (!test(key)) continue
      this.#removed.messages += traffic.messages
      this.#byKey.delete(key)
    }
  }

  sample(span: 'minute' | 'hour' | 'day', nowMs: number): void {
    for (const tracked of this.#byKey.values()) tracked[span].take(tracked.traffic, nowMs)
  }
}

/** How often each span is sampled. */
export const SAMPLE_INTERVALS_MS = {
  minute: MINUTE_INTERVAL_MS,
  hour: HOUR_INTERVAL_MS,
  day: DAY_INTERVAL_MS,
} as const
