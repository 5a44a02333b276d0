import { peekInt64, setInt64 } from '../../codec/bytes.ts'

/*
 * A unit of a consume queue, big endian:
 *
 *   0  int64  phyOffset   where the record starts in the commit log
 *   8  int32  size        of the record in bytes
 *  12  int64  tagsCode    Java hash code of the tag, 0 without one; for delayed messages the time of delivery
 *
 * A unit of zeros is one that was never written. A filler stands where a queue's first file begins before its first
 * message: phyOffset 0, size 2147483647, tagsCode 0.
 */
export const UNIT_BYTES = 20
export const FILLER_SIZE = 0x7fff_ffff

const SIZE_AT = 8
const TAGS_CODE_AT = 12
const HIGH = 0x1_0000_0000

export function setUnit(view: DataView, at: number, phyOffset: number, sizeBytes: number, tagsCode: number): void {
  const high = Math.floor(phyOffset / HIGH)
  view.setInt32(at, high)
  view.setUint32(at + 4, phyOffset - high * HIGH)
  view.setInt32(at + SIZE_AT, sizeBytes)
  const int32 = tagsCode | 0
  if (int32 === tagsCode) {
    view.setInt32(at + TAGS_CODE_AT, int32 >> 31)
    view.setInt32(at + TAGS_CODE_AT + 4, int32)
  } else {
    setInt64(view, at + TAGS_CODE_AT, tagsCode)
  }
}

/** Units read from a queue, as parallel arrays that are filled again and again. */
export class QueueUnits {
  readonly capacity: number
  readonly phyOffsets: Float64Array
  readonly sizes: Int32Array
  /** NaN where the code is beyond 2^53 (the address of an extension unit): such a unit cannot be filtered by its tag. */
  readonly tagsCodes: Float64Array
  count = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.phyOffsets = new Float64Array(capacity)
    this.sizes = new Int32Array(capacity)
    this.tagsCodes = new Float64Array(capacity)
  }

  /** Appends `count` units encoded at `at`. */
  take(view: DataView, at: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const unit = at + i * UNIT_BYTES
      this.phyOffsets[this.count] = peekInt64(view, unit)
      this.sizes[this.count] = view.getInt32(unit + SIZE_AT)
      this.tagsCodes[this.count] = peekInt64(view, unit + TAGS_CODE_AT)
      this.count++
    }
  }

  takeFillers(count: number): void {
    this.phyOffsets.fill(0, this.count, this.count + count)
    this.sizes.fill(FILLER_SIZE, this.count, this.count + count)
    this.tagsCodes.fill(0, this.count, this.count + count)
    this.count += count
  }

  isFiller(index: number): boolean {
    return this.phyOffsets[index] === 0 && this.sizes[index] === FILLER_SIZE
  }

  /** Whether the unit was ever written, as Java's recovery asks. */
  isWritten(index: number): boolean {
    return this.phyOffsets[index]! >= 0 && this.sizes[index]! > 0
  }
}
