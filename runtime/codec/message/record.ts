import { peekInt64, setInt64 } from '../bytes.ts'
import { crc32 } from '../crc32.ts'
import { SysFlag } from './sys-flag.ts'

/*
 * One record of the commit log, big endian. H is 8 for an IPv4 host and 20 for an IPv6 one (address, then int32 port).
 *
 *   0  int32  total size            36  int32  sysFlag                 ..  int32  reconsumeTimes
 *   4  int32  magic v1 | v2         40  int64  bornTimestamp           ..  int64  preparedTransactionOffset
 *   8  int32  body CRC-32 & 2^31-1  48  H      bornHost                ..  int32  n, then n bytes of body
 *  12  int32  queueId               ..  int64  storeTimestamp          ..  int8 (v1) | int16 (v2) n, n bytes of topic
 *  16  int32  flag                  ..  H      storeHost               ..  int16  n, then n bytes of properties
 *  20  int64  queueOffset
 *  28  int64  phyOffset
 *
 * A file ends with a blank: int32 rest of the file, int32 blank magic; what follows in the file has no meaning.
 */

export const MAGIC_V1 = 0xdaa320a7 | 0
/** Topic length takes two bytes. Used for topics of more than 127 bytes, as `autoMessageVersionOnTopicLen` says. */
export const MAGIC_V2 = 0xdaa320ab | 0
const MAGIC_BLANK = 0xcbd43194 | 0

/** Where the flags stand in a record. */
export const SYS_FLAG_AT = 36

/** Every record leaves at least so many bytes in its file: the room of the blank. */
export const BLANK_SIZE = 8

const TOPIC_LENGTH_MAX_V1 = 127
export const TOPIC_LENGTH_MAX = 32767
export const PROPERTIES_LENGTH_MAX = 32767

/** Bytes of a v1 record with IPv4 hosts but for topic, body and properties. */
const FIXED_SIZE_V1 = 91

/** A stretch of bytes inside a larger buffer. */
export interface ByteRange {
  bytes: Uint8Array
  start: number
  length: number
}

/** What a record is made of. Hosts are 8 or 20 bytes: IPv4 or IPv6 address, then int32 port. */
export interface RecordSource {
  readonly topicBytes: Uint8Array
  readonly queueId: number
  readonly flag: number
  readonly sysFlag: number
  readonly bornTimestampMs: number
  readonly bornHost: Uint8Array
  readonly storeHost: Uint8Array
  readonly reconsumeTimes: number
  readonly preparedTransactionOffset: number
  readonly body: Readonly<ByteRange>
  readonly properties: Readonly<ByteRange>
  /** Already encoded properties that follow `properties`; the separator between the two is added where it is missing. */
  readonly extraProperties: Uint8Array | undefined
}

const PROPERTY_SEPARATOR = 2

/** The properties' length in the record, both parts and the separator between them included. */
export function recordPropertiesLength(source: RecordSource): number {
  const own = source.properties.length
  const extra = source.extraProperties
  if (extra === undefined || extra.length === 0) return own
  return own + extra.length + (lacksSeparator(source.properties) ? 1 : 0)
}

/** Total size of the record in bytes. */
export function recordSize(source: RecordSource, propertiesLength: number): number {
  const topicLength = source.topicBytes.length
  return (
    FIXED_SIZE_V1 -
    16 +
    source.bornHost.length +
    source.storeHost.length +
    source.body.length +
    topicLength +
    (topicLength > TOPIC_LENGTH_MAX_V1 ? 1 : 0) +
    propertiesLength
  )
}

/**
 * Lays `source` out at `start`; `bytes` and `view` share their memory. `size` and `propertiesLength` are what
 * {@link recordSize} and {@link recordPropertiesLength} gave.
 */
