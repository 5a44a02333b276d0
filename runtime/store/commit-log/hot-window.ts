import { viewOf } from '../../codec/bytes.ts'

/** Bytes per chunk. A record longer than that gets a chunk of its own. */
const CHUNK_BYTES = 1024 * 1024

/** A stretch of one commit log file in memory. Records never cross from one chunk into the next. */
export class HotChunk {
  bytes: Uint8Array
  view: DataView
  /** Commit log offset of the first byte. */
  startOffset = 0
  /** Bytes in use, staged ones included. */
  length = 0

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes)
    this.view = viewOf(this.bytes)
  }

  get endOffset(): number {
    return this.startOffset + this.length
  }
}

/**
 * The end of the commit log in memory: what is staged for the next write, and the most recent bytes for readers. Chunks
 * are made as they are needed and used again, oldest first, once the window has its size: an idle broker holds one.
 */
export class HotWindow {
  readonly #windowBytes: number
  /** Ascending by offset. There may be gaps between them. */
  readonly #chunks: HotChunk[] = []
  #capacityBytes = 0

  constructor(windowBytes: number) {
    this.#windowBytes = Math.max(windowBytes, CHUNK_BYTES)
  }

  get capacityBytes(): number {
    return this.#capacityBytes
  }

  /**
   * The chunk that goes on at `phyOffset` with room for `length` bytes; a new one at the start of a file. What lies before
   * `keepFrom` may be given up.
   */
  reserve(phyOffset: number, length: number, keepFrom: number, isFileStart: boolean): HotChunk {
    const tail = this.#chunks.at(-1)
    if (!isFileStart && tail !== undefined && tail.endOffset === phyOffset && tail.length + length <= tail.bytes.length)
      return tail
    const chunk = this.#makeChunk(length, keepFrom)
    chunk.startOffset = phyOffset
    chunk.length = 0
    this.#chunks.push(chunk)
    return chunk
  }

  #makeChunk(length: number, keepFrom: number): HotChunk {
    const sizeBytes = Math.max(length, CHUNK_BYTES)
    let reusable: HotChunk | undefined
    while (this.#capacityBytes + sizeBytes > this.#windowBytes) {
      const oldest = this.#chunks[0]
      if (oldest === undefined || oldest.endOffset > keepFrom) break
      this.#chunks.shift()
      this.#capacityBytes -= oldest.bytes.length
      if (oldest.bytes.length === sizeBytes) reusable = oldest
    }
    this.#capacityBytes += sizeBytes
    return reusable ?? new HotChunk(sizeBytes)
  }

  /** The chunk that holds the byte at `phyOffset`. */
  find(phyOffset: number): HotChunk | undefined {
    for (let i = this.#chunks.length - 1; i >= 0; i--) {
      const chunk = this.#chunks[i]!
      if (phyOffset >= chunk.startOffset) return phyOffset < chunk.endOffset ? chunk : undefined
    }
    return undefined
  }

  /** Calls `use` for every stretch of bytes from `fromOffset` on, ascending. */
  forEachFrom(fromOffset: number, use: (chunk: HotChunk, start: number, length: number) => void): void {
    for (const chunk of this.#chunks) {
      if (chunk.endOffset <= fromOffset) continue
      const start = Math.max(fromOffset - chunk.startOffset, 0)
      use(chunk, start, chunk.length - start)
    }
  }

  /** Forgets everything from `phyOffset` on. */
  dropFrom(phyOffset: number): void {
    for (;;) {
      const tail = this.#chunks.at(-1)
      if (tail === undefined || tail.endOffset <= phyOffset) return
      if (tail.startOffset < phyOffset) {
        tail.length = phyOffset - tail.startOffset
        return
      }
      this.#chunks.pop()
      this.#capacityBytes -= tail.bytes.length
    }
  }
}
