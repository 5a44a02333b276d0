import { HUFFMAN_LENGTHS } from './hpack-tables.ts'
import { Http2Error, Http2ErrorCode } from './http2-error.ts'

/*
 * The code of HPACK as a tree: node n has its children at 2n (bit 0) and 2n + 1 (bit 1). A child is another node, a byte
 * (LEAF and its value) or nothing (0). Text is padded with ones, at most seven: the start of the code of the end of text.
 */

const LEAF = 0x8000
const PADDING_BITS_MAX = 7

const tree = makeTree()

/** Decodes a text of latin-1 characters. @throws Http2Error when it is none */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  let node = 0
  /** Bits since the last whole character, and whether all were ones. */
  let open = 0
  let ones = true
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    for (let mask = 0x80; mask !== 0; mask >>= 1) {
      const bit = (byte & mask) === 0 ? 0 : 1
      const next = tree[2 * node + bit]!
      if (next === 0) throw badText()
      open++
      if (bit === 0) ones = false
      if (next >= LEAF) {
        text += String.fromCharCode(next - LEAF)
        node = 0
        open = 0
        ones = true
      } else node = next
    }
  }
  if (open > PADDING_BITS_MAX || !ones) throw badText()
  return text
}

/** Only tests and clients need it. */
export function encodeHuffman(text: string): Buffer {
  let bits = ''
  for (const char of Buffer.from(text, 'latin1')) bits += codeBits[char]
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1')
  return Buffer.from(
    Array.from({ length: bits.length / 8 }, (_, i) => Number.parseInt(bits.slice(i * 8, i * 8 + 8), 2)),
  )
}

const codeBits = huffmanCodes()

function huffmanCodes(): string[] {
  const order = HUFFMAN_LENGTHS.map((_, byte) => byte).sort(
    (a, b) => HUFFMAN_LENGTHS[a]! - HUFFMAN_LENGTHS[b]! || a - b,
  )
  const codes: string[] = []
  let code = 0
  let length = HUFFMAN_LENGTHS[order[0]!]!
  for (const byte of order) {
    code *= 2 ** (HUFFMAN_LENGTHS[byte]! - length)
    length = HUFFMAN_LENGTHS[byte]!
    codes[byte] = code.toString(2).padStart(length, '0')
    code++
  }
  return codes
}

function makeTree(): Uint16Array {
  const made = [0, 0]
  huffmanCodes().forEach((bits, byte) => {
    let node = 0
    for (let i = 0; i < bits.length; i++) {
      const child = 2 * node + Number(bits[i])
      if (i === bits.length - 1) made[child] = LEAF + byte
      else {
        if (made[child] === 0) {
          made[child] = made.length / 2
          made.push(0, 0)
        }
        node = made[child]!
      }
    }
  })
  return Uint16Array.from(made)
}

function badText(): Http2Error {
  return new Http2Error(Http2ErrorCode.COMPRESSION_ERROR, 'a header has a text that is not Huffman coded as it says')
}
