/** Messages that a broker has stored for producers and given to consumers, as it counts them. */
export interface BrokerCounts {
  readonly stored: number
  readonly fetched: number
}

/** What went on in a cluster for a while, as its brokers saw it. */
export interface TrafficReport {
  /** Messages. */
  readonly stored: number
  readonly fetched: number
  /**
   * The longest time in which no broker stored anything, ms; left out when none did in all the time. Producers may have had
   * nothing to send.
   */
  readonly sendGapMs?: number
  /** The longest time in which no consumer got anything. */
  readonly fetchGapMs?: number
  /** Why nothing was counted any more from some moment on. */
  readonly problem?: string
}

/** One kind of count, of all brokers together. */
class Flow {
  #total = 0
  #lastMs: number | undefined
  #longestMs = 0

  get total(): number {
    return this.#total
  }

  rise(by: number, atMs: number): void {
    if (by <= 0) return
    this.#total += by
    if (this.#lastMs !== undefined) this.#longestMs = Math.max(this.#longestMs, atMs - this.#lastMs)
    this.#lastMs = atMs
  }

  /** The longest gap up to a moment, one that has not ended included. */
  longestMs(atMs: number): number | undefined {
    return this.#lastMs === undefined ? undefined : Math.max(this.#longestMs, atMs - this.#lastMs)
  }

  /** From here on gaps count anew; one that is open counts with its beginning. */
  startAnew(): void {
    this.#longestMs = 0
    this.#total = 0
  }
}

/** Gaps in what brokers store and give out, from their counters looked at again and again: as exact as the looks are frequent. */
export class TrafficGaps {
  readonly #counts = new Map<string, BrokerCounts>()
  readonly #whole = { stored: new Flow(), fetched: new Flow() }
  readonly #part = { stored: new Flow(), fetched: new Flow() }

  /** What a broker said. One that has restarted counts from 0. */
  add(broker: string, counts: BrokerCounts, atMs: number): void {
    const before = this.#counts.get(broker)
    this.#counts.set(broker, counts)
    if (before === undefined) return
    for (const kind of ['stored', 'fetched'] as const) {
      const by = counts[kind] < before[kind] ? counts[kind] : counts[kind] - before[kind]
      this.#whole[kind].rise(by, atMs)
      this.#part[kind].rise(by, atMs)
    }
  }

  /** What {@link part} reports of begins here. */
  beginPart(): void {
    for (const flow of Object.values(this.#part)) flow.startAnew()
  }

  part(atMs: number): TrafficReport {
    return reportOf(this.#part, atMs)
  }

  whole(atMs: number): TrafficReport {
    return reportOf(this.#whole, atMs)
  }
}

function reportOf({ stored, fetched }: Record<'stored' | 'fetched', Flow>, atMs: number): TrafficReport {
  const [sendGapMs, fetchGapMs] = [stored.longestMs(atMs), fetched.longestMs(atMs)]
  return {
    stored: stored.total,
    fetched: fetched.total,
    ...(sendGapMs === undefined ? {} : { sendGapMs: Math.round(sendGapMs) }),
    ...(fetchGapMs === undefined ? {} : { fetchGapMs: Math.round(fetchGapMs) }),
  }
}
