import { PropertyRanges, scanProperties } from '../../codec/message/properties.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { CompactionScratch } from './compaction-scratch.ts'
import type { CompactionSegment } from './compaction-segment.ts'
import type { CompactionSegments } from './compaction-segments.ts'

/** Bytes of records read at once, unless one of them is longer. */
const READ_BYTES = 512 * 1024

/** Goes through the records of some files, a piece at a time. The fields tell of the record that is visited. */
export class RecordWalk {
  start = 0
  sizeBytes = 0
  queueOffset = 0
  tagsCode = 0
  storeTimestampMs = 0
  bodyLength = 0
  /** Undefined without one, or with one of blanks. */
  key: Uint8Array | undefined
  readonly #segments: CompactionSegments
  readonly #scratch: CompactionScratch
  readonly #sources: readonly CompactionSegment[]
  readonly #record = new RecordView()
  readonly #ranges = new PropertyRanges()
  #source = 0
  #unit = 0

  constructor(segments: CompactionSegments, scratch: CompactionScratch, sources: readonly CompactionSegment[]) {
    this.#segments = segments
    this.#scratch = scratch
    this.#sources = sources
  }

  get bytes(): Uint8Array {
    return this.#scratch.records
  }

  get isAtEnd(): boolean {
    return this.#source >= this.#sources.length
  }

  /**
   * Visits the records of the next piece; returns its bytes. `visit` says false to end it all. Throws, naming the file, where
   * a file does not hold what its queue file says.
   */
  next(visit: () => boolean): number {
    while (!this.isAtEnd && this.#unit >= this.#sources[this.#source]!.unitCount) {
      this.#source++
      this.#unit = 0
    }
    if (this.isAtEnd) return 0
    const segment = this.#sources[this.#source]!
    const { units } = this.#segments
    this.#segments.readUnits(segment, this.#unit, units)
    if (units.count === 0) throw this.#damaged(segment, this.#unit)
    let length = units.sizes[0]!
    let count = 1
    while (count < units.count && length + units.sizes[count]! <= READ_BYTES) length += units.sizes[count++]!
    if (this.#segments.readLog(segment, units.positions[0]!, length) < length) throw this.#damaged(segment, this.#unit)
    let at = 0
    for (let i = 0; i < count; i++) {
      if (!this.#read(at, i)) throw this.#damaged(segment, this.#unit + i)
      at += this.sizeBytes
      if (visit()) continue
      this.#source = this.#sources.length
      return at
    }
    this.#unit += count
    return length
  }

  #read(at: number, i: number): boolean {
    const { units } = this.#segments
    const record = this.#record
    const sizeBytes = units.sizes[i]!
    if (record.parse(this.#scratch.recordView, at, sizeBytes) !== RecordState.ok) return false
    if (record.sizeBytes !== sizeBytes || record.queueOffset !== units.queueOffsets[i]) return false
    this.start = at
    this.sizeBytes = sizeBytes
    this.queueOffset = record.queueOffset
    this.tagsCode = units.tagsCodes[i]!
    this.storeTimestampMs = record.storeTimestampMs
    this.bodyLength = record.bodyLength
    scanProperties(this.bytes, record.propertiesStart, record.propertiesLength, this.#ranges)
    const { keysStart, keysLength } = this.#ranges
    this.key = isBlank(this.bytes, keysStart, keysLength)
      ? undefined
      : this.bytes.subarray(keysStart, keysStart + keysLength)
    return true
  }

  #damaged(segment: CompactionSegment, unit: number): Error {
    return new Error(
      `compaction log ${this.#segments.logPath(segment)} is damaged: the message of unit ${unit} of its queue file is not there`,
    )
  }
}

/** Whether a key is none: absent, or of blanks, as `StringUtils.isBlank` says of ASCII. */
export function isBlank(bytes: Uint8Array, start: number, length: number): boolean {
  if (start < 0) return true
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i]!
    const isSpace = byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || (byte >= 0x1c && byte <= 0x1f)
    if (!isSpace) return false
  }
  return true
}
