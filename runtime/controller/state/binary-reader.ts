import { getInt64, viewOf } from '../../codec/bytes.ts'

/** Bytes that are not what {@link ./binary-writer.ts} writes. */
export class BinaryFormatError extends Error {
  override readonly name = 'BinaryFormatError'
}

/** Reads what a {@link ./binary-writer.ts} wrote. Every method throws BinaryFormatError when the bytes end before it. */
export class BinaryReader {
  readonly #bytes: Buffer
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = viewOf(bytes)
  }

  int8(): number {
    return this.#view.getInt8(this.#take(1))
  }

  flag(): boolean {
    return this.int8() !== 0
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4))
  }

  int64(): number {
    return getInt64(this.#view, this.#take(8))
  }

  text(): string {
    const length = this.#view.getUint16(this.#take(2))
    const at = this.#take(length)
    return this.#bytes.toString('utf8', at, at + length)
  }

  ids(): number[] {
    return Array.from({ length: this.count(8) }, () => this.int64())
  }

  /** An int32 number of items of `sizeAtLeast` bytes each: no more than there is room for. */
  count(sizeAtLeast: number): number {
    const count = this.int32()
    const left = this.#bytes.length - this.#at
    if (count < 0 || count * sizeAtLeast > left) {
      throw new BinaryFormatError(`${count} items at byte ${this.#at - 4}, but ${left} bytes are left`)
    }
    return count
  }

  /** @throws BinaryFormatError when bytes are left over */
  end(): void {
    const left = this.#bytes.length - this.#at
    if (left > 0) throw new BinaryFormatError(`${left} bytes too many`)
  }

  #take(size: number): number {
    const at = this.#at
    if (at + size > this.#bytes.length) {
      throw new BinaryFormatError(`${size} bytes expected at byte ${at} of ${this.#bytes.length}`)
    }
    this.#at = at + size
    return at
  }
}
