import { getInt64, setInt64, viewOf } from '../bytes.ts'
import { decodeIp, HOST_SIZE_V4, HOST_SIZE_V6 } from './host.ts'

/*
 * Offset message id: hex, upper case, of storeHost (8 or 20 bytes) and int64 phyOffset.
 *
 * Unique key, made by the client (`MessageClientIDSetter`): hex, upper case, of
 *   4 | 16  ip   2  pid   4  class loader hash   4  ms since the month began in local time   2  counter
 */

export interface MessageId {
  readonly ip: string
  readonly port: number
  readonly phyOffset: number
}

/** `storeHost`: 8 or 20 bytes at `hostStart`. */
export function encodeMessageId(
  storeHost: Uint8Array,
  hostStart: number,
  hostLength: number,
  phyOffset: number,
): string {
  const id = Buffer.alloc(hostLength + 8)
  id.set(storeHost.subarray(hostStart, hostStart + hostLength))
  setInt64(viewOf(id), hostLength, phyOffset)
  return id.toString('hex').toUpperCase()
}

/** Undefined for text that is no offset message id, such as a unique key. */
export function decodeMessageId(text: string): MessageId | undefined {
  const hostLength = text.length / 2 - 8
  if ((hostLength !== HOST_SIZE_V4 && hostLength !== HOST_SIZE_V6) || !/^[0-9a-f]+$/i.test(text)) return undefined
  const bytes = Buffer.from(text, 'hex')
  const view = viewOf(bytes)
  const phyOffset =
    view.getInt32(hostLength) >= 0 && view.getInt32(hostLength) < 0x20_0000 ? getInt64(view, hostLength) : -1
  const port = view.getInt32(hostLength - 4)
  if (phyOffset < 0 || port < 0 || port > 65535) return undefined
  return { ip: decodeIp(bytes, 0, hostLength - 4), port, phyOffset }
}

/** Makes unique keys as a client does. One per process and identity. */
export class UniqueKeyMaker {
  readonly #fixed: string
  #counter = 0
  #monthStartMs = 0
  #nextMonthStartMs = 0

  /** `address`: 4 or 16 bytes; `salt` tells apart makers of one process (Java: hash of the class loader). */
  constructor(address: Uint8Array, pid: number, salt: number) {
    const fixed = Buffer.alloc(address.length + 6)
    fixed.set(address)
    fixed.writeUInt16BE(pid & 0xffff, address.length)
    fixed.writeInt32BE(salt | 0, address.length + 2)
    this.#fixed = fixed.toString('hex').toUpperCase()
  }

  next(nowMs: number): string {
    if (nowMs >= this.#nextMonthStartMs || nowMs < this.#monthStartMs) {
      this.#monthStartMs = monthStart(nowMs, 0)
      this.#nextMonthStartMs = monthStart(nowMs, 1)
    }
    const sinceMonthMs = nowMs - this.#monthStartMs
    this.#counter = (this.#counter + 1) & 0xffff
    return this.#fixed + hex(sinceMonthMs, 8) + hex(this.#counter, 4)
  }
}

/** When a unique key was made, in ms, taken to lie in the month before `nowMs`; undefined for text that is no such key. */
export function timeOfUniqueKey(text: string, nowMs: number): number | undefined {
  if ((text.length !== 32 && text.length !== 56) || !/^[0-9a-f]+$/i.test(text)) return undefined
  const addressLength = text.length === 56 ? 16 : 4
  const sinceMonthMs = Buffer.from(text, 'hex').readUInt32BE(addressLength + 6)
  const candidate = monthStart(nowMs, 0) + sinceMonthMs
  return candidate < nowMs ? candidate : monthStart(nowMs, -1) + sinceMonthMs
}

function monthStart(nowMs: number, monthsLater: number): number {
  const now = new Date(nowMs)
  return new Date(now.getFullYear(), now.getMonth() + monthsLater, 1).getTime()
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
