/**
 * How far a level was delivered beyond what counts, which is what the log has confirmed. Kept are the oldest step and the
 * newest: while messages are delivered all the time, the older one is confirmed at some time.
 */
export class DeliveredSteps {
  #offset = -1
  #end = 0
  #newestOffset = -1
  #newestEnd = 0

  get isEmpty(): boolean {
    return this.#offset < 0
  }

  /** Where delivery goes on. */
  get offset(): number {
    return this.#newestOffset < 0 ? this.#offset : this.#newestOffset
  }

  /** Delivered up to `offset` of the level's queue, by messages that end at `end` in the log. */
  add(offset: number, end: number): void {
    if (this.isEmpty) {
      this.#offset = offset
      this.#end = end
    } else {
      this.#newestOffset = offset
      this.#newestEnd = end
    }
  }

  /** What counts as delivered now that the log is confirmed so far; -1 for nothing new. */
  take(confirmOffset: number): number {
    let counts = -1
    while (!this.isEmpty && this.#end <= confirmOffset) {
      counts = this.#offset
      this.#offset = this.#newestOffset
      this.#end = this.#newestEnd
      this.#newestOffset = -1
    }
    return counts
  }

  clear(): void {
    this.#offset = -1
    this.#newestOffset = -1
  }
}
