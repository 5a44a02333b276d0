import { SerializeType } from '../../codec/remoting/frame.ts'
import { CURRENT_VERSION } from '../../codec/remoting/protocol-version.ts'
import type { Channel } from '../../net/channel.ts'
import type { PendingSends, SendAnswerer } from '../acks/pending-sends.ts'
import { UNIQUE_KEY_MAX } from '../acks/pending-sends.ts'
import { putUrlBase64, urlBase64Length } from '../timer/recall-handle.ts'

/*
 * The answer to a send, laid out straight into the connection's output:
 *
 *   JSON    {"code":0,"extFields":{"MSG_REGION":"DefaultRegion","TRACE_ON":"true","msgId":"<hex>","queueId":"3",
 *            "queueOffset":"17","transactionId":"<unique key>","recallHandle":"<handle>"},"flag":1,"language":"JAVA","opaque":7,
 *            "serializeTypeCurrentRPC":"JSON","version":513}
 *   binary  the same fields in the layout of codec/remoting/binary-header.ts
 *
 * msgId is the offset message id: storeHost and phyOffset in hex. recallHandle (timer/recall-handle.ts) is of messages that
 * wait for a time of their own.
 */

const HEX = Buffer.from('0123456789ABCDEF')
/** Digits of the largest safe integer, and of the smallest int32. */
const NUMBER_MAX = 17
const BLANK = 0x20

export class SendAnswers implements SendAnswerer {
  readonly #jsonStart = Buffer.from('{"code":')
  #jsonMsgId = Buffer.alloc(0)
  readonly #jsonQueueId = Buffer.from('","queueId":"')
  readonly #jsonQueueOffset = Buffer.from('","queueOffset":"')
  readonly #jsonTransactionId = Buffer.from('","transactionId":"')
  readonly #jsonRecallHandle = Buffer.from('","recallHandle":"')
  readonly #jsonOpaque = Buffer.from('"},"flag":1,"language":"JAVA","opaque":')
  readonly #jsonEnd = Buffer.from(`,"serializeTypeCurrentRPC":"JSON","version":${CURRENT_VERSION}}`)
  #binaryFixed = Buffer.alloc(0)
  readonly #binaryQueueId = fieldKey('queueId')
  readonly #binaryQueueOffset = fieldKey('queueOffset')
  readonly #binaryTransactionId = fieldKey('transactionId')
  readonly #binaryRecallHandle = fieldKey('recallHandle')
  readonly #hostHex: Buffer
  /** What a handle says, before it becomes Base64. */
  #handle = Buffer.alloc(256)
  #bytesMax = 0

  /** `storeHost`: 8 or 20 bytes. */
  constructor(storeHost: Uint8Array, regionId: string, traceOn: boolean) {
    this.#hostHex = Buffer.from(Buffer.from(storeHost).toString('hex').toUpperCase())
    this.setRegion(regionId, traceOn)
  }

