import { viewOf } from '../../codec/bytes.ts'
import { BATCH_UNIT_BYTES, UNIT_BYTES } from './queue-unit.ts'

const SLAB_BYTES = 1 << 20
const CHUNK_SHIFT = 9
const CHUNKS_PER_SLAB_SHIFT = 11
const CHUNK_IN_SLAB = (1 << CHUNKS_PER_SLAB_SHIFT) - 1

/** Units that fit a chunk of 512 bytes. */
export const CHUNK_UNITS = 25
export const CHUNK_UNIT_BYTES = CHUNK_UNITS * UNIT_BYTES
export const CHUNK_BATCH_UNITS = 11
export const CHUNK_BATCH_UNIT_BYTES = CHUNK_BATCH_UNITS * BATCH_UNIT_BYTES

/**
 * Memory for the units that are not yet written out: chunks of 25 units from slabs of 1 MiB that all queues share, so
 * that 50,000 queues need no buffer each. A queue's chunks form a chain through `next`.
 */
export class TailPool {
  readonly views: DataView[] = []
  next = new Int32Array(0)
  usedChunks = 0
  readonly #slabs: Uint8Array[] = []
  #free = -1

  get allocatedBytes(): number {
    return this.#slabs.length * SLAB_BYTES
  }

  /** A chunk without successor. Slabs are made as needed and kept: the caller bounds `usedChunks`. */
  take(): number {
    if (this.#free < 0) this.#addSlab()
    const chunk = this.#free
    this.#free = this.next[chunk]!
    this.next[chunk] = -1
    this.usedChunks++
    return chunk
  }

  /** Gives back a whole chain. */
  release(head: number): void {
    let chunk = head
    while (chunk >= 0) {
      const next = this.next[chunk]!
      this.next[chunk] = this.#free
      this.#free = chunk
      this.usedChunks--
      chunk = next
    }
  }

  view(chunk: number): DataView {
    return this.views[chunk >> CHUNKS_PER_SLAB_SHIFT]!
  }

  /** Where the chunk starts in its view. */
  start(chunk: number): number {
    return (chunk & CHUNK_IN_SLAB) << CHUNK_SHIFT
  }

  /** Copies the first bytes of a chain, of which each chunk holds `chunkBytes`, to `into`. */
  gather(head: number, lengthBytes: number, chunkBytes: number, into: Uint8Array): void {
    let chunk = head
    let left = lengthBytes
    let at = 0
    while (left > 0) {
      const length = Math.min(left, chunkBytes)
      const start = this.start(chunk)
      const slab = this.#slabs[chunk >> CHUNKS_PER_SLAB_SHIFT]!
      into.set(slab.subarray(start, start + length), at)
      at += length
      left -= length
      chunk = this.next[chunk]!
    }
  }

  #addSlab(): void {
    const slab = new Uint8Array(SLAB_BYTES)
    const first = this.#slabs.length << CHUNKS_PER_SLAB_SHIFT
    const count = 1 << CHUNKS_PER_SLAB_SHIFT
    this.#slabs.push(slab)
    this.views.push(viewOf(slab))
    if (this.next.length < first + count) {
      const next = new Int32Array(Math.max(first + count, this.next.length * 2))
      next.set(this.next)
      this.next = next
    }
    for (let chunk = first + count - 1; chunk >= first; chunk--) {
      this.next[chunk] = this.#free
      this.#free = chunk
    }
  }
}
