import type { Message } from '../../../runtime/raft/message.ts'
import type { SeededRandom } from '../seeded-random.ts'

/** What becomes of messages between members. */
export class Links {
  readonly #random: SeededRandom
  /** In percent. */
  #lossRate: number
  #doubleRate: number
  #lateRate: number
  /** Directed links that carry nothing. */
  readonly #cut = new Set<string>()
  /** Entries of a leader's own term do not get through, those of earlier terms do. */
  #isStarved = false

  constructor(random: SeededRandom) {
    this.#random = random
    this.#lossRate = [0, 1, 10][random.below(3)]!
    this.#doubleRate = [0, 5][random.below(2)]!
    this.#lateRate = [0, 2, 10][random.below(3)]!
  }

  get isWhole(): boolean {
    return this.#cut.size === 0 && !this.#isStarved
  }

  carries(from: string, to: string): boolean {
    return !this.#cut.has(`${from}>${to}`)
  }

  cut(from: string, to: string): void {
    if (from !== to) this.#cut.add(`${from}>${to}`)
  }

  mend(from: string, to: string): void {
    this.#cut.delete(`${from}>${to}`)
  }

  starve(): void {
    this.#isStarved = true
  }

  mendAll(): void {
    this.#cut.clear()
    this.#isStarved = false
  }

  /** Everything arrives, once, soon. */
  calm(): void {
    this.mendAll()
    this.#lossRate = this.#doubleRate = this.#lateRate = 0
  }

  /** What is left of a message: of entries the first ones, as if the leader had sent two messages of which one is lost. */
  leftOf(message: Message): Message {
    if (!this.#isStarved || message.kind !== 'append') return message
    const earlier = message.entries.findIndex(({ term }) => term === message.term)
    return earlier < 0 ? message : { ...message, entries: message.entries.slice(0, earlier) }
  }

  /** When a message arrives: once, never, or more than once. */
  delaysOf(message: Message): number[] {
    const random = this.#random
    if (!this.carries(message.from, message.to) || random.below(100) < this.#lossRate) return []
    const delay = () => (random.below(100) < this.#lateRate ? random.below(600) : 1 + random.below(6))
    return random.below(100) < this.#doubleRate ? [delay(), delay()] : [delay()]
  }
}
