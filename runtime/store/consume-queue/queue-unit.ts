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

/*
 * A unit of a batch consume queue, big endian. It stands for a record of one or more messages:
 *
 *   0  int64  phyOffset        28  int64  msgBaseOffset    queue offset of the first message
 *   8  int32  size             36  int16  batchSize        number of messages
 *  12  int64  tagsCode         38  int32  compactedOffset  always -1
 *  20  int64  storeTime        42  int32  reserved         0
 *
 * Units follow one another without fillers, whatever their offsets. A unit of zeros was never written.
 */
export const BATCH_UNIT_BYTES = 46
/** int16 */
export const MESSAGES_PER_UNIT_MAX = 0x7fff

const STORE_TIME_AT = 20
const BASE_OFFSET_AT = 28
const BATCH_SIZE_AT = 36
const COMPACTED_OFFSET_AT = 38
const RESERVED_AT = 42

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

export function setBatchUnit(
  view: DataView,
  at: number,
  phyOffset: number,
  sizeBytes: number,
  tagsCode: number,
  storeTimestampMs: number,
  baseOffset: number,
  messageCount: number,
): void {
  setUnit(view, at, phyOffset, sizeBytes, tagsCode)
  setInt64(view, at + STORE_TIME_AT, storeTimestampMs)
  setInt64(view, at + BASE_OFFSET_AT, baseOffset)
  view.setInt16(at + BATCH_SIZE_AT, messageCount)
  view.setInt32(at + COMPACTED_OFFSET_AT, -1)
  view.setInt32(at + RESERVED_AT, 0)
}

/** Units read from a queue, as parallel arrays that are filled again and again. */
export class QueueUnits {
  readonly capacity: number
  readonly phyOffsets: Float64Array
  readonly sizes: Int32Array
  /** NaN where the code is beyond 2^53 (the address of an extension unit): such a unit cannot be filtered by its tag. */
  readonly tagsCodes: Float64Array
  /** Of batch consume queues alone: offset of the first message, number of messages, and when they were stored. */
  readonly baseOffsets: Float64Array
  readonly messageCounts: Int16Array
  readonly storeTimes: Float64Array
  count = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.baseOffsets = new Float64Array(capacity)
    this.messageCounts = new Int16Array(capacity)
    this.storeTimes = new Float64Array(capacity)
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

  /** Appends `count` units of a batch consume queue. */
  takeBatches(view: DataView, at: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const unit = at + i * BATCH_UNIT_BYTES
      this.phyOffsets[this.count] = peekInt64(view, unit)
      this.sizes[this.count] = view.getInt32(unit + SIZE_AT)
      this.tagsCodes[this.count] = peekInt64(view, unit + TAGS_CODE_AT)
      this.storeTimes[this.count] = peekInt64(view, unit + STORE_TIME_AT)
      this.baseOffsets[this.count] = peekInt64(view, unit + BASE_OFFSET_AT)
      this.messageCounts[this.count] = view.getInt16(unit + BATCH_SIZE_AT)
      this.count++
    }
  }

  /** Of a batch consume queue: one past the last message of a unit. */
  endOffset(index: number): number {
    return this.baseOffsets[index]! + this.messageCounts[index]!
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
