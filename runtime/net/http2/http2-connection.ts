import type { Address, Connection, ConnectionEvents } from '../../io/network.ts'
import type { NetContext } from '../net-context.ts'
import { Output } from '../output.ts'
import { DataSender, tooMuch } from './data-sender.ts'
import { FrameReader, type OnFrame } from './frame-reader.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { Http2Error, Http2ErrorCode } from './http2-error.ts'
import { DEFAULT_WINDOW_BYTES, FrameFlag, FrameType, frame, Setting, settingsFrame, uint32 } from './http2-frame.ts'
import { Http2Stream, type StreamConnection, type StreamEvents } from './http2-stream.ts'

export interface Http2Limits {
  /** Requests of one connection at a time. One more is refused. */
  readonly streamsMax: number
  /** What the headers of a request may take. */
  readonly headerListBytesMax: number
  /** What a client may send on one request, and on the connection, before it is told to go on. */
  readonly streamWindowBytes: number
  readonly connectionWindowBytes: number
  /** Requests that a client may give up within a second before the connection is closed. */
  readonly resetsPerSecondMax: number
}

export const DEFAULT_HTTP2_LIMITS: Http2Limits = {
  streamsMax: 10_000,
  headerListBytesMax: 16 * 1024,
  streamWindowBytes: 1024 * 1024,
  connectionWindowBytes: 16 * 1024 * 1024,
  resetsPerSecondMax: 1000,
}

/** Who serves the streams of a connection. */
export interface Http2Owner {
  /** A request has begun: its headers. Returns who takes the rest. */
  onStream(stream: Http2Stream, headers: ReadonlyMap<string, string>): StreamEvents
  onClosed(connection: Http2Connection): void
}

/**
 * The server's side of one HTTP/2 connection (RFC 9113), without what servers of gRPC have no use for: pushes, priorities
 * and upgrades from HTTP/1.1. Clients that break the protocol are told why in a GOAWAY frame.
 */
export class Http2Connection implements ConnectionEvents, StreamConnection {
  /** Clock.monotonic() of the last bytes received. */
  lastActiveMs: number
  readonly #connection: Connection
  readonly #context: NetContext
  readonly #limits: Http2Limits
  readonly #owner: Http2Owner
  readonly #reader: FrameReader
  readonly #out: Output
  readonly #hpack: HpackDecoder
  readonly #streams = new Map<number, Http2Stream>()
  readonly #data: DataSender
  #lastStreamId = 0
  #unacknowledgedBytes = 0
  #secondBegun = 0
  #resets = 0
  #isOpen = true
  #isDraining = false
  #isPaused = false
  readonly #onFrame: OnFrame = (type, flags, streamId, bytes, start, end) => {
    if (this.#isOpen) this.#frame(type, flags, streamId, bytes, start, end)
  }

