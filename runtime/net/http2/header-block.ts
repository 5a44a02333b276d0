import { STATIC_NAMES, STATIC_VALUES } from './hpack-tables.ts'

/**
 * Lays out a header block without keeping anything in the peer's table, and without Huffman code: what a server answers is
 * short, and the same block can be sent on every connection (RFC 7541, 6.1 and 6.2.2).
 */
export function headerBlock(headers: readonly (readonly [string, string])[]): Buffer {
  const parts: Uint8Array[] = []
  for (const [name, value] of headers) {
    const whole = STATIC_NAMES.findIndex((known, i) => known === name && STATIC_VALUES[i] === value && value !== '')
    if (whole >= 0) {
      parts.push(integer(0x80, 7, whole + 1))
      continue
    }
    const index = STATIC_NAMES.indexOf(name) + 1
    parts.push(integer(0, 4, index))
    if (index === 0) parts.push(text(name))
    parts.push(text(value))
  }
  return Buffer.concat(parts)
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  return Buffer.concat([integer(0, 7, bytes.length), bytes])
}

function integer(flags: number, prefixBits: number, value: number): Uint8Array {
  const most = 2 ** prefixBits - 1
  if (value < most) return Uint8Array.of(flags | value)
  const bytes = [flags | most]
  let rest = value - most
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
