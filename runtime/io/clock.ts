/** Identifies one armed timer of a {@link Clock}. */
export interface Timer {
  cancel(): void
}

/**
 * The engine's only source of time. Decisions take `now` as an argument; services arm a handful of coarse
 * timers here. Never one per request: use {@link ../net/deadlines.ts} for that.
 */
export interface Clock {
  /** Wall clock, whole milliseconds since the epoch. May jump. */
  now(): number
  /** Milliseconds with fraction since an arbitrary start. Never goes back. */
  monotonic(): number
  /** Calls `run` once after `delayMs`. */
  after(delayMs: number, run: () => void): Timer
  /** Calls `run` every `periodMs`, first after one period. */
  every(periodMs: number, run: () => void): Timer
  /** Calls `run` at the end of the current event-loop turn, after all input that has already arrived was handled. */
  endOfTurn(run: () => void): void
}
