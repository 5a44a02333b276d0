import { EventQueue } from '../raft/event-queue.ts'
import { SeededRandom } from '../seeded-random.ts'
import { Machine } from './machine.ts'
import { drainMicrotasks } from './microtasks.ts'
import { SimNetwork } from './sim-network.ts'
import { Trace } from './trace.ts'

/** Wall time at which every simulation begins. */
export const START_MS = 1_700_000_000_000

/** Simulated time, machines and the network between them. One seed decides everything that happens. */
/** More than this happens at one time only to who asks for another turn in every turn. */
const EVENTS_AT_ONCE_MAX = 100_000

export class World {
  readonly seed: number
  readonly queue = new EventQueue()
  readonly random: SeededRandom
  readonly trace: Trace
  readonly network: SimNetwork
  readonly machines: Machine[] = []
  #failure: Error | undefined

  /** `linesKept`: of the trace, to be told when something is broken. */
  constructor(seed: number, linesKept = 2000) {
    this.seed = seed
    this.random = new SeededRandom(seed)
    this.trace = new Trace(() => this.queue.nowMs, linesKept)
    this.network = new SimNetwork(this)
  }

  get nowMs(): number {
    return this.queue.nowMs
  }

  machine(name: string, host: string): Machine {
    const machine = new Machine(this, this.machines.length, name, host)
    this.machines.push(machine)
    return machine
  }

  machineAt(host: string): Machine | undefined {
    return this.machines.find((machine) => machine.host === host)
  }

  /** The first thing that went wrong; the run ends with it. */
  fail(problem: unknown): void {
    this.#failure ??= problem instanceof Error ? problem : new Error(String(problem))
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** A whole number of milliseconds from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.random.below(most - least + 1)
  }

  chance(percent: number): boolean {
    return this.random.below(100) < percent
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from.length === 0 ? undefined : from[this.random.below(from.length)]
  }

  /** Lets everything happen that is due until then. @throws what went wrong first */
  async run(untilMs: number): Promise<void> {
    // Callbacks of promises are run between events, which only works from outside of one.
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        try {
          this.#loop(untilMs)
        } catch (error) {
          this.fail(error)
        }
        resolve()
      })
    })
    if (this.#failure) throw this.#failure
    this.queue.nowMs = untilMs
  }

  /** Until something is the case, looked at every `everyMs`; false when it is not so in time. */
  async until(limitMs: number, isSo: () => boolean, everyMs = 20): Promise<boolean> {
    const deadlineMs = this.nowMs + limitMs
    while (!isSo()) {
      if (this.nowMs >= deadlineMs) return false
      await this.run(Math.min(this.nowMs + everyMs, deadlineMs))
    }
    return true
  }

  #loop(untilMs: number): void {
    let [atMs, events] = [this.nowMs, 0]
    while (this.#failure === undefined && this.queue.step(untilMs)) {
      drainMicrotasks()
      if (this.nowMs !== atMs) [atMs, events] = [this.nowMs, 0]
      else if (++events > EVENTS_AT_ONCE_MAX)
        this.fail(new Error(`time stands still: somebody acts again and again at ${atMs} ms`))
    }
  }
}
