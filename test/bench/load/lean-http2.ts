import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { FrameFlag, FrameType, HEAD_BYTES, PREFACE, smallFrame } from './http2-frames.ts'

/** Holds what one turn of the loop reads; one frame is of 16 KiB at most, which nobody is asked to exceed. */
const RECEIVE_BYTES = 4 * 1024 * 1024
const WINDOW_MAX = 2 ** 31 - 1
const WINDOW_FIRST = 65_535
/** After so much the server is told that it may send on. */
const REPLENISH_BYTES = 64 * 1024 * 1024
const MESSAGE_HEAD_BYTES = 5

/** A call under way. */
export interface Call {
  /** Whatever the caller knows it by. */
  readonly tag: number
  /** The start of a message whose rest has not come yet. */
  rest: Buffer | undefined
}

interface Listener {
  /** A message of an answer, where it lies in the receive buffer: valid only while it is handled. */
  message(tag: number, bytes: Buffer, start: number, end: number): void
  /** No more messages of this answer. */
  ended(tag: number): void
}

/**
 * One connection of a load generator to a gRPC server: HTTP/2 (RFC 9113) without TLS, and no more of it than calls need.
 * Frames are built beforehand and go out together once per turn; of answers only DATA is read, so that what went wrong has
 * to be told by the messages. A lost connection, or one that the server gives up, ends the process with status 1.
 */
export class LeanHttp2 {
  readonly #socket: Socket
  readonly #receive = Buffer.allocUnsafeSlow(RECEIVE_BYTES)
  readonly #listener: Listener
  readonly #calls = new Map<number, Call>()
  readonly #waiting: { frames: Buffer; tag: number }[] = []
  #filled = 0
  #batch: Buffer[] = []
  #nextStream = 1
  #window = WINDOW_FIRST
  #unreplenished = 0

  constructor(port: number, onOpen: () => void, listener: Listener) {
    this.#listener = listener
    this.#socket = connect({
      ...{ host: '127.0.0.1', port, noDelay: true },
      onread: {
        buffer: () => this.#receive.subarray(this.#filled),
        callback: (count: number) => {
          this.#received(count)
          return true
        },
      },
    } as NetConnectOpts)
    this.#socket.on('connect', () => {
      // ENABLE_PUSH 0, INITIAL_WINDOW_SIZE as large as can be
      const settings = Buffer.from([0, 2, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff])
      this.#batch.push(PREFACE, smallFrame(FrameType.settings, 0, settings))
      this.#batch.push(windowUpdate(WINDOW_MAX - WINDOW_FIRST))
      onOpen()
      this.#flush()
    })
    this.#socket.on('error', (error) => this.#lost(error.message))
    this.#socket.on('end', () => this.#lost('the server closed it'))
  }

  /** `frames` (of callFrames) go out with the next flush, or once the server takes more. Patched in place. */
  call(frames: Buffer, tag: number): void {
    if (this.#waiting.length > 0 || !this.#open(frames, tag)) this.#waiting.push({ frames, tag })
  }

  #open(frames: Buffer, tag: number): boolean {
    const dataAt = HEAD_BYTES + frames.readUIntBE(0, 3)
    const bytes = frames.length - dataAt - HEAD_BYTES
    if (bytes > this.#window) return false
    this.#window -= bytes
    const stream = this.#nextStream
    this.#nextStream += 2
    frames.writeInt32BE(stream, 5)
    frames.writeInt32BE(stream, dataAt + 5)
    this.#calls.set(stream, { tag, rest: undefined })
    this.#batch.push(frames)
    return true
  }

  #flush(): void {
    if (this.#batch.length === 0) return
    this.#socket.write(Buffer.concat(this.#batch))
    this.#batch = []
  }

  #lost(why: string): never {
    console.error(`lost the connection: ${why}`)
    process.exit(1)
  }

  #received(count: number): void {
    this.#filled += count
    const receive = this.#receive
    let at = 0
    while (this.#filled - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + receive.readUIntBE(at, 3)
      if (this.#filled < end) break
      this.#read(receive[at + 3]!, receive[at + 4]!, receive.readInt32BE(at + 5), at + HEAD_BYTES, end)
      at = end
    }
    receive.copyWithin(0, at, this.#filled)
    this.#filled -= at
    this.#flush()
  }

  #read(type: number, flags: number, stream: number, start: number, end: number): void {
    const bytes = this.#receive
    switch (type) {
      case FrameType.data:
        if ((flags & FrameFlag.padded) !== 0) this.#lost('a padded frame, which this program does not read')
        this.#replenish(end - start)
        this.#messages(stream, start, end)
        break
      case FrameType.settings:
        if ((flags & FrameFlag.ack) === 0) this.#batch.push(smallFrame(FrameType.settings, FrameFlag.ack))
        return
      case FrameType.ping:
        if ((flags & FrameFlag.ack) === 0) {
          this.#batch.push(smallFrame(FrameType.ping, FrameFlag.ack, bytes.subarray(start, end)))
        }
        return
      case FrameType.windowUpdate:
        if (stream === 0) this.#widen(bytes.readInt32BE(start))
        return
      case FrameType.goAway:
        this.#lost(`GOAWAY ${bytes.readInt32BE(start + 4)} ${bytes.toString('latin1', start + 8, end)}`)
        break
      case FrameType.reset:
        this.#end(stream)
        return
    }
    if ((type === FrameType.data || type === FrameType.headers) && (flags & FrameFlag.endStream) !== 0) {
      this.#end(stream)
    }
  }

  #end(stream: number): void {
    const call = this.#calls.get(stream)
    if (call === undefined) return
    this.#calls.delete(stream)
    this.#listener.ended(call.tag)
  }

  #widen(bytes: number): void {
    this.#window += bytes
    for (;;) {
      const next = this.#waiting[0]
      if (next === undefined || !this.#open(next.frames, next.tag)) return
      this.#waiting.shift()
    }
  }

  #replenish(bytes: number): void {
    this.#unreplenished += bytes
    if (this.#unreplenished < REPLENISH_BYTES) return
    this.#batch.push(windowUpdate(this.#unreplenished))
    this.#unreplenished = 0
  }

  /** A message may lie in several frames, and a frame hold several messages. */
  #messages(stream: number, start: number, end: number): void {
    const call = this.#calls.get(stream)
    if (call === undefined) return
    let bytes = this.#receive
    let at = start
    let until = end
    if (call.rest !== undefined) {
      bytes = Buffer.concat([call.rest, bytes.subarray(start, end)])
      at = 0
      until = bytes.length
    }
    while (until - at >= MESSAGE_HEAD_BYTES) {
      const next = at + MESSAGE_HEAD_BYTES + bytes.readUInt32BE(at + 1)
      if (next > until) break
      this.#listener.message(call.tag, bytes, at + MESSAGE_HEAD_BYTES, next)
      at = next
    }
    call.rest = at === until ? undefined : Buffer.from(bytes.subarray(at, until))
  }
}

function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4)
  payload.writeInt32BE(bytes)
  return smallFrame(FrameType.windowUpdate, 0, payload)
}
