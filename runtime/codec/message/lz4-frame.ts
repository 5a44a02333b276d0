import { viewOf } from '../bytes.ts'

/*
 * LZ4 frame (as `LZ4FrameOutputStream` writes it for `Lz4Compressor`), little endian:
 *   uint32 magic 0x184d2204, uint8 flags (bit 4 block checksum, 3 content size, 2 content checksum, 0 dictionary id),
 *   uint8 block size code, [uint64 content size], [uint32 dictionary id], uint8 header checksum,
 *   blocks: uint32 size (bit 31: stored uncompressed), bytes, [uint32 checksum]; size 0 ends; [uint32 content checksum]
 * Block: sequences of token (4 bits literal length, 4 bits match length - 4), literals, uint16 distance back; lengths of 15
 * go on in bytes of 255. Checksums (xxHash) are not looked at: the record's CRC already covers these bytes.
 */

const MAGIC = 0x184d2204
const MATCH_LENGTH_MIN = 4

/** An attacker's small frame must not blow up to any size: the largest body a broker may be configured to take. */
const OUTPUT_BYTES_MAX = 1 << 30

export function decompressLz4Frame(frame: Uint8Array): Buffer {
  const view = viewOf(frame)
  if (frame.length < 7 || view.getUint32(0, true) !== MAGIC) throw new Error('body is no LZ4 frame')
  const flags = frame[4]!
  let at = 6 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0) + 1
  let out = Buffer.alloc(Math.max(frame.length * 4, 1024))
  let length = 0
  for (;;) {
    if (at + 4 > frame.length) throw new Error('LZ4 frame is cut off')
    const head = view.getUint32(at, true)
    at += 4
    if (head === 0) return out.subarray(0, length)
    const size = head & 0x7fff_ffff
    if (at + size > frame.length) throw new Error('LZ4 frame is cut off')
    // Nothing expands more than 255 bytes per byte.
    out = withRoom(out, length, head >>> 31 === 1 ? size : Math.min(size * 255, 4 << 20))
    if (head >>> 31 === 1) {
      out.set(frame.subarray(at, at + size), length)
      length += size
    } else {
      length = decompressBlock(frame, at, at + size, out, length)
    }
    at += size + ((flags & 0x10) !== 0 ? 4 : 0)
  }
}

function withRoom(out: Buffer, used: number, more: number): Buffer<ArrayBuffer> {
  const needed = used + more
  if (needed > OUTPUT_BYTES_MAX) throw new Error(`LZ4 frame expands to more than ${OUTPUT_BYTES_MAX} bytes`)
  if (needed <= out.length) return out as Buffer<ArrayBuffer>
  const grown = Buffer.alloc(Math.max(needed, Math.min(out.length * 2, OUTPUT_BYTES_MAX)))
  grown.set(out.subarray(0, used))
  return grown
}

function decompressBlock(from: Uint8Array, start: number, end: number, to: Buffer, toStart: number): number {
  let at = start
  let out = toStart
  while (at < end) {
    const token = from[at++]!
    let literals = token >> 4
    if (literals === 15) {
      for (let more = 255; more === 255 && at < end; literals += more) more = from[at++]!
    }
    if (at + literals > end || out + literals > to.length) throw new Error('LZ4 block is damaged: literals run over')
    to.set(from.subarray(at, at + literals), out)
    at += literals
    out += literals
    if (at >= end) break
    if (at + 2 > end) throw new Error('LZ4 block is damaged: cut off in a sequence')
    const distance = from[at]! | (from[at + 1]! << 8)
    at += 2
    let match = (token & 15) + MATCH_LENGTH_MIN
    if ((token & 15) === 15) {
      for (let more = 255; more === 255 && at < end; match += more) more = from[at++]!
    }
    if (distance === 0 || distance > out || out + match > to.length) throw new Error('LZ4 block is damaged: bad match')
    for (let i = 0; i < match; i++, out++) to[out] = to[out - distance]!
  }
  return out
}
