import { hash } from 'node:crypto'

/** MD5, in upper case hex: what messages carry to tell damage, not to protect from anybody. */
export function md5Hex(bytes: Uint8Array): string {
  return hash('md5', bytes, 'hex').toUpperCase()
}

/** MD5 as 16 bytes. */
export function md5(bytes: Uint8Array): Buffer {
  return hash('md5', bytes, 'buffer')
}
