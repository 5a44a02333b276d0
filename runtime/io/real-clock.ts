import type { Clock, Timer } from './clock.ts'

/** The machine's clock and Node's timers. */
export class RealClock implements Clock {
  now(): number {
    return Date.now()
  }

  monotonic(): number {
    return performance.now()
  }

  after(delayMs: number, run: () => void): Timer {
    const handle = setTimeout(run, delayMs)
    return { cancel: () => clearTimeout(handle) }
  }

  every(periodMs: number, run: () => void): Timer {
    const handle = setInterval(run, periodMs)
    return { cancel: () => clearInterval(handle) }
  }

  endOfTurn(run: () => void): void {
    setImmediate(run)
  }
}
