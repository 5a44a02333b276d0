/** Bytes are not what the protocol says. The message says where. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError'
}

/** Wire types of protobuf (encoding guide). Groups are of the past and refused. */
export const Wire = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const

const TWO_TO_32 = 0x1_0000_0000

/** Reads one message from a piece of a buffer. Set anew for each message: one serves all. */
export class ProtoReader {
  bytes: Buffer = Buffer.alloc(0)
  at = 0
  end = 0

  set(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  /** The low 32 bits of a varint, unsigned: tags, lengths, int32 and enums. */
  varint32(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    let low = first & 0x7f
    for (let shift = 7; shift < 70; shift += 7) {
      const byte = this.#byte()
      if (shift < 32) low |= (byte & 0x7f) << shift
      if (byte < 0x80) return low >>> 0
    }
    throw new ProtobufError(`byte ${this.at}: a number of more than ten bytes`)
  }

  /** A signed 64-bit varint. @throws ProtobufError beyond what a number holds exactly */
  int64(): number {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte()
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) return this.#safe((high | 0) * TWO_TO_32 + (low >>> 0))
    }
    throw new ProtobufError(`byte ${this.at}: a number of more than ten bytes`)
  }

  float(): number {
    this.#need(4)
    this.at += 4
    return this.bytes.readFloatLE(this.at - 4)
  }

  text(): string {
    const end = this.delimitedEnd()
    const text = this.bytes.toString('utf8', this.at, end)
    this.at = end
    return text
  }

  /** A copy: what is read from is used again. */
  byteString(): Buffer {
    const end = this.delimitedEnd()
    const copy = Buffer.allocUnsafe(end - this.at)
    this.bytes.copy(copy, 0, this.at, end)
    this.at = end
    return copy
  }

  /** Reads a length and returns where the piece it announces ends. */
  delimitedEnd(): number {
    const length = this.varint32()
    this.#need(length)
    return this.at + length
  }

  /** Passes over a field that nobody here knows. */
  skip(wire: number): void {
    if (wire === Wire.varint) this.varint32()
    else if (wire === Wire.lengthDelimited) this.at = this.delimitedEnd()
    else if (wire === Wire.fixed64 || wire === Wire.fixed32) {
      const size = wire === Wire.fixed64 ? 8 : 4
      this.#need(size)
      this.at += size
    } else throw new ProtobufError(`byte ${this.at}: wire type ${wire}, which no field has`)
  }

  #byte(): number {
    if (this.at >= this.end) throw new ProtobufError(`byte ${this.at}: the message ends within a number`)
    return this.bytes[this.at++]!
  }

  #need(count: number): void {
    if (count > this.end - this.at) {
      throw new ProtobufError(`byte ${this.at}: ${count} bytes announced, ${this.end - this.at} are there`)
    }
  }

  #safe(value: number): number {
    if (Number.isSafeInteger(value)) return value
    throw new ProtobufError(`byte ${this.at}: a number of more than 53 bits`)
  }
}
