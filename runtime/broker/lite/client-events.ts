/** A client that has not asked for so long is taken to be gone; its longest poll is shorter. */
const SILENT_MS = 35_000
/** The same for one for which there is something. */
const SILENT_WITH_EVENTS_MS = 10_000
/** A client that has asked lately takes what there is. */
const ACTIVE_MS = 5_000
/** Below this share there is room for all that a client may be missing. */
const LOW_SHARE = 0.2

/** Lite topics (their queues) with messages for one client, in the order in which they came; each is noted once. */
export class ClientEvents {
  readonly group: string
  readonly #max: number
  readonly #queues = new Set<string>()
  #askedMs: number

  constructor(group: string, max: number, nowMs: number) {
    this.group = group
    this.#max = max
    this.#askedMs = nowMs
  }

  get size(): number {
    return this.#queues.size
  }

  get askedMs(): number {
    return this.#askedMs
  }

  get isLow(): boolean {
    return this.#queues.size / this.#max < LOW_SHARE
  }

  /** False when there is no room. */
  offer(queue: string): boolean {
    if (this.#queues.has(queue)) return true
    if (this.#queues.size >= this.#max) return false
    this.#queues.add(queue)
    return true
  }

  take(nowMs: number): string | undefined {
    this.#askedMs = nowMs
    const [first] = this.#queues
    if (first !== undefined) this.#queues.delete(first)
    return first
  }

  takeAll(): string[] {
    const all = [...this.#queues]
    this.#queues.clear()
    return all
  }

  isSilent(nowMs: number): boolean {
    const forMs = nowMs - this.#askedMs
    return forMs > SILENT_MS || (this.#queues.size > 0 && forMs > SILENT_WITH_EVENTS_MS)
  }

  isActive(nowMs: number): boolean {
    return nowMs - this.#askedMs < ACTIVE_MS
  }
}