export function encodeRecord(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  source: RecordSource,
  size: number,
  propertiesLength: number,
  queueOffset: number,
  phyOffset: number,
  storeTimestampMs: number,
): void {
  const { topicBytes, bornHost, storeHost, body } = source
  const topicLength = topicBytes.length
  const isV2 = topicLength > TOPIC_LENGTH_MAX_V1
  view.setInt32(start, size)
  view.setInt32(start + 4, isV2 ? MAGIC_V2 : MAGIC_V1)
  view.setInt32(start + 12, source.queueId)
  view.setInt32(start + 16, source.flag)
  setInt64(view, start + 20, queueOffset)
  setInt64(view, start + 28, phyOffset)
  view.setInt32(start + 36, hostFlags(source.sysFlag, bornHost.length, storeHost.length))
  setInt64(view, start + 40, source.bornTimestampMs)
  let at = copyBytes(bytes, start + 48, bornHost, 0, bornHost.length)
  setInt64(view, at, storeTimestampMs)
  at = copyBytes(bytes, at + 8, storeHost, 0, storeHost.length)
  view.setInt32(at, source.reconsumeTimes)
  setInt64(view, at + 4, source.preparedTransactionOffset)
  view.setInt32(at + 12, body.length)
  const bodyStart = at + 16
  at = copyBytes(bytes, bodyStart, body.bytes, body.start, body.length)
  view.setInt32(start + 8, recordBodyCrc(bytes, bodyStart, body.length))
  if (isV2) {
    view.setInt16(at, topicLength)
    at += 2
  } else {
    view.setInt8(at, topicLength)
    at += 1
  }
  at = copyBytes(bytes, at, topicBytes, 0, topicLength)
  view.setInt16(at, propertiesLength)
  encodeProperties(bytes, at + 2, source)
}

function encodeProperties(bytes: Uint8Array, start: number, source: RecordSource): void {
  const { properties, extraProperties } = source
  let at = copyBytes(bytes, start, properties.bytes, properties.start, properties.length)
  if (extraProperties === undefined || extraProperties.length === 0) return
  if (lacksSeparator(properties)) bytes[at++] = PROPERTY_SEPARATOR
  copyBytes(bytes, at, extraProperties, 0, extraProperties.length)
}

function lacksSeparator(properties: Readonly<ByteRange>): boolean {
  const { bytes, start, length } = properties
  return length > 0 && bytes[start + length - 1] !== PROPERTY_SEPARATOR
}

function hostFlags(sysFlag: number, bornHostLength: number, storeHostLength: number): number {
  const cleared = sysFlag & ~(SysFlag.bornHostV6 | SysFlag.storeHostV6)
  return cleared | (bornHostLength === 20 ? SysFlag.bornHostV6 : 0) | (storeHostLength === 20 ? SysFlag.storeHostV6 : 0)
}

/** Writes the blank that fills a file from `start` on; `rest` is what is left of the file. */
export function encodeBlank(view: DataView, start: number, rest: number): void {
  view.setInt32(start, rest)
  view.setInt32(start + 4, MAGIC_BLANK)
}

/** Java keeps the CRC in an int and clears its sign. */
function recordBodyCrc(bytes: Uint8Array, start: number, length: number): number {
  return crc32(bytes, start, length) & 0x7fff_ffff
}

/** Short stretches are copied by hand: a subarray and a call of `set` cost some 40 ns. */
const COPY_LOOP_MAX = 24

function copyBytes(to: Uint8Array, at: number, from: Uint8Array, start: number, length: number): number {
  if (length <= COPY_LOOP_MAX) {
    for (let i = 0; i < length; i++) to[at + i] = from[start + i]!
  } else if (start === 0 && length === from.length) {
    to.set(from, at)
  } else {
    to.set(from.subarray(start, start + length), at)
  }
  return at + length
}

/** What {@link RecordView.parse} found. */
export const RecordState = {
  ok: 0,
  /** The rest of the file is unused; `sizeBytes` is the size the blank gives for it. */
  blank: 1,
  /** The record is longer than what is available. `sizeBytes` is what it claims, or 0 if not even that can be read. */
  incomplete: 2,
  /** Neither a record nor a blank starts here. Freshly preallocated room, all zeros, is of this kind. */
  badMagic: 3,
  /** A record's magic, but its lengths contradict each other or a field holds what no writer writes. */
  badLayout: 4,
} as const

export type RecordState = (typeof RecordState)[keyof typeof RecordState]

