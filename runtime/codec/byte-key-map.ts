/**
 * A map from names (UTF-8) to values that is also looked up by a range of bytes, without making a string: the data path
 * finds a topic or a group where its name lies in the request. Open addressing, linear probing, at most half full.
 */
export class ByteKeyMap<V> {
  readonly #byName = new Map<string, Entry<V>>()
  #slots: (Entry<V> | undefined)[] = new Array(MIN_SLOTS)

  get size(): number {
    return this.#byName.size
  }

  get(name: string): V | undefined {
    return this.#byName.get(name)?.value
  }

  has(name: string): boolean {
    return this.#byName.has(name)
  }

  getBytes(bytes: Uint8Array, start: number, length: number): V | undefined {
    const slots = this.#slots
    const mask = slots.length - 1
    const hash = hashBytes(bytes, start, length)
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const entry = slots[i]
      if (entry === undefined) return undefined
      if (entry.hash === hash && isSame(entry.key, bytes, start, length)) return entry.value
    }
  }

  set(name: string, value: V): void {
    const known = this.#byName.get(name)
    if (known !== undefined) {
      known.value = value
      return
    }
    const key = Buffer.from(name)
    const entry = { key, hash: hashBytes(key, 0, key.length), value }
    this.#byName.set(name, entry)
    if (this.#byName.size * 2 > this.#slots.length) this.#rebuild(this.#slots.length * 2)
    else place(this.#slots, entry)
  }

  /** Removal is rare, so it lays the table out anew instead of leaving marks behind. */
  delete(name: string): boolean {
    if (!this.#byName.delete(name)) return false
    this.#rebuild(this.#slots.length)
    return true
  }

  keys(): IterableIterator<string> {
    return this.#byName.keys()
  }

  /** In order of insertion. */
  *values(): IterableIterator<V> {
    for (const entry of this.#byName.values()) yield entry.value
  }

  #rebuild(slotCount: number): void {
    this.#slots = new Array(slotCount)
    for (const entry of this.#byName.values()) place(this.#slots, entry)
  }
}

interface Entry<V> {
  readonly key: Buffer
  readonly hash: number
  value: V
}

const MIN_SLOTS = 64

function place<V>(slots: (Entry<V> | undefined)[], entry: Entry<V>): void {
  const mask = slots.length - 1
  let i = entry.hash & mask
  while (slots[i] !== undefined) i = (i + 1) & mask
  slots[i] = entry
}

/** FNV-1a, 32 bits, with the high half folded in because tables use the low bits only. */
function hashBytes(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0x811c9dc5
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash ^ (hash >>> 16)
}

function isSame(key: Buffer, bytes: Uint8Array, start: number, length: number): boolean {
  if (key.length !== length) return false
  for (let i = 0; i < length; i++) {
    if (key[i] !== bytes[start + i]) return false
  }
  return true
}
