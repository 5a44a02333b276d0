/** Entries that are kept room for; what a crowded slot needed beyond is given back. */
const ROOM = 1024

/** One message of the open slot. */
export interface DueMessage {
  phyOffset: number
  sizeBytes: number
  magic: number
  writeMs: number
  dueMs: number
}

/**
 * The messages of the slot whose time has come, by the millisecond at which each is due; of those due together the older
 * goes first. Parallel arrays, 36 bytes per message.
 */
export class OpenSlot {
  #phyOffset = new Float64Array(ROOM)
  #dueMs = new Float64Array(ROOM)
  #writeMs = new Float64Array(ROOM)
  #sizeBytes = new Int32Array(ROOM)
  #magic = new Int32Array(ROOM)
  /** A heap of entry numbers, and behind it those that are free. */
  #heap = new Int32Array(ROOM)
  #count = 0
  /** Entry numbers that were given out. */
  #used = 0

  get count(): number {
    return this.#count
  }

  /** When the first of them is due; infinite without any. */
  get firstDueMs(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : this.#dueMs[this.#heap[0]!]!
  }

  add({ phyOffset, sizeBytes, magic, writeMs, dueMs }: DueMessage): void {
    const entry = this.#freeEntry()
    this.#phyOffset[entry] = phyOffset
    this.#sizeBytes[entry] = sizeBytes
    this.#magic[entry] = magic
    this.#writeMs[entry] = writeMs
    this.#dueMs[entry] = dueMs
    this.#up(this.#count++, entry)
  }

  /** Takes the first one out. There must be one. */
  take(into: DueMessage): void {
    const entry = this.#heap[0]!
    into.phyOffset = this.#phyOffset[entry]!
    into.sizeBytes = this.#sizeBytes[entry]!
    into.magic = this.#magic[entry]!
    into.writeMs = this.#writeMs[entry]!
    into.dueMs = this.#dueMs[entry]!
    const last = this.#heap[--this.#count]!
    if (this.#count > 0) this.#down(last)
    this.#heap[this.#count] = entry
  }

  /** Behind the heap stand the entries that were given back. */
  #freeEntry(): number {
    if (this.#count < this.#used) return this.#heap[this.#count]!
    if (this.#used === this.#heap.length) this.#resize(this.#heap.length * 2)
    return this.#used++
  }

  clear(): void {
    this.#count = 0
    this.#used = 0
    if (this.#heap.length > ROOM) this.#resize(ROOM)
  }

  #isBefore(one: number, other: number): boolean {
    const difference = this.#dueMs[one]! - this.#dueMs[other]!
    return difference < 0 || (difference === 0 && this.#phyOffset[one]! < this.#phyOffset[other]!)
  }

  #up(from: number, entry: number): void {
    const heap = this.#heap
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(entry, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  /** Puts the entry where the first one was, or as far below as it belongs. */
  #down(entry: number): void {
    const heap = this.#heap
    let at = 0
    for (let child = 1; child < this.#count; child = 2 * at + 1) {
      if (child + 1 < this.#count && this.#isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!this.#isBefore(heap[child]!, entry)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = entry
  }

  #resize(length: number): void {
    const keep = <A extends Float64Array | Int32Array>(old: A, fresh: A): A => {
      fresh.set(old.subarray(0, Math.min(this.#used, length)) as never)
      return fresh
    }
    this.#phyOffset = keep(this.#phyOffset, new Float64Array(length))
    this.#dueMs = keep(this.#dueMs, new Float64Array(length))
    this.#writeMs = keep(this.#writeMs, new Float64Array(length))
    this.#sizeBytes = keep(this.#sizeBytes, new Int32Array(length))
    this.#magic = keep(this.#magic, new Int32Array(length))
    this.#heap = keep(this.#heap, new Int32Array(length))
  }
}
