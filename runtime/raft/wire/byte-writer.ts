import { setInt64, viewOf } from '../../codec/bytes.ts'

const FIRST_BYTES = 256

/** Lays out big-endian fields one behind the other in a buffer that grows. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES)
  #view = viewOf(this.#bytes)
  #length = 0

  get length(): number {
    return this.#length
  }

  int8(value: number): void {
    const at = this.#room(1)
    this.#view.setUint8(at, value)
  }

  int32(value: number): void {
    const at = this.#room(4)
    this.#view.setInt32(at, value)
  }

  int64(value: number): void {
    const at = this.#room(8)
    setInt64(this.#view, at, value)
  }

  /** int32 length, bytes. */
  sized(value: Uint8Array): void {
    this.int32(value.length)
    const at = this.#room(value.length)
    this.#bytes.set(value, at)
  }

  /** int32 length, UTF-8. */
  text(value: string): void {
    this.sized(Buffer.from(value))
  }

  /** Everything written so far. The writer is not used any more. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** May replace buffer and view: asked for before either is used. */
  #room(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, 2 * this.#bytes.length))
      this.#bytes.copy(larger, 0, 0, at)
      this.#bytes = larger
      this.#view = viewOf(larger)
    }
    return at
  }
}
