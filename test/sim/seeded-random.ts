import type { Random } from '../../runtime/io/random.ts'

/** Replayable chance: the same seed gives the same run (xorshift128 seeded by splitmix32). */
export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number) {
    let state = seed | 0
    const next = () => {
      state = (state + 0x9e3779b9) | 0
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
      return mixed ^ (mixed >>> 15)
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next() | 1
  }

  below(bound: number): number {
    let t = this.#d
    t ^= t << 11
    t ^= t >>> 8
    this.#d = this.#c
    this.#c = this.#b
    this.#b = this.#a
    this.#a = t ^ this.#a ^ (this.#a >>> 19)
    return Math.floor(((this.#a >>> 0) / 0x1_0000_0000) * bound)
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count)
    for (let i = 0; i < count; i++) bytes[i] = this.below(256)
    return bytes
  }
}
