import { peekInt64, setInt64 } from '../../codec/bytes.ts'

/*
 * An index file, big endian:
 *
 *   0  header, 40 bytes
 *        0  int64  beginTimestamp    store time of the first message
 *        8  int64  endTimestamp      ... of the last
 *       16  int64  beginPhyOffset    where the first message starts in the commit log
 *       24  int64  endPhyOffset      ... the last
 *       32  int32  slotsUsed
 *       36  int32  count             entries, plus 1: entry 0 is never used
 *  40  slots, int32 each: number of the last entry whose hash modulo the slot count is this slot, 0 for none
 *  ..  entries, 20 bytes each
 *        0  int32  hash              see key-hash.ts
 *        4  int64  phyOffset
 *       12  int32  seconds since beginTimestamp
 *       16  int32  previous          entry of the same slot, 0 for none
 */
export const HEADER_BYTES = 40
export const SLOT_BYTES = 4
export const ENTRY_BYTES = 20

export interface IndexShape {
  /** maxHashSlotNum */
  readonly slotCount: number
  /** maxIndexNum: a file is full when its count has reached this. */
  readonly countMax: number
}

export function entriesStart(shape: IndexShape): number {
  return HEADER_BYTES + shape.slotCount * SLOT_BYTES
}

export function indexFileBytes(shape: IndexShape): number {
  return entriesStart(shape) + shape.countMax * ENTRY_BYTES
}

export class IndexHeader {
  beginTimestamp = 0
  endTimestamp = 0
  beginPhyOffset = 0
  endPhyOffset = 0
  slotsUsed = 0
  count = 1

  read(view: DataView): void {
    this.beginTimestamp = peekInt64(view, 0)
    this.endTimestamp = peekInt64(view, 8)
    this.beginPhyOffset = peekInt64(view, 16)
    this.endPhyOffset = peekInt64(view, 24)
    this.slotsUsed = view.getInt32(32)
    this.count = Math.max(1, view.getInt32(36))
  }

  write(view: DataView): void {
    setInt64(view, 0, this.beginTimestamp)
    setInt64(view, 8, this.endTimestamp)
    setInt64(view, 16, this.beginPhyOffset)
    setInt64(view, 24, this.endPhyOffset)
    view.setInt32(32, this.slotsUsed)
    view.setInt32(36, this.count)
  }

  /** Whether the file may hold messages of a span of time, as `IndexFile.isTimeMatched`. */
  overlaps(beginMs: number, endMs: number): boolean {
    return (
      (beginMs < this.beginTimestamp && endMs > this.endTimestamp) ||
      (beginMs >= this.beginTimestamp && beginMs <= this.endTimestamp) ||
      (endMs >= this.beginTimestamp && endMs <= this.endTimestamp)
    )
  }
}

/** One entry, read again and again. */
export class IndexEntry {
  hash = 0
  phyOffset = 0
  seconds = 0
  previous = 0

  read(view: DataView, at: number): void {
    this.hash = view.getInt32(at)
    this.phyOffset = peekInt64(view, at + 4)
    this.seconds = view.getInt32(at + 12)
    this.previous = view.getInt32(at + 16)
  }
}
