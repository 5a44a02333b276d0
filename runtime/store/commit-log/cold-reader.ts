import type { SegmentFiles } from './segment-files.ts'

/** A read from disk brings in at least so much: the messages of one pull often lie close together. */
const EXTENT_BYTES = 64 * 1024
/** Extents kept. One per consumer that reads old messages serves them all from memory. */
const EXTENTS_MAX = 64
/** Longer records are read into memory of their own that is not kept. */
const KEPT_BYTES_MAX = 256 * 1024

export interface ColdReaderConfig {
  /** Without it a read from disk brings in what is asked for, and no more. */
  readonly dataReadAheadEnable: boolean
}

class Extent {
  bytes = new Uint8Array(EXTENT_BYTES)
  startOffset = 0
  length = 0
  lastUse = 0
}

/** Reads old parts of the commit log through a small cache of what was read last. */
export class ColdReader {
  readonly #files: SegmentFiles
  readonly #config: ColdReaderConfig
  readonly #extents: Extent[] = []
  #latest: Extent | undefined
  #uses = 0
  /** Position of the bytes found by the last {@link ColdReader.read}. */
  start = 0

  constructor(files: SegmentFiles, config: ColdReaderConfig) {
    this.#files = files
    this.#config = config
  }

  /**
   * The memory that holds `length` bytes from `phyOffset` on, at `this.start`; valid until the next call. Undefined if
   * they are not in one file. Bytes from `endOffset` on are not to be looked at: they may still change.
   */
  read(phyOffset: number, length: number, endOffset: number): Uint8Array | undefined {
    if (length > KEPT_BYTES_MAX) {
      const bytes = new Uint8Array(length)
      this.start = 0
      return this.#files.read(bytes, 0, length, phyOffset) === length ? bytes : undefined
    }
    const found = this.#find(phyOffset, length) ?? this.#load(phyOffset, length, endOffset)
    if (found === undefined) return undefined
    this.start = phyOffset - found.startOffset
    return found.bytes
  }

  #find(phyOffset: number, length: number): Extent | undefined {
    const latest = this.#latest
    if (latest !== undefined && holds(latest, phyOffset, length)) return latest
    for (const extent of this.#extents) {
      if (!holds(extent, phyOffset, length)) continue
      extent.lastUse = ++this.#uses
      this.#latest = extent
      return extent
    }
    return undefined
  }

  #load(phyOffset: number, length: number, endOffset: number): Extent | undefined {
    const extent = this.#extents.length < EXTENTS_MAX ? new Extent() : this.#leastRecentlyUsed()
    if (extent.bytes.length < length) extent.bytes = new Uint8Array(KEPT_BYTES_MAX)
    const most = this.#config.dataReadAheadEnable ? extent.bytes.length : length
    const wanted = Math.min(most, endOffset - phyOffset)
    extent.length = 0
    extent.length = this.#files.read(extent.bytes, 0, wanted, phyOffset)
    extent.startOffset = phyOffset
    extent.lastUse = ++this.#uses
    if (!this.#extents.includes(extent)) this.#extents.push(extent)
    this.#latest = extent
    return extent.length >= length ? extent : undefined
  }

  #leastRecentlyUsed(): Extent {
    let oldest = this.#extents[0]!
    for (const extent of this.#extents) if (extent.lastUse < oldest.lastUse) oldest = extent
    return oldest
  }

  /** Forgets everything: the log was cut. */
  clear(): void {
    this.#extents.length = 0
    this.#latest = undefined
  }
}

function holds(extent: Extent, phyOffset: number, length: number): boolean {
  return phyOffset >= extent.startOffset && phyOffset + length <= extent.startOffset + extent.length
}
