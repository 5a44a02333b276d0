import type { Connection } from '../io/network.ts'
import type { Slab, SlabPool } from './slab.ts'
import type { Flushable, Turn } from './turn.ts'

/** Larger pieces are handed to the socket as they are; smaller ones are cheaper to copy than to write on their own. */
const COPY_BELOW_BYTES = 16 * 1024

/**
 * What a connection sends in this turn. Frames are laid out back to back in a slab and leave with one write at the end
 * of the turn; a large buffer goes between slabs without a copy.
 *
 * Use: `const at = out.reserve(bytesAtMost)`, write into `out.bytes` / `out.view` from `at`, then `out.commit(used)`.
 */
export class Output implements Flushable {
  bytes: Buffer = EMPTY
  view: DataView = EMPTY_VIEW
  readonly #connection: Connection
  readonly #turn: Turn
  readonly #slabs: SlabPool
  #slab: Slab | undefined
  #filled = 0
  #enlisted = false

  constructor(connection: Connection, turn: Turn, slabs: SlabPool) {
    this.#connection = connection
    this.#turn = turn
    this.#slabs = slabs
  }

  /** Room for up to `bytesAtMost` contiguous bytes; returns where they start. */
  reserve(bytesAtMost: number): number {
    if (!this.#slab || this.#filled + bytesAtMost > this.bytes.length) this.#nextSlab(bytesAtMost)
    return this.#filled
  }

  /** The first `length` bytes of what was reserved are to be sent. */
  commit(length: number): void {
    this.#filled += length
    this.#enlist()
  }

  /** Sends a buffer that is not changed any more. */
  append(bytes: Buffer): void {
    if (bytes.length <= COPY_BELOW_BYTES) {
      const at = this.reserve(bytes.length)
      bytes.copy(this.bytes, at)
      this.commit(bytes.length)
      return
    }
    this.#sendSlab()
    this.#connection.write(bytes)
    this.#enlist()
  }

  flush(): void {
    this.#enlisted = false
    this.#sendSlab()
    this.onFlushed()
  }

  /** Gives up what was not sent: the connection is gone. */
  discard(): void {
    this.#slab?.release()
    this.#slab = undefined
    this.#filled = 0
  }

  /** Set by the owner to watch the amount that waits. */
  onFlushed: () => void = () => {}

  #enlist(): void {
    if (this.#enlisted) return
    this.#enlisted = true
    this.#turn.enlist(this)
  }

  #nextSlab(bytesAtMost: number): void {
    this.#sendSlab()
    const slab = bytesAtMost > this.#slabs.slabBytes ? singleUse(bytesAtMost) : this.#slabs.acquire()
    this.#slab = slab
    this.bytes = slab.bytes
    this.view = slab.view
  }

  #sendSlab(): void {
    const slab = this.#slab
    if (!slab) return
    this.#slab = undefined
    const length = this.#filled
    this.#filled = 0
    if (length === 0) slab.release()
    else this.#connection.write(slab.bytes.subarray(0, length), slab.release)
  }
}

const EMPTY = Buffer.alloc(0)
const EMPTY_VIEW = new DataView(EMPTY.buffer, 0, 0)

function singleUse(sizeBytes: number): Slab {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes)
  return { bytes, view: new DataView(bytes.buffer), release: () => {} }
}