  constructor(connection: Connection, context: NetContext, owner: Http2Owner, limits: Http2Limits) {
    this.#connection = connection
    this.#context = context
    this.#owner = owner
    this.#limits = limits
    this.#reader = new FrameReader(context.receive)
    this.#hpack = new HpackDecoder(limits.headerListBytesMax)
    this.lastActiveMs = context.clock.monotonic()
    this.#out = new Output(connection, context.turn, context.slabs)
    this.#out.onFlushed = () => this.#limitWaiting()
    this.#data = new DataSender(this.#out, this.#streams, (stream) => {
      if (stream.trailers !== undefined) this.sendHeaders(stream, stream.trailers, true)
    })
    this.#out.append(
      settingsFrame([
        [Setting.MAX_CONCURRENT_STREAMS, limits.streamsMax],
        [Setting.INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
        [Setting.MAX_HEADER_LIST_SIZE, limits.headerListBytesMax],
      ]),
    )
    this.#updateWindow(0, limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES)
  }

  get remote(): Address {
    return this.#connection.remote
  }

  get local(): Address {
    return this.#connection.local
  }

  get openStreams(): number {
    return this.#streams.size
  }

  /** Asks whether the peer is there: it has to answer. */
  ping(): void {
    if (this.#isOpen) this.#out.append(frame(FrameType.PING, 0, 0, Buffer.alloc(8)))
  }

  /** Takes no more requests, and closes when those that are under way are answered. */
  drain(): void {
    if (!this.#isOpen || this.#isDraining) return
    this.#isDraining = true
    this.#out.append(frame(FrameType.GOAWAY, 0, 0, uint32(this.#lastStreamId, Http2ErrorCode.NO_ERROR)))
    this.#endIfDrained()
  }

  destroy(error?: Error): void {
    this.#connection.destroy(error)
  }

  readBuffer(): Uint8Array {
    return this.#reader.readBuffer()
  }

  received(count: number): void {
    this.lastActiveMs = this.#context.clock.monotonic()
    if (!this.#isOpen) return
    try {
      this.#reader.received(count, this.#onFrame)
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error
      this.#abort(error)
    }
  }

  drained(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#connection.resume()
  }

  closed(_error: Error | undefined): void {
    this.#isOpen = false
    this.#reader.discard()
    this.#out.discard()
    const streams = [...this.#streams.values()]
    this.#streams.clear()
    for (const stream of streams) this.#closeStream(stream)
    this.#owner.onClosed(this)
  }

  sendHeaders(stream: Http2Stream, block: Buffer, isLast: boolean): void {
    if (isLast && stream.waiting.length > 0) {
      stream.trailers = block
      return
    }
    const flags = FrameFlag.END_HEADERS | (isLast ? FrameFlag.END_STREAM : 0)
    this.#out.append(frame(FrameType.HEADERS, flags, stream.id, block))
    if (isLast) this.#finish(stream)
  }

  sendData(stream: Http2Stream, prefix: Buffer, bytes: Buffer, length: number): void {
    this.#data.send(stream, prefix, bytes, length)
  }

  reset(stream: Http2Stream, code: number): void {
    this.#out.append(frame(FrameType.RST_STREAM, 0, stream.id, uint32(code)))
    this.#forget(stream)
  }

  #frame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    switch (type) {
      case FrameType.DATA:
        this.#onData(flags, streamId, bytes, start, end)
        return
      case FrameType.HEADERS:
        this.#onHeaders(flags, streamId, bytes, start, end)
        return
      case FrameType.RST_STREAM:
        this.#onReset(streamId, end - start)
        return
      case FrameType.SETTINGS:
        this.#onSettings(flags, bytes, start, end)
        return
      case FrameType.PING:
        if (end - start !== 8) throw wrongSize('PING')
        if ((flags & FrameFlag.ACK) === 0) {
          this.#out.append(frame(FrameType.PING, FrameFlag.ACK, 0, bytes.subarray(start, end)))
        }
        return
      case FrameType.WINDOW_UPDATE:
        this.#onWindowUpdate(streamId, bytes, start, end)
        return
      case FrameType.PUSH_PROMISE:
        throw new Http2Error(Http2ErrorCode.PROTOCOL_ERROR, 'a client does not push')
      default:
      // PRIORITY and GOAWAY change nothing here, and what nobody knows is passed over.
    }
  }

  #onHeaders(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    const headers = this.#hpack.decode(bytes, start, end)
    const isLast = (flags & FrameFlag.END_STREAM) !== 0
    const known = this.#streams.get(streamId)
    if (known !== undefined) {
      // Trailers of a request say nothing to gRPC; they end it.
      if (!isLast) throw new Http2Error(Http2ErrorCode.PROTOCOL_ERROR, `stream ${streamId}: headers after data`)
      this.#halfClose(known)
      return
    }
    if (streamId % 2 === 0) throw new Http2Error(Http2ErrorCode.PROTOCOL_ERROR, `stream ${streamId} is no client's`)
    // Already closed here, or refused.
    if (streamId <= this.#lastStreamId) return
    this.#lastStreamId = streamId
    const stream = new Http2Stream(streamId, this, this.#data.firstWindow)
    if (this.#isDraining || this.#streams.size >= this.#limits.streamsMax) {
      this.reset(stream, Http2ErrorCode.REFUSED_STREAM)
      return
    }
    this.#streams.set(streamId, stream)
    stream.events = this.#owner.onStream(stream, headers)
    if (isLast) this.#halfClose(stream)
  }

  #onData(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    const received = end - start
    this.#unacknowledgedBytes += received
    if (this.#unacknowledgedBytes > this.#limits.connectionWindowBytes) throw tooMuch()
    if (this.#unacknowledgedBytes * 2 > this.#limits.connectionWindowBytes) {
      this.#updateWindow(0, this.#unacknowledgedBytes)
      this.#unacknowledgedBytes = 0
    }
    const stream = this.#streams.get(streamId)
    if (stream === undefined || stream.isHalfClosed) {
      if (streamId === 0 || streamId > this.#lastStreamId) {
        throw new Http2Error(Http2ErrorCode.PROTOCOL_ERROR, `data for stream ${streamId}, which is not open`)
      }
      return
    }
    const isLast = (flags & FrameFlag.END_STREAM) !== 0
    stream.unacknowledgedBytes += received
    if (stream.unacknowledgedBytes > this.#limits.streamWindowBytes) throw tooMuch()
    if (!isLast && stream.unacknowledgedBytes * 2 > this.#limits.streamWindowBytes) {
      this.#updateWindow(streamId, stream.unacknowledgedBytes)
      stream.unacknowledgedBytes = 0
    }
    const padding = (flags & FrameFlag.PADDED) === 0 ? 0 : 1 + bytes[start]!
    if (padding > received) throw new Http2Error(Http2ErrorCode.PROTOCOL_ERROR, 'more padding than data')
    const first = padding === 0 ? start : start + 1
    // Before the data: whoever answers at once ends the stream for good.
    if (isLast) stream.isHalfClosed = true
    stream.events.data(bytes, first, first + received - padding)
    if (isLast && !stream.isClosed) stream.events.ended()
  }

  #onReset(streamId: number, length: number): void {
    if (length !== 4) throw wrongSize('RST_STREAM')
    const second = Math.floor(this.lastActiveMs / 1000)
    this.#resets = second === this.#secondBegun ? this.#resets + 1 : 1
    this.#secondBegun = second
    if (this.#resets > this.#limits.resetsPerSecondMax) {
      throw new Http2Error(
        Http2ErrorCode.ENHANCE_YOUR_CALM,
        `more than ${this.#limits.resetsPerSecondMax} resets a second`,
      )
    }
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    const { events } = stream
    this.#forget(stream)
    events.closed()
  }

  #onSettings(flags: number, bytes: Buffer, start: number, end: number): void {
    if ((flags & FrameFlag.ACK) !== 0) return
    if ((end - start) % 6 !== 0) throw wrongSize('SETTINGS')
    for (let at = start; at < end; at += 6) {
      const value = bytes.readUInt32BE(at + 2)
      if (bytes.readUInt16BE(at) === Setting.INITIAL_WINDOW_SIZE) this.#data.setFirstWindow(value)
    }
    this.#out.append(frame(FrameType.SETTINGS, FrameFlag.ACK, 0, Buffer.alloc(0)))
  }

  #onWindowUpdate(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw wrongSize('WINDOW_UPDATE')
    const more = bytes.readUInt32BE(start) % 2 ** 31
    if (streamId === 0) {
      this.#data.widen(more)
      return
    }
    const stream = this.#streams.get(streamId)
    if (stream !== undefined) this.#data.widenStream(stream, more)
  }

  #halfClose(stream: Http2Stream): void {
    if (stream.isHalfClosed) return
    stream.isHalfClosed = true
    stream.events.ended()
  }

  /** All has been answered. A client that has not sent all need not go on. */
  #finish(stream: Http2Stream): void {
    if (!stream.isHalfClosed)
      this.#out.append(frame(FrameType.RST_STREAM, 0, stream.id, uint32(Http2ErrorCode.NO_ERROR)))
    this.#forget(stream)
  }

  #forget(stream: Http2Stream): void {
    stream.isClosed = true
    stream.isHalfClosed = true
    this.#data.forget(stream)
    this.#streams.delete(stream.id)
    this.#endIfDrained()
  }

  #closeStream(stream: Http2Stream): void {
    stream.isClosed = true
    stream.isHalfClosed = true
    stream.events.closed()
  }

  #endIfDrained(): void {
    if (!this.#isDraining || this.#streams.size > 0 || !this.#isOpen) return
    this.#out.flush()
    this.#connection.end()
  }

  #updateWindow(streamId: number, bytes: number): void {
    this.#out.append(frame(FrameType.WINDOW_UPDATE, 0, streamId, uint32(bytes)))
  }

  /** Tells the client what it did wrong, and closes. */
  #abort(error: Http2Error): void {
    const { host, port } = this.remote
    this.#context.logger.warn({ peer: `${host}:${port}`, error: error.message }, 'broken HTTP/2, connection closed')
    const text = Buffer.from(error.message)
    this.#out.append(frame(FrameType.GOAWAY, 0, 0, Buffer.concat([uint32(this.#lastStreamId, error.code), text])))
    this.#out.flush()
    this.#isOpen = false
    this.#connection.end()
  }

  #limitWaiting(): void {
    const waiting = this.#connection.waitingBytes + this.#data.waitingBytes
    const { pauseAboveBytes, closeAboveBytes } = this.#context.limits
    if (waiting > closeAboveBytes) {
      const error = new Error(`${waiting} bytes wait for a client that does not read; the limit is ${closeAboveBytes}`)
      this.#context.logger.warn({ peer: this.remote, error: error.message }, 'slow reader, connection closed')
      this.#connection.destroy(error)
    } else if (this.#connection.waitingBytes > pauseAboveBytes && !this.#isPaused) {
      this.#isPaused = true
      this.#connection.pause()
    }
  }
}

function wrongSize(type: string): Http2Error {
  return new Http2Error(Http2ErrorCode.FRAME_SIZE_ERROR, `a ${type} frame of a wrong size`)
}
