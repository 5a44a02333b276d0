import type { MessageType } from '../../codec/protobuf/message-type.ts'
import type { Address } from '../../io/network.ts'
import { headerBlock } from '../../net/http2/header-block.ts'
import type { Http2Stream } from '../../net/http2/http2-stream.ts'
import { GrpcStatus } from './grpc-status.ts'
import { PREFIX_BYTES } from './message-frames.ts'

const RESPONSE_HEADERS: readonly (readonly [string, string])[] = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
]
const HEAD = headerBlock([...RESPONSE_HEADERS, ['grpc-accept-encoding', 'identity,gzip']])
const OK_TRAILERS = headerBlock([['grpc-status', String(GrpcStatus.OK)]])
const prefix = Buffer.alloc(PREFIX_BYTES)

/** One call of a method: what came with it, and the way its answers go. */
export class GrpcCall<W = unknown> {
  readonly metadata: ReadonlyMap<string, string>
  /** Clock.monotonic() at which the client stops waiting; undefined: it has not said so. */
  readonly deadlineMs: number | undefined
  /** Called once when the client has given up, or is gone, before the call ended. */
  onCancelled: (() => void) | undefined
  readonly #stream: Http2Stream
  readonly #answerType: MessageType<unknown, W>
  #hasHead = false

  constructor(
    stream: Http2Stream,
    metadata: ReadonlyMap<string, string>,
    answerType: MessageType<unknown, W>,
    deadlineMs: number | undefined,
  ) {
    this.#stream = stream
    this.metadata = metadata
    this.#answerType = answerType
    this.deadlineMs = deadlineMs
  }

  get remote(): Address {
    return this.#stream.connection.remote
  }

  get local(): Address {
    return this.#stream.connection.local
  }

  /** Nothing that is sent now arrives anywhere: the client has given up, or the call is over. */
  get isOver(): boolean {
    return this.#stream.isClosed
  }

  write(message: W): void {
    if (this.isOver) return
    if (!this.#hasHead) {
      this.#hasHead = true
      this.#stream.sendHeaders(HEAD, false)
    }
    const { bytes, length } = this.#answerType.layOut(message)
    prefix.writeUInt32BE(length, 1)
    this.#stream.sendData(prefix, bytes, length)
  }

  /** Ends the call with success. */
  end(): void {
    if (this.#hasHead) this.#stream.sendHeaders(OK_TRAILERS, true)
    else this.#trailersOnly(GrpcStatus.OK, '')
  }

  /** Ends the call with a status of gRPC other than OK. */
  fail(status: GrpcStatus, message: string): void {
    if (!this.#hasHead) this.#trailersOnly(status, message)
    else this.#stream.sendHeaders(headerBlock(statusHeaders(status, message)), true)
  }

  #trailersOnly(status: GrpcStatus, message: string): void {
    this.#stream.sendHeaders(headerBlock([...RESPONSE_HEADERS, ...statusHeaders(status, message)]), true)
  }
}

function statusHeaders(status: GrpcStatus, message: string): [string, string][] {
  const code: [string, string] = ['grpc-status', String(status)]
  return message === '' ? [code] : [code, ['grpc-message', percentEncoded(message)]]
}

const MESSAGE_CHARACTERS_MAX = 1000

/** As gRPC has it: all but printable ASCII, and the percent sign, as %XX of its UTF-8 bytes. */
function percentEncoded(message: string): string {
  return message.slice(0, MESSAGE_CHARACTERS_MAX).replaceAll(/[^ -$&-~]/gu, (char) => {
    return [...Buffer.from(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
  })
}
