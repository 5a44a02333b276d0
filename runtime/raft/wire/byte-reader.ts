import { peekInt64, viewOf } from '../../codec/bytes.ts'

/** Bytes that are not what they should be: refused, never half used. */
export class MalformedBytesError extends Error {
  override readonly name = 'MalformedBytesError'
}

/** Reads what {@link ./byte-writer.ts} wrote; every field is checked against the end. @throws MalformedBytesError */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  int8(): number {
    return this.#view.getUint8(this.#take(1, 'int8'))
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4, 'int32'))
  }

  /** An int64 that is an index, a term, a position or an id: 0 to 2^53. */
  int64(): number {
    const at = this.#take(8, 'int64')
    const value = peekInt64(this.#view, at)
    if (Number.isNaN(value) || value < 0) throw new MalformedBytesError(`int64 at byte ${at} is not between 0 and 2^53`)
    return value
  }

  /** A count of things that take at least `bytesEach` each. */
  count(bytesEach: number): number {
    const at = this.#at
    const count = this.int32()
    if (count < 0 || count * bytesEach > this.remaining) {
      throw new MalformedBytesError(`count ${count} at byte ${at} does not fit the ${this.remaining} bytes that follow`)
    }
    return count
  }

  /** A window into the bytes, not a copy. */
  sized(): Uint8Array {
    const length = this.count(1)
    const at = this.#take(length, 'bytes')
    return this.#bytes.subarray(at, at + length)
  }

  text(): string {
    return Buffer.from(this.sized()).toString()
  }

  flag(): boolean {
    const at = this.#at
    const value = this.int8()
    if (value > 1) throw new MalformedBytesError(`flag at byte ${at} is ${value}, neither 0 nor 1`)
    return value === 1
  }

  /** Nothing may be left over. */
  end(): void {
    if (this.remaining > 0) throw new MalformedBytesError(`${this.remaining} bytes are left over`)
  }

  #take(count: number, what: string): number {
    const at = this.#at
    if (count > this.remaining) {
      throw new MalformedBytesError(`${what} at byte ${at} is beyond the end at ${this.#bytes.length}`)
    }
    this.#at += count
    return at
  }
}
