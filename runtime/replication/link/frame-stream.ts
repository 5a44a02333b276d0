import { viewOf } from '../../codec/bytes.ts'

const INITIAL_BUFFER_BYTES = 256 * 1024

/** One side's knowledge of the other side's frames. */
export interface FrameReader {
  /** Bytes of the frame that begins at `at`; 0 while too few are `available` to tell. @throws Error for what is no frame */
  frameSize(view: DataView, at: number, available: number): number
  /** A whole frame; its bytes are valid until this returns. @throws Error for one that is not to be accepted */
  take(bytes: Buffer, view: DataView, at: number, sizeBytes: number): void
}

/** Cuts a connection's bytes into frames and hands over each as soon as it is complete. */
export class FrameStream {
  readonly #reader: FrameReader
  #bytes: Buffer
  #view: DataView
  #filled = 0

  constructor(reader: FrameReader, bufferBytes: number = INITIAL_BUFFER_BYTES) {
    this.#reader = reader
    this.#bytes = Buffer.allocUnsafeSlow(bufferBytes)
    this.#view = viewOf(this.#bytes)
  }

  readBuffer(): Uint8Array {
    return this.#bytes.subarray(this.#filled)
  }

  /** @throws Error what the reader throws: the connection is of no use any more */
  received(count: number): void {
    this.#filled += count
    let at = 0
    let sizeBytes = 0
    while (at < this.#filled) {
      const available = this.#filled - at
      sizeBytes = this.#reader.frameSize(this.#view, at, available)
      if (sizeBytes === 0 || sizeBytes > available) break
      this.#reader.take(this.#bytes, this.#view, at, sizeBytes)
      at += sizeBytes
      sizeBytes = 0
    }
    this.#keepRest(at, sizeBytes)
  }

  /** `neededBytes`: of the frame that has begun, as far as that is known. */
  #keepRest(from: number, neededBytes: number): void {
    const rest = this.#filled - from
    const target = neededBytes > this.#bytes.length ? Buffer.allocUnsafeSlow(neededBytes) : this.#bytes
    if (rest > 0 && (from > 0 || target !== this.#bytes)) this.#bytes.copy(target, 0, from, this.#filled)
    if (target !== this.#bytes) {
      this.#bytes = target
      this.#view = viewOf(target)
    }
    this.#filled = rest
  }
}