/** A record's fields, read in place. One object serves any number of records: each `parse` replaces all fields. */
export class RecordView {
  sizeBytes = 0
  magic = 0
  bodyCrc = 0
  queueId = 0
  flag = 0
  queueOffset = 0
  phyOffset = 0
  sysFlag = 0
  bornTimestampMs = 0
  bornHostStart = 0
  bornHostLength = 0
  storeTimestampMs = 0
  storeHostStart = 0
  storeHostLength = 0
  reconsumeTimes = 0
  preparedTransactionOffset = 0
  bodyStart = 0
  bodyLength = 0
  topicStart = 0
  topicLength = 0
  propertiesStart = 0
  propertiesLength = 0

  /**
   * Reads the record at `start` of which `available` bytes can be read. All positions refer to the view. The body's CRC
   * is not checked: see {@link RecordView.bodyIsIntact}.
   */
  parse(view: DataView, start: number, available: number): RecordState {
    this.sizeBytes = 0
    if (available < BLANK_SIZE) return RecordState.incomplete
    const size = view.getInt32(start)
    const magic = view.getInt32(start + 4)
    this.magic = magic
    if (magic === MAGIC_BLANK) {
      this.sizeBytes = size
      return size < BLANK_SIZE ? RecordState.badLayout : RecordState.blank
    }
    if (magic !== MAGIC_V1 && magic !== MAGIC_V2) return RecordState.badMagic
    if (size < FIXED_SIZE_V1) return RecordState.badLayout
    this.sizeBytes = size
    if (size > available) return RecordState.incomplete
    this.#parseHead(view, start)
    if (this.propertiesStart > start + size - RECORD_TAIL_MIN) return RecordState.badLayout
    if (!this.#parseTail(view, start + size)) return RecordState.badLayout
    const sum = this.queueOffset + this.phyOffset + this.storeTimestampMs + this.bornTimestampMs
    return Number.isNaN(sum) ? RecordState.badLayout : RecordState.ok
  }

  /** Fields up to the body's length; `propertiesStart` marks where reading goes on. */
  #parseHead(view: DataView, start: number): void {
    this.bodyCrc = view.getInt32(start + 8)
    this.queueId = view.getInt32(start + 12)
    this.flag = view.getInt32(start + 16)
    this.queueOffset = peekInt64(view, start + 20)
    this.phyOffset = peekInt64(view, start + 28)
    const sysFlag = view.getInt32(start + 36)
    this.sysFlag = sysFlag
    this.bornTimestampMs = peekInt64(view, start + 40)
    this.bornHostStart = start + 48
    this.bornHostLength = (sysFlag & SysFlag.bornHostV6) === 0 ? 8 : 20
    let at = start + 48 + this.bornHostLength
    this.storeTimestampMs = peekInt64(view, at)
    this.storeHostStart = at + 8
    this.storeHostLength = (sysFlag & SysFlag.storeHostV6) === 0 ? 8 : 20
    at += 8 + this.storeHostLength
    this.propertiesStart = at
  }

  #parseTail(view: DataView, end: number): boolean {
    let at = this.propertiesStart
    this.reconsumeTimes = view.getInt32(at)
    this.preparedTransactionOffset = peekInt64(view, at + 4)
    const bodyLength = Math.max(view.getInt32(at + 12), 0)
    this.bodyLength = bodyLength
    this.bodyStart = at + 16
    at += 16 + bodyLength
    const topicLengthSize = this.magic === MAGIC_V2 ? 2 : 1
    if (at + topicLengthSize + 2 > end) return false
    const topicLength = topicLengthSize === 2 ? view.getInt16(at) : view.getInt8(at)
    at += topicLengthSize
    this.topicStart = at
    this.topicLength = topicLength
    if (topicLength < 0 || at + topicLength + 2 > end) return false
    at += topicLength
    // Java reads a negative length as none.
    this.propertiesLength = Math.max(view.getInt16(at), 0)
    this.propertiesStart = at + 2
    return at + 2 + this.propertiesLength === end
  }

  /** `bytes` are the ones the parsed view looks at. */
  bodyIsIntact(bytes: Uint8Array): boolean {
    return this.bodyLength === 0 || recordBodyCrc(bytes, this.bodyStart, this.bodyLength) === this.bodyCrc
  }
}

/** reconsumeTimes to the body's length (16), topic length (1), properties length (2). */
const RECORD_TAIL_MIN = 19