  setRegion(regionId: string, traceOn: boolean): void {
    const fixed = `"MSG_REGION":${JSON.stringify(regionId)},"TRACE_ON":"${traceOn}","msgId":"`
    this.#jsonMsgId = Buffer.from(`,"extFields":{${fixed}`)
    this.#binaryFixed = Buffer.concat([
      field('MSG_REGION', regionId),
      field('TRACE_ON', String(traceOn)),
      fieldKey('msgId'),
      int32(this.#hostHex.length + 16),
    ])
    this.#bytesMax = 320 + this.#jsonMsgId.length + this.#binaryFixed.length + this.#hostHex.length + UNIQUE_KEY_MAX
  }

  answer(sends: PendingSends, slot: number, code: number): void {
    const out = sends.channel[slot]!.out
    const handleLength = this.#composeHandle(sends, slot)
    const start = out.reserve(this.#bytesMax + urlBase64Length(handleLength))
    if (sends.serializeType[slot] === SerializeType.JSON)
      this.#json(sends, slot, code, handleLength, out.bytes, out.view, start)
    else this.#binary(sends, slot, code, handleLength, out.bytes, out.view, start)
    out.commit(4 + out.view.getInt32(start))
  }

  refuse(channel: Channel, opaque: number, serializeType: SerializeType, code: number, remark: string): void {
    channel.respond(opaque, serializeType, { code, remark })
  }

  /** Its length in {@link #handle}; 0 when the answer brings none. */
  #composeHandle(sends: PendingSends, slot: number): number {
    const recallStart = sends.recallStart[slot]
    const keyLength = sends.uniqueKeyLength[slot]!
    if (recallStart === undefined || keyLength === 0) return 0
    const length = recallStart.length + NUMBER_MAX + 1 + keyLength
    if (length > this.#handle.length) this.#handle = Buffer.alloc(2 * length)
    let at = put(this.#handle, 0, recallStart)
    at = putNumber(this.#handle, at, sends.recallMs[slot]!)
    this.#handle[at] = BLANK
    return putKey(this.#handle, at + 1, sends, slot, keyLength)
  }

  #json(
    sends: PendingSends,
    slot: number,
    code: number,
    handleLength: number,
    bytes: Buffer,
    view: DataView,
    start: number,
  ): void {
    let at = put(bytes, start + 8, this.#jsonStart)
    at = putNumber(bytes, at, code)
    at = put(bytes, at, this.#jsonMsgId)
    at = put(bytes, at, this.#hostHex)
    at = putHex64(bytes, at, sends.phyOffset[slot]!)
    at = put(bytes, at, this.#jsonQueueId)
    at = putNumber(bytes, at, sends.queueId[slot]!)
    at = put(bytes, at, this.#jsonQueueOffset)
    at = putNumber(bytes, at, sends.queueOffset[slot]!)
    const keyLength = sends.uniqueKeyLength[slot]!
    if (keyLength > 0) {
      at = put(bytes, at, this.#jsonTransactionId)
      at = putKey(bytes, at, sends, slot, keyLength)
    }
    if (handleLength > 0) {
      at = put(bytes, at, this.#jsonRecallHandle)
      at = putUrlBase64(bytes, at, this.#handle, handleLength)
    }
    at = put(bytes, at, this.#jsonOpaque)
    at = putNumber(bytes, at, sends.opaque[slot]!)
    at = put(bytes, at, this.#jsonEnd)
    view.setInt32(start, at - start - 4)
    view.setInt32(start + 4, at - start - 8)
  }

  #binary(
    sends: PendingSends,
    slot: number,
    code: number,
    handleLength: number,
    bytes: Buffer,
    view: DataView,
    start: number,
  ): void {
    view.setInt16(start + 8, code)
    view.setInt8(start + 10, 0)
    view.setInt16(start + 11, CURRENT_VERSION)
    view.setInt32(start + 13, sends.opaque[slot]!)
    view.setInt32(start + 17, 1)
    view.setInt32(start + 21, 0)
    const fields = start + 29
    let at = put(bytes, fields, this.#binaryFixed)
    at = put(bytes, at, this.#hostHex)
    at = putHex64(bytes, at, sends.phyOffset[slot]!)
    at = putNumberField(bytes, view, at, this.#binaryQueueId, sends.queueId[slot]!)
    at = putNumberField(bytes, view, at, this.#binaryQueueOffset, sends.queueOffset[slot]!)
    const keyLength = sends.uniqueKeyLength[slot]!
    if (keyLength > 0) {
      at = put(bytes, at, this.#binaryTransactionId)
      view.setInt32(at, keyLength)
      at = putKey(bytes, at + 4, sends, slot, keyLength)
    }
    if (handleLength > 0) {
      at = put(bytes, at, this.#binaryRecallHandle)
      view.setInt32(at, urlBase64Length(handleLength))
      at = putUrlBase64(bytes, at + 4, this.#handle, handleLength)
    }
    view.setInt32(fields - 4, at - fields)
    view.setInt32(start, at - start - 4)
    view.setInt32(start + 4, (1 << 24) | (at - start - 8))
  }
}

function putKey(bytes: Buffer, at: number, sends: PendingSends, slot: number, length: number): number {
  const from = slot * UNIQUE_KEY_MAX
  const key = sends.uniqueKey
  for (let i = 0; i < length; i++) bytes[at + i] = key[from + i]!
  return at + length
}

function putNumberField(bytes: Buffer, view: DataView, at: number, key: Buffer, value: number): number {
  const lengthAt = put(bytes, at, key)
  const end = putNumber(bytes, lengthAt + 4, value)
  view.setInt32(lengthAt, end - lengthAt - 4)
  return end
}

export function put(bytes: Buffer, at: number, text: Uint8Array): number {
  const length = text.length
  for (let i = 0; i < length; i++) bytes[at + i] = text[i]!
  return at + length
}

/** Decimal digits of a safe integer. */
export function putNumber(bytes: Buffer, at: number, value: number): number {
  let rest = value
  let start = at
  if (rest < 0) {
    bytes[start++] = 0x2d
    rest = -rest
  }
  if (rest < 10) {
    bytes[start] = 0x30 + rest
    return start + 1
  }
  const end = start + digitsOf(rest)
  let i = end
  // The division of larger numbers is not an integer one and costs ten times as much.
  while (rest > 0x7fffffff) {
    const next = Math.floor(rest / 10)
    bytes[--i] = 0x30 + (rest - next * 10)
    rest = next
  }
  let small = rest | 0
  while (i > start) {
    const next = (small / 10) | 0
    bytes[--i] = 0x30 + (small - next * 10)
    small = next
  }
  return end
}

function digitsOf(value: number): number {
  let count = 1
  for (let bound = 10; count < NUMBER_MAX && value >= bound; bound *= 10) count++
  return count
}

/** 16 upper case hex digits of a safe integer that is not negative. */
export function putHex64(bytes: Buffer, at: number, value: number): number {
  const high = Math.floor(value / 0x1_0000_0000)
  putHex32(bytes, at, high)
  putHex32(bytes, at + 8, value - high * 0x1_0000_0000)
  return at + 16
}

function putHex32(bytes: Buffer, at: number, value: number): void {
  for (let i = 0; i < 8; i++) bytes[at + i] = HEX[(value >>> (28 - 4 * i)) & 15]!
}

function fieldKey(name: string): Buffer {
  const key = Buffer.alloc(2 + name.length)
  key.writeInt16BE(name.length, 0)
  key.write(name, 2)
  return key
}

function field(name: string, value: string): Buffer {
  const text = Buffer.from(value)
  return Buffer.concat([fieldKey(name), int32(text.length), text])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value, 0)
  return bytes
}
