import type { StoreReporter } from '../store-options.ts'
import type { TimerCheckpoint, TimerProgress } from './timer-checkpoint.ts'
import type { TimerSlots } from './timer-slots.ts'
import type { WheelPage } from './timer-wheel.ts'

export interface TimerFlushParts {
  readonly slots: TimerSlots
  readonly checkpoint: TimerCheckpoint
  readonly reporter: StoreReporter
  /** Whether the commit log up to an offset survives a power cut, and the loss of its master. */
  readonly isDurable: (logEnd: number) => boolean
}

/** What is true at the beginning of a round. */
export interface FlushPoint {
  readonly progress: Omit<TimerProgress, 'logPosition'>
  /** End of the commit log: messages delivered so far are before it. */
  readonly logEnd: number
}

/** Pages written between two turns of other work: 512 KiB. */
const PAGES_AT_ONCE = 128

type Stage = 'idle' | 'syncing' | 'writing' | 'waiting'

/**
 * Makes the timers' files durable in rounds, a slice per tick. The order: units of the timer log, then the pages of the wheel
 * that point to them, then, when the commit log is durable as far as it was at the beginning, the checkpoint.
 */
export class TimerFlush {
  readonly #parts: TimerFlushParts
  #stage: Stage = 'idle'
  #point: FlushPoint | undefined
  #logPosition = 0
  /** Pages that wait for the log to be synced: not dirty any more, nor written yet. */
  #taken: readonly WheelPage[] = []
  /** Grows when a round is given up. */
  #round = 0
  #problem = ''

  constructor(parts: TimerFlushParts) {
    this.#parts = parts
  }

  get isIdle(): boolean {
    return this.#stage === 'idle'
  }

  begin(point: FlushPoint): void {
    this.#point = point
    this.#logPosition = this.#parts.slots.log.end
    this.#stage = 'writing'
    this.tick()
  }

  /** Goes on with the round. */
  tick(): void {
    if (this.#stage === 'writing') this.#writePages()
    else if (this.#stage === 'waiting') this.#writeCheckpoint()
  }

  /** The files were changed in a way that the round does not know of, or are about to be written at once. */
  giveUp(): void {
    this.#round++
    this.#stage = 'idle'
    this.#parts.slots.wheel.giveBack(this.#taken)
    this.#taken = []
  }

  #writePages(): void {
    const { log, wheel } = this.#parts.slots
    if (wheel.dirtyPages === 0 && log.end <= log.syncedEnd) {
      this.#stage = 'waiting'
      this.#writeCheckpoint()
      return
    }
    try {
      // The disk may have been full when they were placed: the wheel's file may not point to units that are in memory alone.
      log.write()
    } catch (problem) {
      this.#failed(problem)
      return
    }
    const pages = wheel.takeDirty(PAGES_AT_ONCE)
    const isLast = wheel.dirtyPages === 0
    const round = this.#round
    this.#stage = 'syncing'
    this.#taken = pages
    log.sync((error) => {
      if (round !== this.#round) return
      this.#taken = []
      try {
        if (error !== null) throw error
        wheel.write(pages)
      } catch (problem) {
        wheel.giveBack(pages)
        this.#failed(problem)
        return
      }
      if (isLast) this.#syncWheel(round)
      else this.#stage = 'writing'
    })
  }

  #syncWheel(round: number): void {
    this.#parts.slots.wheel.sync((error) => {
      if (round !== this.#round) return
      if (error !== null) {
        this.#failed(error)
        return
      }
      this.#stage = 'waiting'
    })
  }

  #writeCheckpoint(): void {
    const { checkpoint, slots, isDurable } = this.#parts
    if (!isDurable(this.#point!.logEnd)) return
    try {
      checkpoint.write({ ...this.#point!.progress, logPosition: this.#logPosition }, slots.wheel.precisionMs)
      this.#problem = ''
      this.#stage = 'idle'
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Everything at once, waiting for the device; the commit log is durable. @throws the operating system's error */
  now(progress: FlushPoint['progress']): void {
    this.giveUp()
    const { log, wheel } = this.#parts.slots
    log.write()
    log.syncNow()
    for (let pages = wheel.takeDirty(PAGES_AT_ONCE); pages.length > 0; pages = wheel.takeDirty(PAGES_AT_ONCE)) {
      wheel.write(pages)
    }
    wheel.syncNow()
    this.#parts.checkpoint.write({ ...progress, logPosition: log.end }, wheel.precisionMs)
  }

  #failed(error: unknown): void {
    this.#stage = 'idle'
    const problem = String(error)
    if (problem === this.#problem) return
    this.#problem = problem
    this.#parts.reporter.error('the timer files cannot be written: check the disk of storePathRootDir', error)
  }
}
