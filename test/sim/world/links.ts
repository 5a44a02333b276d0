import type { World } from './world.ts'

/** A lost segment is sent again after this, and a cut link is noticed to work again within it. */
const RETRANSMIT_MS = 200

/** What machines can say to one another, and how long it takes: the same for all connections between two of them. */
export class HostLinks {
  readonly #world: World
  /** Directed, `from>to`. */
  readonly #cut = new Set<string>()
  /** In percent of what is sent. */
  #lossRate: number
  #lateRate: number
  readonly #jitterMs: number

  constructor(world: World) {
    this.#world = world
    const { random } = world
    this.#lossRate = [0, 0, 1, 3][random.below(4)]!
    this.#lateRate = [0, 1, 5][random.below(3)]!
    this.#jitterMs = [1, 2, 8][random.below(3)]!
  }

  get isWhole(): boolean {
    return this.#cut.size === 0
  }

  isCut(from: string, to: string): boolean {
    return this.#cut.has(`${from}>${to}`)
  }

  cut(from: string, to: string): void {
    if (from !== to) this.#cut.add(`${from}>${to}`)
  }

  mendAll(): void {
    this.#cut.clear()
  }

  /** Nothing is lost or late any more. */
  calm(): void {
    this.mendAll()
    this.#lossRate = this.#lateRate = 0
  }

  /** How long something takes from one machine to another. */
  delayMs(): number {
    const { random } = this.#world
    const base = 0.1 + random.below(100 * this.#jitterMs) / 100
    if (random.below(100) < this.#lossRate) return base + RETRANSMIT_MS
    return random.below(100) < this.#lateRate ? base + random.below(150) : base
  }

  retransmitMs(): number {
    return this.#world.random.below(RETRANSMIT_MS)
  }
}
