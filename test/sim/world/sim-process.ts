import type { Clock, Timer } from '../../../runtime/io/clock.ts'
import type { Disk } from '../../../runtime/io/disk.ts'
import type { Network } from '../../../runtime/io/network.ts'
import type { Logger } from '../../../runtime/observe/logger.ts'
import { SeededRandom } from '../seeded-random.ts'
import type { CrashKind } from '../sim-disk.ts'
import type { Machine } from './machine.ts'

/** One life of a process: when it has ended, nothing that it began comes to anything. */
export class SimProcess {
  readonly machine: Machine
  readonly clock: Clock
  readonly network: Network
  readonly random: SeededRandom
  readonly logger: Logger
  disk!: Disk
  isDead = false
  /** Called after everything that happens in this process. */
  onActed: (() => void) | undefined
  readonly #ends: ((kind: CrashKind) => void)[] = []
  /** Asked for with `endOfTurn`. */
  #turnEnds: (() => void)[] = []
  /** Timers asked for them, of which more may follow in the same turn, and nothing has arrived since. */
  #isTimersTurn = false
  #isInTimer = false

  constructor(machine: Machine, life: number) {
    this.machine = machine
    this.clock = this.#makeClock()
    this.network = machine.world.network.of(this)
    this.random = new SeededRandom(machine.world.seed * 1000 + machine.number * 50 + life)
    this.logger = this.#makeLogger()
  }

  /** What becomes of the process's connections and listeners is for whoever gave them. */
  onEnd(run: (kind: CrashKind) => void): void {
    this.#ends.push(run)
  }

  end(kind: CrashKind): void {
    this.isDead = true
    for (const run of this.#ends.splice(0)) run(kind)
  }

  /** Runs it in this process, once it is not held up; nothing at all when it has ended. */
  act(run: () => void): void {
    this.#act(() => {
      this.#isTimersTurn = false
      run()
    })
  }

  #act(run: () => void): void {
    if (this.isDead) return
    const { world, pausedUntilMs } = this.machine
    if (world.nowMs < pausedUntilMs) {
      world.queue.at(pausedUntilMs, () => this.#act(run))
      return
    }
    try {
      run()
    } catch (error) {
      // Whoever has died in the middle of something has no say any more.
      if (!this.isDead) world.fail(new Error(`${this.machine.name}: uncaught ${String(error)}`, { cause: error }))
    }
    if (!this.isDead) this.onActed?.()
  }

  #makeClock(): Clock {
    const { machine } = this
    const { world, clockRate } = machine
    const after = (delayMs: number, run: () => void): Timer => {
      const timer = { isCancelled: false }
      world.queue.after(Math.max(delayMs, 0) / clockRate, () => {
        if (timer.isCancelled || this.isDead) return
        this.#act(() => this.#fire(timer, run))
      })
      return {
        cancel: () => {
          timer.isCancelled = true
        },
      }
    }
    return {
      now: () => machine.wallMs(),
      monotonic: () => machine.monotonic(),
      after,
      every: (periodMs, run) => {
        let timer: Timer
        const again = (): void => {
          timer = after(periodMs, () => {
            again()
            run()
          })
        }
        again()
        return { cancel: () => timer.cancel() }
      },
      endOfTurn: (run) => this.#atTurnEnd(run),
    }
  }

  /** As Node has it: a turn is first timers, then what has arrived, then its end. */
  #fire(timer: { readonly isCancelled: boolean }, run: () => void): void {
    if (!this.#isTimersTurn) this.#endTurn()
    if (timer.isCancelled || this.isDead) return
    const { world, number } = this.machine
    world.trace.mark(number, 2)
    this.#isInTimer = true
    try {
      run()
    } finally {
      this.#isInTimer = false
    }
  }

  #atTurnEnd(run: () => void): void {
    this.#isTimersTurn = this.#isInTimer
    if (this.#turnEnds.push(run) === 1) this.machine.world.queue.after(0, () => this.#act(() => this.#endTurn()))
  }

  #endTurn(): void {
    const ends = this.#turnEnds
    this.#turnEnds = []
    for (const run of ends) if (!this.isDead) run()
  }

  #makeLogger(): Logger {
    const { trace } = this.machine.world
    const keep = (level: string) => (fields: object, message: string) => {
      if (this.isDead) return
      const text = JSON.stringify(fields, (_, value) => (value instanceof Error ? String(value) : value))
      trace.line(`${this.machine.name} ${level}${message} ${text === '{}' ? '' : text}`)
    }
    return { debug() {}, info: keep(''), warn: keep('WARN '), error: keep('ERROR ') }
  }
}
