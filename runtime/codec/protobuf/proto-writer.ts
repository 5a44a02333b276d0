const FIRST_BYTES = 64 * 1024
/** A buffer that grew beyond this for a large message is given up after it. */
const KEPT_BYTES_MAX = 1024 * 1024
/** Text this short takes one byte of length, whatever its characters. */
const SHORT_TEXT_MAX = 42

const TWO_TO_32 = 0x1_0000_0000

/**
 * Lays messages out in a buffer that is used again and again: what was written is in `bytes` up to `length`, until the
 * next `clear`.
 */
export class ProtoWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  length = 0

  clear(): void {
    this.length = 0
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  }

  /** What was written, as a buffer of its own. */
  taken(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.length))
  }

  /** An unsigned number below 2^53. */
  varint(value: number): void {
    this.reserve(10)
    let rest = value
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80
      rest = rest < TWO_TO_32 ? rest >>> 7 : Math.floor(rest / 0x80)
    }
    this.bytes[this.length++] = rest
  }

  /** int32, int64 and enums: a negative number takes ten bytes. */
  integer(value: number): void {
    if (value >= 0) {
      this.varint(value)
      return
    }
    this.reserve(10)
    let low = value >>> 0
    let high = Math.floor(value / TWO_TO_32) >>> 0
    for (let i = 0; i < 9; i++) {
      this.bytes[this.length++] = (low & 0x7f) | 0x80
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    this.bytes[this.length++] = low & 1
  }

  float(value: number): void {
    this.reserve(4)
    this.length = this.bytes.writeFloatLE(value, this.length)
  }

  text(value: string): void {
    if (value.length <= SHORT_TEXT_MAX) {
      this.reserve(1 + 3 * value.length)
      const written = this.bytes.write(value, this.length + 1)
      this.bytes[this.length] = written
      this.length += 1 + written
      return
    }
    const size = Buffer.byteLength(value)
    this.varint(size)
    this.reserve(size)
    this.length += this.bytes.write(value, this.length)
  }

  byteString(value: Uint8Array): void {
    this.varint(value.length)
    this.reserve(value.length)
    this.bytes.set(value, this.length)
    this.length += value.length
  }

  /** Starts a piece whose length comes first; returns what `endDelimited` needs. */
  beginDelimited(): number {
    this.reserve(1)
    return this.length++
  }

  /** Ends it: longer than 127 bytes, it moves on to make room for its length. */
  endDelimited(begun: number): void {
    const size = this.length - begun - 1
    if (size < 0x80) {
      this.bytes[begun] = size
      return
    }
    let more = 0
    for (let rest = size; rest >= 0x80; rest = Math.floor(rest / 0x80)) more++
    this.reserve(more)
    this.bytes.copyWithin(begun + 1 + more, begun + 1, this.length)
    const end = this.length + more
    this.length = begun
    this.varint(size)
    this.length = end
  }

  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }
}
