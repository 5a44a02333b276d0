import { peekInt64, setInt64 } from '../../codec/bytes.ts'

/*
 * A unit of the timer log, big endian. One unit stands for one message of the timer topic; those of one slot are chained
 * from the newest to the oldest.
 *
 *   0  int32  size        52
 *   4  int64  previous    position of the slot's unit before this one, -1 for none
 *  12  int32  magic       1, and 2 for a message that is rolled on, and 4 for one that deletes another
 *  16  int64  writeMs     when the unit was written, a multiple of the precision
 *  24  int32  delayMs     from then to the slot's time
 *  28  int64  phyOffset   where the message starts in the commit log
 *  36  int32  sizeBytes   of the message
 *  40  int32  topicHash   Java hash code of the real topic
 *  44  int64  zeros
 *
 * Where no other unit fits into a file, a blank ends it: int32 rest of the file, int64 0, int32 0xcbd43194.
 */
export const UNIT_BYTES = 52
/** Where in a unit its magic stands. */
export const MAGIC_AT = 12
export const BLANK_BYTES = 16
export const BLANK_MAGIC = 0xcbd43194 | 0

export const UnitMagic = { plain: 1, roll: 2, delete: 4 } as const
/** Whatever else may be set one day, as in Java's `isMagicOK`. */
const MAGIC_MAX = 15

/** Of a message that deletes another one, at the end of its way. */
export function deletes(magic: number): boolean {
  return (magic & UnitMagic.delete) !== 0 && (magic & UnitMagic.roll) === 0
}

export function rolls(magic: number): boolean {
  return (magic & UnitMagic.roll) !== 0
}

/** One unit; filled again and again. */
export class TimerUnit {
  previous = -1
  magic = 0
  writeMs = 0
  delayMs = 0
  phyOffset = 0
  sizeBytes = 0
  topicHash = 0

  get slotMs(): number {
    return this.writeMs + this.delayMs
  }

  /** How much the slot's count changes with it. */
  get weight(): number {
    return (this.magic & UnitMagic.delete) === 0 ? 1 : -1
  }

  encode(view: DataView, at: number): void {
    view.setInt32(at, UNIT_BYTES)
    setInt64(view, at + 4, this.previous)
    view.setInt32(at + MAGIC_AT, this.magic)
    setInt64(view, at + 16, this.writeMs)
    view.setInt32(at + 24, this.delayMs)
    setInt64(view, at + 28, this.phyOffset)
    view.setInt32(at + 36, this.sizeBytes)
    view.setInt32(at + 40, this.topicHash)
    setInt64(view, at + 44, 0)
  }

  /** False for bytes that are no unit. */
  decode(view: DataView, at: number): boolean {
    if (view.getInt32(at) !== UNIT_BYTES) return false
    this.previous = peekInt64(view, at + 4)
    this.magic = view.getInt32(at + MAGIC_AT)
    this.writeMs = peekInt64(view, at + 16)
    this.delayMs = view.getInt32(at + 24)
    this.phyOffset = peekInt64(view, at + 28)
    this.sizeBytes = view.getInt32(at + 36)
    this.topicHash = view.getInt32(at + 40)
    const isWhole = Number.isSafeInteger(this.previous + this.writeMs + this.phyOffset)
    return isWhole && this.magic > 0 && this.magic <= MAGIC_MAX && this.phyOffset >= 0 && this.sizeBytes > 0
  }
}
