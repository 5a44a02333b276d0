import type { Address } from '../../io/network.ts'

/** What the owner of a stream is told. */
export interface StreamEvents {
  /** Bytes of the request, valid during the call only. */
  data(bytes: Buffer, start: number, end: number): void
  /** The request is complete. */
  ended(): void
  /** The peer has given the stream up, or its connection is gone. Nothing is called after it. */
  closed(): void
}

/** What a stream needs of its connection. */
export interface StreamConnection {
  readonly remote: Address
  readonly local: Address
  sendHeaders(stream: Http2Stream, block: Buffer, isLast: boolean): void
  sendData(stream: Http2Stream, prefix: Buffer, bytes: Buffer, length: number): void
  reset(stream: Http2Stream, code: number): void
}

/** One request of a client and its answer. The connection changes the fields that are not readonly. */
export class Http2Stream {
  readonly id: number
  readonly connection: StreamConnection
  events: StreamEvents = IGNORED
  /** Bytes that the peer takes before it says more. */
  sendWindow: number
  /** Bytes received since the peer was told that it may send more. */
  unacknowledgedBytes = 0
  /** The peer has sent all. */
  isHalfClosed = false
  /** Nothing is sent any more. */
  isClosed = false
  /** Data that waits for the window, and how much of the first piece has been sent. */
  readonly waiting: Buffer[] = []
  waitingFrom = 0
  /** What is to follow the data that waits. */
  trailers: Buffer | undefined

  constructor(id: number, connection: StreamConnection, sendWindow: number) {
    this.id = id
    this.connection = connection
    this.sendWindow = sendWindow
  }

  /** `block`: see header-block.ts. With `isLast` it ends the stream, after all data that waits. */
  sendHeaders(block: Buffer, isLast: boolean): void {
    if (!this.isClosed) this.connection.sendHeaders(this, block, isLast)
  }

  /** Sends `prefix` and the first `length` of `bytes`, which may be changed after the call. */
  sendData(prefix: Buffer, bytes: Buffer, length: number): void {
    if (!this.isClosed) this.connection.sendData(this, prefix, bytes, length)
  }

  /** Gives the stream up, whatever was sent. */
  reset(code: number): void {
    if (!this.isClosed) this.connection.reset(this, code)
  }
}

const IGNORED: StreamEvents = { data() {}, ended() {}, closed() {} }
