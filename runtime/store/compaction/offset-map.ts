import { viewOf } from '../../codec/bytes.ts'
import { md5 } from '../../io/digest.ts'

const DIGEST_BYTES = 16
/** MD5 of the key, then its offset: what Java's `OffsetMap` takes of the memory, too. */
const OFFSET_MAP_ENTRY_BYTES = DIGEST_BYTES + 8
/** More than that of the slots are never in use, so that searches stay short. */
const FILL_MAX = 0.75
const CAPACITY_MIN = 100

/** The newest offset of each key among the messages a compaction looks at, in memory of a fixed size. */
export class OffsetMap {
  /** Last offset put. Of later messages nothing is known. */
  lastOffset = -1
  count = 0
  readonly #slots: number
  readonly #capacity: number
  readonly #digests: Int32Array
  /** Offset + 1; 0: free. */
  readonly #offsets: Float64Array

  /** Room for `keys` different keys, but for no more than fit `memoryBytes` (a hundred at least). */
  constructor(keys: number, memoryBytes: number) {
    const slotsMax = Math.max(Math.floor(memoryBytes / OFFSET_MAP_ENTRY_BYTES), Math.ceil(CAPACITY_MIN / FILL_MAX))
    this.#slots = Math.min(Math.ceil(Math.max(keys, CAPACITY_MIN) / FILL_MAX), slotsMax)
    this.#capacity = Math.floor(this.#slots * FILL_MAX)
    this.#digests = new Int32Array(this.#slots * 4)
    this.#offsets = new Float64Array(this.#slots)
  }

  /** False if the key is new and there is no room for it; nothing has changed then. */
  put(key: Uint8Array, offset: number): boolean {
    const digest = viewOf(md5(key))
    const slot = this.#find(digest)
    if (this.#offsets[slot] === 0) {
      if (this.count >= this.#capacity) return false
      for (let i = 0; i < 4; i++) this.#digests[slot * 4 + i] = digest.getInt32(i * 4)
      this.count++
    }
    this.#offsets[slot] = offset + 1
    this.lastOffset = offset
    return true
  }

  /** -1 for a key that is not there. */
  get(key: Uint8Array): number {
    return this.#offsets[this.#find(viewOf(md5(key)))]! - 1
  }

  /** Where the key is, or would be. There is always a free slot. */
  #find(digest: DataView): number {
    const a = digest.getInt32(0)
    const b = digest.getInt32(4)
    const c = digest.getInt32(8)
    const d = digest.getInt32(12)
    const digests = this.#digests
    for (let slot = (a >>> 0) % this.#slots; ; slot = slot + 1 === this.#slots ? 0 : slot + 1) {
      if (this.#offsets[slot] === 0) return slot
      const at = slot * 4
      if (digests[at] === a && digests[at + 1] === b && digests[at + 2] === c && digests[at + 3] === d) return slot
    }
  }
}
