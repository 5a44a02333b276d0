import type { Clock, Timer } from '../../runtime/io/clock.ts'

interface Armed {
  dueMs: number
  readonly periodMs: number | undefined
  readonly run: () => void
}

/** A clock that a unit test moves by hand. `now()` and `monotonic()` run together. */
export class ManualClock implements Clock {
  #nowMs: number
  readonly #armed = new Set<Armed>()
  readonly #turn: (() => void)[] = []

  constructor(startMs = 0) {
    this.#nowMs = startMs
  }

  /** Timers that have not been cancelled, and one-shot ones that have not fired. */
  get timerCount(): number {
    return this.#armed.size
  }

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#arm({ dueMs: this.#nowMs + delayMs, periodMs: undefined, run })
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#arm({ dueMs: this.#nowMs + periodMs, periodMs, run })
  }

  endOfTurn(run: () => void): void {
    this.#turn.push(run)
  }

  /** Runs what was asked for with `endOfTurn`, and what that asks for. */
  finishTurn(): void {
    for (let run = this.#turn.shift(); run; run = this.#turn.shift()) run()
  }

  /** Moves time on, firing timers in their order, each with its turn's end. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (let next = this.#nextDue(endMs); next; next = this.#nextDue(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      if (next.periodMs === undefined) this.#armed.delete(next)
      else next.dueMs += next.periodMs
      next.run()
      this.finishTurn()
    }
    this.#nowMs = endMs
  }

  #arm(armed: Armed): Timer {
    this.#armed.add(armed)
    return { cancel: () => this.#armed.delete(armed) }
  }

  #nextDue(endMs: number): Armed | undefined {
    let next: Armed | undefined
    for (const armed of this.#armed) {
      if (armed.dueMs <= endMs && (next === undefined || armed.dueMs < next.dueMs)) next = armed
    }
    return next
  }
}
