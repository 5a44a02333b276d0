import { hash } from 'node:crypto'

/** MD5, in upper case hex: what messages carry to tell damage, not to protect from anybody. */
export function md5Hex(bytes: Uint8Array): string {
  return hash('md5', bytes, 'hex').toUpperCase()
}
