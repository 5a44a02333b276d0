import type { Clock, Timer } from '../../io/clock.ts'

/** As long as controllers wait for the answer; clients whose sends wait meanwhile do not give up yet. */
const DRAIN_MAX_MS = 1_000
/** So long after that the controllers have to have elected, or this broker goes on as master. */
const ELECTED_WITHIN_MS = 1_500
const LOOK_EVERY_MS = 2

export interface HandOverParts {
  readonly clock: Clock
  /** Whether all replicas that count hold everything, and nobody waits for an answer. */
  readonly isDrained: () => boolean
  /** The broker takes messages again: nobody else was elected. */
  readonly resumed: () => void
}

/**
 * A master that is about to be followed by another one: it takes no messages any more (they wait, see
 * {@link MasterForwarder}) until its replicas hold what it has. Whoever is elected then begins where this one ended, so that
 * no message is stored but not acknowledged, and none has to be sent again.
 */
export class HandOver {
  readonly #parts: HandOverParts
  #timer: Timer | undefined
  #end: ((isDrained: boolean) => void) | undefined
  #isUnderWay = false

  constructor(parts: HandOverParts) {
    this.#parts = parts
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay
  }

  /** Resolves with whether the replicas hold everything; messages go on waiting then, for a while. */
  prepare(): Promise<boolean> {
    this.#settle(false)
    this.#isUnderWay = true
    const { clock, isDrained } = this.#parts
    const deadlineMs = clock.monotonic() + DRAIN_MAX_MS
    return new Promise((resolve) => {
      this.#end = resolve
      const look = (): void => {
        if (isDrained()) this.#drained()
        else if (clock.monotonic() >= deadlineMs) this.abandon()
      }
      this.#timer = clock.every(LOOK_EVERY_MS, look)
      look()
    })
  }

  /** Another role has begun. */
  done(): void {
    this.#isUnderWay = false
    this.#settle(false)
  }

  /** The broker stays master. */
  abandon(): void {
    if (!this.#isUnderWay) return
    this.done()
    this.#parts.resumed()
  }

  #drained(): void {
    this.#settle(true)
    this.#timer = this.#parts.clock.after(ELECTED_WITHIN_MS, () => this.abandon())
  }

  #settle(isDrained: boolean): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#end?.(isDrained)
    this.#end = undefined
  }
}
