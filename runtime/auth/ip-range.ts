import { parseIp } from '../codec/message/host.ts'
import { AccessError } from './access-error.ts'

/** Addresses with the same first bits. */
export interface IpRange {
  /** As it was written. */
  readonly text: string
  /** 4 or 16. */
  readonly address: Uint8Array
  readonly prefixBits: number
}

/** `10.0.0.1`, `10.0.0.0/8`, `fd00::/16`. @throws AccessError */
export function parseIpRange(text: string): IpRange {
  const [ip = '', bits, more] = text.split('/')
  const address = tryIp(ip)
  if (address === undefined || more !== undefined) throw notARange(text)
  const most = address.length * 8
  if (bits === undefined) return { text, address, prefixBits: most }
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > most) throw notARange(text)
  return { text, address, prefixBits: Number(bits) }
}

/** The bytes of an address; undefined for text that is none. */
export function tryIp(text: string): Uint8Array | undefined {
  try {
    return parseIp(text)
  } catch {
    return undefined
  }
}

export function isInRange({ address, prefixBits }: IpRange, ip: Uint8Array): boolean {
  if (ip.length !== address.length) return false
  const whole = prefixBits >> 3
  for (let i = 0; i < whole; i++) if (ip[i] !== address[i]) return false
  const rest = prefixBits & 7
  return rest === 0 || (ip[whole]! ^ address[whole]!) >> (8 - rest) === 0
}

function notARange(text: string): AccessError {
  return new AccessError(`source ip "${text}" is neither an address (10.0.0.1) nor a range (10.0.0.0/8, fd00::/16)`)
}
