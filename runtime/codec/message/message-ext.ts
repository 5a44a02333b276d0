import { inflateSync, zstdDecompressSync } from 'node:zlib'
import { viewOf } from '../bytes.ts'
import { decodeHost } from './host.ts'
import { decompressLz4Frame } from './lz4-frame.ts'
import { encodeMessageId } from './message-id.ts'
import { decodeProperties } from './properties.ts'
import { RecordState, RecordView } from './record.ts'
import { SysFlag } from './sys-flag.ts'

/** A record decoded in full, for tools and tests. The data path works on the bytes: see {@link ./record.ts}. */
export interface MessageExt {
  topic: string
  queueId: number
  queueOffset: number
  phyOffset: number
  sizeBytes: number
  flag: number
  /** With the compressed bit cleared if the body below was decompressed. */
  sysFlag: number
  bornTimestampMs: number
  /** `ip:port` */
  bornHost: string
  storeTimestampMs: number
  storeHost: string
  reconsumeTimes: number
  preparedTransactionOffset: number
  bodyCrc: number
  body: Buffer
  properties: Map<string, string>
  /** The offset message id: storeHost and phyOffset in hex. */
  msgId: string
}

export interface DecodeOptions {
  /** Default true. */
  readonly decompress?: boolean
  /** Default true: throws when the body's CRC is wrong. */
  readonly checkCrc?: boolean
}

const STATE_TEXT: Record<RecordState, string> = {
  [RecordState.ok]: 'a record',
  [RecordState.blank]: 'the blank at the end of a commit log file',
  [RecordState.incomplete]: 'cut off',
  [RecordState.badMagic]: 'no record: unknown magic',
  [RecordState.badLayout]: 'no record: its lengths contradict each other',
}

/** Decodes the record at `start`. Throws for anything that is not a whole, intact record. */
export function decodeMessage(bytes: Uint8Array, start = 0, options: DecodeOptions = {}): MessageExt {
  const record = new RecordView()
  const state = record.parse(viewOf(bytes), start, bytes.length - start)
  if (state !== RecordState.ok) throw new Error(`message at byte ${start} is ${STATE_TEXT[state]}`)
  if (options.checkCrc !== false && !record.bodyIsIntact(bytes)) {
    throw new Error(`message at byte ${start}: body does not match its CRC ${record.bodyCrc}`)
  }
  const body = slice(bytes, record.bodyStart, record.bodyLength)
  const decompress = options.decompress !== false && (record.sysFlag & SysFlag.compressed) !== 0 && body.length > 0
  return {
    topic: text(bytes, record.topicStart, record.topicLength),
    queueId: record.queueId,
    queueOffset: record.queueOffset,
    phyOffset: record.phyOffset,
    sizeBytes: record.sizeBytes,
    flag: record.flag,
    sysFlag: decompress ? record.sysFlag & ~SysFlag.compressed : record.sysFlag,
    bornTimestampMs: record.bornTimestampMs,
    bornHost: decodeHost(bytes, record.bornHostStart, record.bornHostLength),
    storeTimestampMs: record.storeTimestampMs,
    storeHost: decodeHost(bytes, record.storeHostStart, record.storeHostLength),
    reconsumeTimes: record.reconsumeTimes,
    preparedTransactionOffset: record.preparedTransactionOffset,
    bodyCrc: record.bodyCrc,
    body: decompress ? decompressBody(body, record.sysFlag) : Buffer.from(body),
    properties: decodeProperties(text(bytes, record.propertiesStart, record.propertiesLength)),
    msgId: encodeMessageId(bytes, record.storeHostStart, record.storeHostLength, record.phyOffset),
  }
}

/** Decodes records that follow each other, as a pull response carries them. */
export function decodeMessages(bytes: Uint8Array, options: DecodeOptions = {}): MessageExt[] {
  const messages: MessageExt[] = []
  for (let at = 0; at < bytes.length; ) {
    const message = decodeMessage(bytes, at, options)
    messages.push(message)
    at += message.sizeBytes
  }
  return messages
}

/** The body of a message whose compressed bit is set. Messages of old clients name no algorithm and mean zlib. */
export function decompressBody(body: Uint8Array, sysFlag: number): Buffer {
  const type = sysFlag & SysFlag.compressionMask
  switch (type) {
    case 0:
    case SysFlag.compressionZlib:
      return inflateSync(body)
    case SysFlag.compressionZstd:
      return zstdDecompressSync(body)
    case SysFlag.compressionLz4:
      return decompressLz4Frame(body)
    default:
      throw new Error(`unknown compression type ${type >> 8} in sysFlag ${sysFlag}`)
  }
}

function slice(bytes: Uint8Array, start: number, length: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, length)
}

function text(bytes: Uint8Array, start: number, length: number): string {
  return slice(bytes, start, length).toString('utf8')
}
