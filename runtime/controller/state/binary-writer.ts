import { setInt64, viewOf } from '../../codec/bytes.ts'

const FIRST_SIZE = 256
/** A text's length is an unsigned int16. */
export const TEXT_BYTES_MAX = 0xffff

/** Bytes put one behind the other, big endian, in a buffer that grows. */
export class BinaryWriter {
  #bytes = Buffer.allocUnsafe(FIRST_SIZE)
  #view = viewOf(this.#bytes)
  #length = 0

  int8(value: number): void {
    // First the room: it may put another buffer in place.
    const at = this.#room(1)
    this.#view.setInt8(at, value)
  }

  flag(value: boolean): void {
    this.int8(value ? 1 : 0)
  }

  int32(value: number): void {
    const at = this.#room(4)
    this.#view.setInt32(at, value)
  }

  int64(value: number): void {
    const at = this.#room(8)
    setInt64(this.#view, at, value)
  }

  /** uint16 length, UTF-8. @throws RangeError for one that is longer */
  text(value: string): void {
    const length = Buffer.byteLength(value)
    if (length > TEXT_BYTES_MAX) throw new RangeError(`a text of ${length} bytes, at most ${TEXT_BYTES_MAX} fit`)
    const at = this.#room(2 + length)
    this.#view.setUint16(at, length)
    this.#bytes.write(value, at + 2, 'utf8')
  }

  /** int32 count, int64 each. */
  ids(ids: readonly number[]): void {
    this.int32(ids.length)
    for (const id of ids) this.int64(id)
  }

  /** What was written; the writer is not used any more. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Where the next `size` bytes go. */
  #room(size: number): number {
    const at = this.#length
    if (at + size > this.#bytes.length) this.#grow(at + size)
    this.#length = at + size
    return at
  }

  #grow(sizeAtLeast: number): void {
    const larger = Buffer.allocUnsafe(Math.max(sizeAtLeast, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
    this.#view = viewOf(larger)
  }
}
