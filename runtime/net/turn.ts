import type { Clock } from '../io/clock.ts'

/** Something that gathered bytes during the turn and sends them at its end. */
export interface Flushable {
  flush(): void
}

/**
 * The end of the current event-loop turn, where batches are closed. All input of a turn is handled first; then the
 * `onEnd` steps run in the order they were registered (the store writes its batch, acknowledgements are released); then
 * every enlisted connection sends what it gathered, with one write each.
 */
export class Turn {
  readonly #clock: Clock
  readonly #steps: (() => void)[] = []
  #flushables: Flushable[] = []
  #spare: Flushable[] = []
  #armed = false
  readonly #end = (): void => this.#run()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Registers a step. Steps run at the end of every turn in which `touch` or `enlist` was called. */
  onEnd(step: () => void): void {
    this.#steps.push(step)
  }

  /** Makes sure that the steps run at the end of this turn. */
  touch(): void {
    if (this.#armed) return
    this.#armed = true
    this.#clock.endOfTurn(this.#end)
  }

  /** `flushable.flush()` will be called once at the end of this turn. The caller enlists only once per turn. */
  enlist(flushable: Flushable): void {
    this.#flushables.push(flushable)
    this.touch()
  }

  #run(): void {
    // What a step or a flush touches from here on belongs to the next turn, unless it enlists before the flushes start.
    this.#armed = false
    for (const step of this.#steps) step()
    const now = this.#flushables
    this.#flushables = this.#spare
    for (const flushable of now) flushable.flush()
    now.length = 0
    this.#spare = now
  }
}
