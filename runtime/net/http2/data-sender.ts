import type { Output } from '../output.ts'
import { Http2Error, Http2ErrorCode } from './http2-error.ts'
import {
  DEFAULT_WINDOW_BYTES,
  FRAME_HEADER_BYTES,
  FRAME_PAYLOAD_MAX,
  FrameType,
  WINDOW_BYTES_MAX,
  writeFrameHeader,
} from './http2-frame.ts'
import type { Http2Stream } from './http2-stream.ts'

/**
 * The data of a connection's answers, as far as the client's windows allow it (RFC 9113, 5.2): of the connection, and of each
 * stream. What they do not allow waits with its stream.
 */
export class DataSender {
  readonly #out: Output
  readonly #streams: ReadonlyMap<number, Http2Stream>
  readonly #allSent: (stream: Http2Stream) => void
  #window = DEFAULT_WINDOW_BYTES
  #firstWindow = DEFAULT_WINDOW_BYTES
  #waitingBytes = 0

  /** `allSent`: nothing of a stream waits any more. */
  constructor(out: Output, streams: ReadonlyMap<number, Http2Stream>, allSent: (stream: Http2Stream) => void) {
    this.#out = out
    this.#streams = streams
    this.#allSent = allSent
  }

  /** The window that a new stream begins with. */
  get firstWindow(): number {
    return this.#firstWindow
  }

  /** Data of all streams that waits for windows. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** One piece of data: `prefix` and the first `length` bytes, which may be used again afterwards. */
  send(stream: Http2Stream, prefix: Buffer, bytes: Buffer, length: number): void {
    const size = prefix.length + length
    const fits = size <= FRAME_PAYLOAD_MAX && size <= stream.sendWindow && size <= this.#window
    if (!fits || stream.waiting.length > 0) {
      const copy = Buffer.allocUnsafe(size)
      prefix.copy(copy)
      bytes.copy(copy, prefix.length, 0, length)
      stream.waiting.push(copy)
      this.#waitingBytes += size
      this.#sendWaiting(stream)
      return
    }
    const at = this.#begin(stream, size)
    prefix.copy(this.#out.bytes, at)
    bytes.copy(this.#out.bytes, at + prefix.length, 0, length)
    this.#out.commit(FRAME_HEADER_BYTES + size)
  }

  /** WINDOW_UPDATE of the connection. @throws Http2Error */
  widen(more: number): void {
    this.#window += more
    if (more === 0 || this.#window > WINDOW_BYTES_MAX) throw tooMuch()
    this.#sendAllWaiting()
  }

  /** WINDOW_UPDATE of a stream. @throws Http2Error */
  widenStream(stream: Http2Stream, more: number): void {
    stream.sendWindow += more
    if (more === 0 || stream.sendWindow > WINDOW_BYTES_MAX) throw tooMuch()
    this.#sendWaiting(stream)
  }

  /** INITIAL_WINDOW_SIZE: counts for streams that are open, too. @throws Http2Error */
  setFirstWindow(bytes: number): void {
    if (bytes > WINDOW_BYTES_MAX) throw tooMuch()
    const more = bytes - this.#firstWindow
    this.#firstWindow = bytes
    for (const stream of this.#streams.values()) {
      stream.sendWindow += more
      if (stream.sendWindow > WINDOW_BYTES_MAX) throw tooMuch()
    }
    this.#sendAllWaiting()
  }

  /** The stream is closed: what waits is not sent. */
  forget(stream: Http2Stream): void {
    for (const piece of stream.waiting.splice(0)) this.#waitingBytes -= piece.length
    this.#waitingBytes += stream.waitingFrom
    stream.waitingFrom = 0
  }

  #sendAllWaiting(): void {
    if (this.#waitingBytes === 0) return
    for (const stream of [...this.#streams.values()]) this.#sendWaiting(stream)
  }

  #sendWaiting(stream: Http2Stream): void {
    const { waiting } = stream
    while (waiting.length > 0) {
      const piece = waiting[0]!
      const size = Math.min(FRAME_PAYLOAD_MAX, piece.length - stream.waitingFrom, stream.sendWindow, this.#window)
      if (size <= 0) return
      const at = this.#begin(stream, size)
      piece.copy(this.#out.bytes, at, stream.waitingFrom, stream.waitingFrom + size)
      this.#out.commit(FRAME_HEADER_BYTES + size)
      this.#waitingBytes -= size
      stream.waitingFrom += size
      if (stream.waitingFrom === piece.length) {
        waiting.shift()
        stream.waitingFrom = 0
      }
    }
    this.#allSent(stream)
  }

  /** Writes a frame's header and takes its size from the windows. Returns where its data goes. */
  #begin(stream: Http2Stream, size: number): number {
    stream.sendWindow -= size
    this.#window -= size
    const out = this.#out
    const at = out.reserve(FRAME_HEADER_BYTES + size)
    writeFrameHeader(out.bytes, at, size, FrameType.DATA, 0, stream.id)
    return at + FRAME_HEADER_BYTES
  }
}

export function tooMuch(): Http2Error {
  return new Http2Error(Http2ErrorCode.FLOW_CONTROL_ERROR, 'more data, or a larger window, than flow control allows')
}
