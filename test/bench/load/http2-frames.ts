/*
 * Frames of HTTP/2 (RFC 9113): uint24 length, uint8 type, uint8 flags, uint32 stream, then the payload. Header blocks are
 * those of HPACK (RFC 7541) without Huffman codes.
 */

export const HEAD_BYTES = 9
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export const FrameType = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const
export const FrameFlag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8 } as const

const SERVICE = '/apache.rocketmq.v2.MessagingService/'

/** What is the same in all calls of a client: sent whole with the first one, by its number in the table afterwards. */
const SHARED: readonly (readonly [string, string])[] = [
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
  ['user-agent', 'grpc-java-netty/1.53.0'],
  ['x-mq-language', 'JAVA'],
  ['x-mq-protocol', 'v2'],
  ['x-mq-client-version', '5.2.0'],
  ['x-mq-client-id', `lean-grpc@${process.pid}`],
]

/** What official clients write anew for every call. The texts do not matter to servers that do not check signatures. */
const OWN: readonly (readonly [string, string])[] = [
  ['x-mq-request-id', '2f1c9c0e-4a55-4a86-9d4e-0f6f4f1d3c5b'],
  ['x-mq-date-time', '20260101T000000Z'],
]
/** Not of a stream that stays open: the server ends it when this is over. */
const DEADLINE = ['grpc-timeout', '30S'] as const

const METHOD_POST = 0x83
const SCHEME_HTTP = 0x86
const NAME_OF_PATH = 0x04
const NAME_OF_AUTHORITY = 0x01
const WITH_INDEXING = 0x40
const WITHOUT_INDEXING = 0x00
const INDEXED = 0x80
/** Where the dynamic table begins: its newest entry. */
const DYNAMIC = 62

/** Lengths below 127 take one byte. */
function textOf(text: string): Buffer {
  if (text.length > 126) throw new Error(`a header of ${text.length} bytes: this program writes 126 at most`)
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])
}

/** Of `method`. The first call of a connection has to be made with `isFirst`, and no other. */
function headerBlock(method: string, isFirst: boolean, staysOpen: boolean): Buffer {
  const parts = [
    Buffer.from([METHOD_POST, SCHEME_HTTP, NAME_OF_PATH]),
    textOf(SERVICE + method),
    Buffer.from([NAME_OF_AUTHORITY]),
    textOf('127.0.0.1'),
  ]
  SHARED.forEach(([name, value], i) => {
    if (isFirst) parts.push(Buffer.from([WITH_INDEXING]), textOf(name), textOf(value))
    else parts.push(Buffer.from([INDEXED | (DYNAMIC + SHARED.length - 1 - i)]))
  })
  for (const [name, value] of staysOpen ? OWN : [...OWN, DEADLINE])
    parts.push(Buffer.from([WITHOUT_INDEXING]), textOf(name), textOf(value))
  return Buffer.concat(parts)
}

/** A call with one message: a HEADERS and a DATA frame, whose stream is still to be written. */
export function callFrames(
  method: string,
  message: Uint8Array,
  { isFirst = false, staysOpen = false }: { isFirst?: boolean; staysOpen?: boolean } = {},
): Buffer {
  const block = headerBlock(method, isFirst, staysOpen)
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([
    smallFrame(FrameType.headers, FrameFlag.endHeaders, block),
    smallFrame(FrameType.data, staysOpen ? 0 : FrameFlag.endStream, Buffer.concat([head, message])),
  ])
}

/** @throws Error for a payload of more than 16 KiB, the most that a server takes unless it has said otherwise */
export function smallFrame(type: number, flags: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  if (payload.length > 16_384) throw new Error(`a frame of ${payload.length} bytes: this program writes 16,384 at most`)
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  return Buffer.concat([head, payload])
}
