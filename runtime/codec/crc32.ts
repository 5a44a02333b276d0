import { crc32 as zlibCrc32 } from 'node:zlib'

/*
 * zlib needs a subarray and a checked call, some 150 ns, and then runs at several GB/s. Eight tables at once (slicing by
 * eight) need no set-up and take 0.6 ns per byte: the better way up to about this size.
 */
const TABLES_BELOW_BYTES = 224

/** Eight tables of 256 entries: table k advances a byte by k further zero bytes. */
const TABLES = makeTables()

/** CRC-32 (IEEE), an unsigned 32-bit number. */
export function crc32(bytes: Uint8Array, start: number, length: number): number {
  if (length >= TABLES_BELOW_BYTES) return zlibCrc32(bytes.subarray(start, start + length))
  let crc = -1
  const end = start + length
  let at = start
  for (; at + 8 <= end; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc =
      TABLES[1792 + (crc & 0xff)]! ^
      TABLES[1536 + ((crc >>> 8) & 0xff)]! ^
      TABLES[1280 + ((crc >>> 16) & 0xff)]! ^
      TABLES[1024 + (crc >>> 24)]! ^
      TABLES[768 + bytes[at + 4]!]! ^
      TABLES[512 + bytes[at + 5]!]! ^
      TABLES[256 + bytes[at + 6]!]! ^
      TABLES[bytes[at + 7]!]!
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ TABLES[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256)
  for (let n = 0; n < 256; n++) {
    let crc = n
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    tables[n] = crc
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = tables[i - 256]!
    tables[i] = (shorter >>> 8) ^ tables[shorter & 0xff]!
  }
  return tables
}
