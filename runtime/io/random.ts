import { randomBytes, randomInt } from 'node:crypto'

/** The engine's only source of chance, so that a seeded one can replay a run. */
export interface Random {
  /** A whole number, 0 <= n < `bound` (bound at most 2^31). */
  below(bound: number): number
  bytes(count: number): Buffer
}

export class RealRandom implements Random {
  below(bound: number): number {
    return randomInt(bound)
  }

  bytes(count: number): Buffer {
    return randomBytes(count)
  }
}
