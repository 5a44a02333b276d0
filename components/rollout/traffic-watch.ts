import type { Clock, Timer } from '../../runtime/io/clock.ts'
import { InvocationError } from '../../runtime/net/pending-invocations.ts'
import { AdminError } from '../admin/admin-client.ts'
import { runtimeInfo } from './catch-up.ts'
import type { LiveCluster } from './live-cluster.ts'
import { TrafficGaps, type TrafficReport } from './traffic-gaps.ts'

/** Between two looks at each broker. */
const lookMs = 100

/** Looks at the counters of brokers while something is done to their cluster. */
export class TrafficWatch {
  readonly #asker: LiveCluster['asker']
  readonly #clock: Pick<Clock, 'monotonic' | 'every'>
  readonly #brokers: () => readonly string[]
  readonly #gaps = new TrafficGaps()
  /** Brokers that have not answered yet: they are not asked again before. */
  readonly #asked = new Set<string>()
  #timer: Timer | undefined
  #problem: string | undefined

  /** @param brokers addresses `host:port` of those there are at the moment */
  constructor(
    asker: LiveCluster['asker'],
    clock: Pick<Clock, 'monotonic' | 'every'>,
    brokers: () => readonly string[],
  ) {
    this.#asker = asker
    this.#clock = clock
    this.#brokers = brokers
  }

  start(): void {
    this.#timer = this.#clock.every(lookMs, () => this.#look())
    this.#look()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  beginStep(): void {
    this.#gaps.beginPart()
  }

  get step(): TrafficReport {
    return this.#withProblem(this.#gaps.part(this.#clock.monotonic()))
  }

  get whole(): TrafficReport {
    return this.#withProblem(this.#gaps.whole(this.#clock.monotonic()))
  }

  #withProblem(report: TrafficReport): TrafficReport {
    return this.#problem === undefined ? report : { ...report, problem: this.#problem }
  }

  #look(): void {
    for (const address of this.#brokers()) {
      if (this.#asked.has(address)) continue
      this.#asked.add(address)
      void this.#ask(address).finally(() => this.#asked.delete(address))
    }
  }

  async #ask(address: string): Promise<void> {
    try {
      const info = await runtimeInfo({ asker: this.#asker }, address)
      const [stored, fetched] = ['msgPutTotalTodayNow', 'msgGetTotalTodayNow'].map((key) => Number(info.get(key) ?? 0))
      this.#gaps.add(address, { stored: stored ?? 0, fetched: fetched ?? 0 }, this.#clock.monotonic())
    } catch (error) {
      // A broker that restarts stores nothing meanwhile: that is what is measured.
      if (error instanceof InvocationError || error instanceof AdminError) return
      // To be measured is no reason for a rollout to end.
      this.#problem = `${address}: ${error instanceof Error ? error.message : String(error)}`
      this.stop()
    }
  }
}
