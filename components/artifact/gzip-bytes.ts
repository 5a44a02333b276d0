import { crc32, deflateRawSync } from 'node:zlib'

/*
 * gzip (RFC 1952) with every field of the header fixed: zlib's own header names the operating system it ran on.
 *
 *   1f 8b 08 00   magic, deflate, no flags
 *   00 00 00 00   no time
 *   00 ff         no hint on the compression, unknown operating system
 *   ...           deflated bytes
 *   CRC-32 of the original, its length modulo 2^32, both little-endian
 */

const header = Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0xff])

/** The same bytes for the same input, as long as zlib is the same: Node's version decides that. */
export function gzipBytes(bytes: Buffer, level = 6): Buffer {
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(bytes), 0)
  trailer.writeUInt32LE(bytes.length % 2 ** 32, 4)
  return Buffer.concat([header, deflateRawSync(bytes, { level }), trailer])
}
