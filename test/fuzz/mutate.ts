import type { Random } from '../../runtime/io/random.ts'

/** Values that break length fields and text scanners. */
const TELLING_BYTES = [0x00, 0x01, 0x22, 0x2c, 0x5c, 0x7b, 0x7d, 0x7f, 0x80, 0xff]
const TELLING_INTS = [0, -1, 1, 3, 4, 8, 0x7fffffff, -0x80000000, 0x00ffffff, 0x01000000, 65_536]

/** A changed copy of `frame`: one to four of the changes below, the length field left honest half of the time. */
export function mutate(frame: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(frame)
  const changes = 1 + random.below(4)
  for (let i = 0; i < changes && bytes.length > 0; i++) bytes = change(bytes, random)
  if (bytes.length >= 4 && random.below(2) === 0) bytes.writeInt32BE(bytes.length - 4, 0)
  return bytes
}

function change(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length)
  switch (random.below(7)) {
    case 0:
      bytes[at] = random.below(256)
      return bytes
    case 1:
      bytes[at] = TELLING_BYTES[random.below(TELLING_BYTES.length)]!
      return bytes
    case 2:
      bytes[at] = bytes[at]! ^ (1 << random.below(8))
      return bytes
    case 3:
      if (bytes.length >= 4)
        bytes.writeInt32BE(TELLING_INTS[random.below(TELLING_INTS.length)]!, Math.min(at, bytes.length - 4))
      return bytes
    case 4:
      return bytes.subarray(0, at)
    case 5:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(16)), bytes.subarray(at)])
    default: {
      const end = Math.min(bytes.length, at + 1 + random.below(32))
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
    }
  }
}
