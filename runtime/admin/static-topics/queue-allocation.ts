import type { Random } from '../../io/random.ts'

/** Gives queues to the brokers that have the fewest, one after the other (TopicQueueMappingUtils.MappingAllocator). */
export class QueueAllocation {
  /** Queues by broker. */
  readonly counts: Map<string, number>
  /** Those that have queues now come first, so that few move; undefined: chance decides. */
  readonly #before: ReadonlyMap<string, number> | undefined
  readonly #random: Random
  #least: string[] = []
  #index = 0

  constructor(counts: ReadonlyMap<string, number>, before: ReadonlyMap<string, number> | undefined, random: Random) {
    this.counts = new Map(counts)
    this.#before = before
    this.#random = random
  }

  next(): string {
    if (this.#least.length === 0) this.#refill()
    const [broker] = this.#least.splice(this.#index % this.#least.length, 1)
    this.counts.set(broker!, (this.counts.get(broker!) ?? 0) + 1)
    return broker!
  }

  #refill(): void {
    const fewest = Math.min(...this.counts.values())
    this.#least = [...this.counts].filter(([, count]) => count === fewest).map(([broker]) => broker)
    const before = this.#before
    if (before === undefined) this.#shuffle()
    else this.#least.sort((a, b) => (before.get(a) ?? 0) - (before.get(b) ?? 0))
    this.#index = this.#least.length - 1
  }

  #shuffle(): void {
    const list = this.#least
    for (let i = list.length - 1; i > 0; i--) {
      const other = this.#random.below(i + 1)
      const kept = list[i]!
      list[i] = list[other]!
      list[other] = kept
    }
  }
}
