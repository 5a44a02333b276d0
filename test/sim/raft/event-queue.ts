interface Event {
  readonly ms: number
  /** Of two events at one time the one that was put in first comes first. */
  readonly order: number
  readonly run: () => void
}

/** Simulated time: what is to happen, in order. A binary heap. */
export class EventQueue {
  readonly #heap: Event[] = []
  #order = 0
  nowMs = 0

  at(ms: number, run: () => void): void {
    this.#heap.push({ ms: Math.max(ms, this.nowMs), order: this.#order++, run })
    for (let i = this.#heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!this.#isBefore(i, parent)) break
      this.#swap(i, parent)
      i = parent
    }
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run)
  }

  /** Runs the next event, if there is one not later than `endMs`. */
  step(endMs: number): boolean {
    const first = this.#heap[0]
    if (first === undefined || first.ms > endMs) return false
    this.#removeFirst()
    this.nowMs = first.ms
    first.run()
    return true
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    for (let i = 0; ; ) {
      const left = 2 * i + 1
      const right = left + 1
      let least = i
      if (left < this.#heap.length && this.#isBefore(left, least)) least = left
      if (right < this.#heap.length && this.#isBefore(right, least)) least = right
      if (least === i) return
      this.#swap(i, least)
      i = least
    }
  }

  #isBefore(i: number, j: number): boolean {
    const [one, other] = [this.#heap[i]!, this.#heap[j]!]
    return one.ms < other.ms || (one.ms === other.ms && one.order < other.order)
  }

  #swap(i: number, j: number): void {
    const one = this.#heap[i]!
    this.#heap[i] = this.#heap[j]!
    this.#heap[j] = one
  }
}
