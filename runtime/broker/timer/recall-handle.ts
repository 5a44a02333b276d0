/*
 * What a producer is given to recall a message with: `v1 topic brokerName time uniqueKey`, in Base64 for URLs. The time is that
 * of the message's slot and one ms more, so that a message due then falls into the same slot.
 */
const VERSION = 'v1'
const DIGITS = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
const PAD = 0x3d
const URL_BASE64 = /^[A-Za-z0-9_-]+={0,2}$/

export interface RecallHandle {
  readonly topic: string
  readonly brokerName: string
  readonly timeText: string
  readonly uniqueKey: string
}

export function encodeRecallHandle({ topic, brokerName, timeText, uniqueKey }: RecallHandle): string {
  const text = Buffer.from([VERSION, topic, brokerName, timeText, uniqueKey].join(' '))
  return text.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

/** The bytes before the time, blank included. */
export function recallHandleStart(topic: string, brokerName: string): Buffer {
  return Buffer.from(`${VERSION} ${topic} ${brokerName} `)
}

/** Bytes that {@link putUrlBase64} makes of `length`. */
export function urlBase64Length(length: number): number {
  return Math.ceil(length / 3) * 4
}

/** Writes the first `length` bytes of `from`, padded with `=`, and returns where they end. */
export function putUrlBase64(into: Uint8Array, at: number, from: Uint8Array, length: number): number {
  let to = at
  for (let i = 0; i < length; i += 3) {
    const bits = (from[i]! << 16) | ((i + 1 < length ? from[i + 1]! : 0) << 8) | (i + 2 < length ? from[i + 2]! : 0)
    into[to] = DIGITS[bits >>> 18]!
    into[to + 1] = DIGITS[(bits >>> 12) & 63]!
    into[to + 2] = i + 1 < length ? DIGITS[(bits >>> 6) & 63]! : PAD
    into[to + 3] = i + 2 < length ? DIGITS[bits & 63]! : PAD
    to += 4
  }
  return to
}

/** Undefined for what is none. */
export function decodeRecallHandle(handle: string): RecallHandle | undefined {
  if (!URL_BASE64.test(handle)) return undefined
  const [version, topic, brokerName, timeText, uniqueKey] = Buffer.from(handle, 'base64url').toString().split(' ')
  if (version !== VERSION || !topic || !brokerName || !timeText || !uniqueKey) return undefined
  return { topic, brokerName, timeText, uniqueKey }
}
