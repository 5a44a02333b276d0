import { peekInt64, setInt64 } from '../../codec/bytes.ts'

/*
 * A unit of a compaction topic's own consume queue (Java's `SparseConsumeQueue`), big endian:
 *
 *   0  int64  position     where the record starts in the compaction log
 *   8  int32  size         of the record in bytes
 *  12  int64  tagsCode     Java hash code of the tag, 0 without one
 *  20  int64  storeTimestamp
 *  28  int64  queueOffset  of the message; those of removed messages are missing
 *  36  int16  1            messages in the record
 *  38  int32  -1
 *  42  int32  0
 *
 * Units fill a file from its start, in the order of their offsets. One with position -1 and zeros ends a file that is left
 * before it is full; a file that a compaction has written last ends with zeros.
 */
export const COMPACTION_UNIT_BYTES = 46

const SIZE_AT = 8
const TAGS_CODE_AT = 12
const STORE_TIMESTAMP_AT = 20
const QUEUE_OFFSET_AT = 28
const COUNT_AT = 36
const COMPACT_OFFSET_AT = 38
const RESERVED_AT = 42

export interface CompactionUnit {
  readonly position: number
  readonly sizeBytes: number
  readonly tagsCode: number
  readonly storeTimestampMs: number
  readonly queueOffset: number
}

export function setCompactionUnit(view: DataView, at: number, unit: CompactionUnit): void {
  setInt64(view, at, unit.position)
  view.setInt32(at + SIZE_AT, unit.sizeBytes)
  setInt64(view, at + TAGS_CODE_AT, unit.tagsCode)
  setInt64(view, at + STORE_TIMESTAMP_AT, unit.storeTimestampMs)
  setInt64(view, at + QUEUE_OFFSET_AT, unit.queueOffset)
  view.setInt16(at + COUNT_AT, 1)
  view.setInt32(at + COMPACT_OFFSET_AT, -1)
  view.setInt32(at + RESERVED_AT, 0)
}

/** The unit that ends a file before it is full. */
export function setEndUnit(view: DataView, at: number): void {
  setInt64(view, at, -1)
  for (let i = SIZE_AT; i < COMPACTION_UNIT_BYTES; i++) view.setUint8(at + i, 0)
  view.setInt32(at + COMPACT_OFFSET_AT, -1)
}

/** Units read from a file, as parallel arrays that are filled again and again. */
export class CompactionUnits {
  readonly capacity: number
  readonly positions: Float64Array
  readonly sizes: Int32Array
  readonly tagsCodes: Float64Array
  readonly storeTimestampsMs: Float64Array
  readonly queueOffsets: Float64Array
  count = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.positions = new Float64Array(capacity)
    this.sizes = new Int32Array(capacity)
    this.tagsCodes = new Float64Array(capacity)
    this.storeTimestampsMs = new Float64Array(capacity)
    this.queueOffsets = new Float64Array(capacity)
  }

  /** Takes the units that `bytes` begin with, up to the first place where none is. */
  take(view: DataView, count: number): void {
    this.count = 0
    for (let i = 0; i < count; i++) {
      const at = i * COMPACTION_UNIT_BYTES
      if (!isUnit(view, at)) return
      this.positions[i] = peekInt64(view, at)
      this.sizes[i] = view.getInt32(at + SIZE_AT)
      this.tagsCodes[i] = peekInt64(view, at + TAGS_CODE_AT)
      this.storeTimestampsMs[i] = peekInt64(view, at + STORE_TIMESTAMP_AT)
      this.queueOffsets[i] = peekInt64(view, at + QUEUE_OFFSET_AT)
      this.count++
    }
  }
}

/** As Java's `validateCqUnit`. */
function isUnit(view: DataView, at: number): boolean {
  if (!(peekInt64(view, at) >= 0) || view.getInt32(at + SIZE_AT) <= 0) return false
  return peekInt64(view, at + QUEUE_OFFSET_AT) >= 0 && view.getInt16(at + COUNT_AT) > 0
}
