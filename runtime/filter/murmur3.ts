const C1 = 0x87c37b91114253d5n
const C2 = 0x4cf5ad432745937fn
const BLOCK_BYTES = 16

/** The first 64 bits of MurmurHash3 x64 128 with seed 0 (guava's `murmur3_128().asLong()`), unsigned. For short texts. */
export function murmur3First64(bytes: Uint8Array): bigint {
  let h1 = 0n
  let h2 = 0n
  const tail = bytes.length - (bytes.length % BLOCK_BYTES)
  for (let at = 0; at < tail; at += BLOCK_BYTES) {
    h1 ^= mixFirst(littleEndian(bytes, at, at + 8))
    h1 = u64(u64(rotate(h1, 27n) + h2) * 5n + 0x52dce729n)
    h2 ^= mixSecond(littleEndian(bytes, at + 8, at + 16))
    h2 = u64(u64(rotate(h2, 31n) + h1) * 5n + 0x38495ab5n)
  }
  h1 ^= mixFirst(littleEndian(bytes, tail, tail + 8))
  h2 ^= mixSecond(littleEndian(bytes, tail + 8, tail + 16))
  const length = BigInt(bytes.length)
  h1 ^= length
  h2 ^= length
  h1 = u64(h1 + h2)
  h2 = u64(h2 + h1)
  return u64(finish(h1) + finish(h2))
}

/** Bytes behind the end count as zero. */
function littleEndian(bytes: Uint8Array, start: number, end: number): bigint {
  let value = 0n
  for (let at = end - 1; at >= start; at--) value = (value << 8n) | BigInt(bytes[at] ?? 0)
  return value
}

function mixFirst(k: bigint): bigint {
  return u64(rotate(u64(k * C1), 31n) * C2)
}

function mixSecond(k: bigint): bigint {
  return u64(rotate(u64(k * C2), 33n) * C1)
}

function finish(hash: bigint): bigint {
  let h = hash
  h = u64((h ^ (h >> 33n)) * 0xff51afd7ed558ccdn)
  h = u64((h ^ (h >> 33n)) * 0xc4ceb9fe1a85ec53n)
  return h ^ (h >> 33n)
}

function rotate(value: bigint, by: bigint): bigint {
  return u64((value << by) | (value >> (64n - by)))
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value)
}
