import { viewOf } from '../codec/bytes.ts'

/** A block of memory with its view, lent by a {@link SlabPool}. */
export interface Slab {
  readonly bytes: Buffer
  readonly view: DataView
  /** Gives it back; made once per slab so that a write needs no closure of its own. */
  readonly release: () => void
}

/**
 * Blocks of one size that are used again instead of being allocated per read or write. At most `keptMax` idle ones are
 * kept; what comes back beyond that is left to the garbage collector. The number in use is bounded by its users
 * (per-connection limits), not here.
 */
export class SlabPool {
  readonly slabBytes: number
  readonly #keptMax: number
  readonly #idle: Slab[] = []

  constructor(slabBytes: number, keptMax: number) {
    this.slabBytes = slabBytes
    this.#keptMax = keptMax
  }

  acquire(): Slab {
    return this.#idle.pop() ?? this.#create()
  }

  #create(): Slab {
    const bytes = Buffer.allocUnsafeSlow(this.slabBytes)
    const slab: Slab = { bytes, view: viewOf(bytes), release: () => this.#takeBack(slab) }
    return slab
  }

  #takeBack(slab: Slab): void {
    if (this.#idle.length < this.#keptMax) this.#idle.push(slab)
  }
}
