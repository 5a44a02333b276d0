import { peekInt64, setInt64, viewOf } from '../../codec/bytes.ts'
import { crc32 } from '../../codec/crc32.ts'
import { type Entry, type EntryId, EntryKind } from '../entry.ts'

/*
 * One record of the log, big endian, at a multiple of 8:
 *
 *    0  int32  magic 0x47524c31 ("GRL1")
 *    4  int32  CRC-32 of everything from byte 8 to the end of the data
 *    8  int64  position of this record in the whole log: what was written to or copied to a wrong place is no record there
 *   16  int64  durable: everything before this position was durable when the record was written
 *   24  int64  index
 *   32  int64  term
 *   40  int64  term of the entry before
 *   48  int64  commit index known then
 *   56  int8   kind: 0 to 2 an entry (entry.ts), 15 the log begins anew behind index and term, where a snapshot is
 *   57  int8 x 3  0
 *   60  int32  size of the data
 *   64  data, zeros up to a multiple of 8
 *
 * Records are only ever appended. One with an index that is there already replaces that entry and all behind it.
 */
const RECORD_HEADER_BYTES = 64
export const RECORD_ALIGN_BYTES = 8

const MAGIC = 0x47524c31
const KIND_RESTART = 15

export interface LogRecord {
  readonly position: number
  readonly durable: number
  readonly previousTerm: number
  readonly commit: number
  readonly sizeBytes: number
  readonly id: EntryId
  /** Undefined: the log begins anew behind `id`. */
  readonly entry: Entry | undefined
}

/** What all records of one write have in common. */
export interface RecordContext {
  readonly durable: number
  readonly commit: number
}

function recordBytes(dataBytes: number): number {
  return RECORD_HEADER_BYTES + Math.ceil(dataBytes / RECORD_ALIGN_BYTES) * RECORD_ALIGN_BYTES
}

const NO_DATA = new Uint8Array(0)

/** The log begins anew behind this entry. */
export function encodeRestart(id: EntryId, position: number, context: RecordContext): Buffer {
  return encode(id, id.term, KIND_RESTART, NO_DATA, position, context)
}

export function encodeEntry(entry: Entry, previousTerm: number, position: number, context: RecordContext): Buffer {
  return encode(entry, previousTerm, entry.kind, entry.data, position, context)
}

function encode(
  id: EntryId,
  previousTerm: number,
  kind: number,
  data: Uint8Array,
  position: number,
  { durable, commit }: RecordContext,
): Buffer {
  const bytes = Buffer.alloc(recordBytes(data.length))
  const view = viewOf(bytes)
  view.setInt32(0, MAGIC)
  setInt64(view, 8, position)
  setInt64(view, 16, durable)
  setInt64(view, 24, id.index)
  setInt64(view, 32, id.term)
  setInt64(view, 40, previousTerm)
  setInt64(view, 48, commit)
  view.setUint8(56, kind)
  view.setInt32(60, data.length)
  bytes.set(data, RECORD_HEADER_BYTES)
  view.setInt32(4, crc32(bytes, 8, RECORD_HEADER_BYTES - 8 + data.length) | 0)
  return bytes
}

/** The record at byte `at`, which is `position` of the log; or why there is none. */
export function decodeRecord(bytes: Buffer, at: number, position: number): LogRecord | string {
  const view = viewOf(bytes)
  const left = bytes.length - at
  if (left < RECORD_HEADER_BYTES) return `only ${left} bytes are left for a record`
  if (view.getInt32(at) !== MAGIC) return 'no record begins here'
  const dataBytes = view.getInt32(at + 60)
  if (dataBytes < 0 || recordBytes(dataBytes) > left) return `a record of ${dataBytes} bytes does not fit`
  const checksum = crc32(bytes, at + 8, RECORD_HEADER_BYTES - 8 + dataBytes) | 0
  if (checksum !== view.getInt32(at + 4)) return 'the checksum does not match'
  const stands = peekInt64(view, at + 8)
  if (stands !== position) return `the record belongs to position ${stands}`
  const id = { index: peekInt64(view, at + 24), term: peekInt64(view, at + 32) }
  const kind = view.getUint8(at + 56)
  if (kind !== KIND_RESTART && kind > EntryKind.EMPTY) return `${kind} is no kind of record`
  const start = at + RECORD_HEADER_BYTES
  // A copy: a window would keep the whole file in memory for as long as the entry lives.
  const data = kind === KIND_RESTART ? undefined : Buffer.from(bytes.subarray(start, start + dataBytes))
  return {
    position,
    durable: peekInt64(view, at + 16),
    previousTerm: peekInt64(view, at + 40),
    commit: peekInt64(view, at + 48),
    sizeBytes: recordBytes(dataBytes),
    id,
    entry: data && { ...id, kind: kind as EntryKind, data },
  }
}
