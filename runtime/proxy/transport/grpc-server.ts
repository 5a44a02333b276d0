import type { MessageType } from '../../codec/protobuf/message-type.ts'
import { ProtobufError } from '../../codec/protobuf/proto-reader.ts'
import type { Timer } from '../../io/clock.ts'
import type { Address, Connection, ConnectionEvents, Listener, Network } from '../../io/network.ts'
import { headerBlock } from '../../net/http2/header-block.ts'
import {
  DEFAULT_HTTP2_LIMITS,
  Http2Connection,
  type Http2Limits,
  type Http2Owner,
} from '../../net/http2/http2-connection.ts'
import { Http2ErrorCode } from '../../net/http2/http2-error.ts'
import type { Http2Stream, StreamEvents } from '../../net/http2/http2-stream.ts'
import type { NetContext } from '../../net/net-context.ts'
import { GrpcCall } from './grpc-call.ts'
import { GrpcError, GrpcStatus } from './grpc-status.ts'
import { parseGrpcTimeout } from './grpc-timeout.ts'
import { MessageFrames } from './message-frames.ts'

/** Takes the messages of a call that sends many. */
export interface MessageTaker<R> {
  message(message: R): void
  /** The client has sent all. */
  ended(): void
}

/** A method of a service: the types of its messages and what is done. */
interface Method {
  readonly requestType: MessageType
  readonly answerType: MessageType<unknown, unknown>
  /** Takes the one message of a request. */
  readonly start?: (call: GrpcCall, request: unknown) => void
  readonly open?: (call: GrpcCall) => MessageTaker<unknown>
}

export interface GrpcServerOptions {
  readonly messageBytesMax: number
  /** A connection on which nothing came for half of this is asked whether it lives; without an answer it is closed. */
  readonly silenceMaxMs: number
  readonly http2?: Partial<Http2Limits>
}

const LOOK_EVERY_MS = 1000

/** Serves gRPC methods on HTTP/2 connections. */
export class GrpcServer implements Http2Owner {
  readonly #context: NetContext
  readonly #options: GrpcServerOptions
  readonly #limits: Http2Limits
  readonly #methods = new Map<string, Method>()
  readonly #connections = new Set<Http2Connection>()
  readonly #pinged = new Set<Http2Connection>()
  readonly #listeners: Listener[] = []
  #timer: Timer | undefined
  #onDrained: (() => void) | undefined

  constructor(context: NetContext, options: GrpcServerOptions) {
    this.#context = context
    this.#options = options
    this.#limits = { ...DEFAULT_HTTP2_LIMITS, ...options.http2 }
  }

  /** A method whose request is one message. `start` answers through the call, now or later. */
  handle<R, A>(
    path: string,
    requestType: MessageType<R, never>,
    answerType: MessageType<unknown, A>,
    start: (call: GrpcCall<A>, request: R) => void,
  ): void {
    this.#methods.set(path, { requestType, answerType, start } as unknown as Method)
  }

  /** A method whose request is a stream of messages. */
  handleStream<R, A>(
    path: string,
    requestType: MessageType<R, never>,
    answerType: MessageType<unknown, A>,
    open: (call: GrpcCall<A>) => MessageTaker<R>,
  ): void {
    this.#methods.set(path, { requestType, answerType, open } as unknown as Method)
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** `network`: whose connections may speak TLS. Rejects when the port cannot be had. */
  async listen(network: Network, address: Address): Promise<Address> {
    const listener = await network.listen(address, (connection) => this.#accept(connection))
    this.#listeners.push(listener)
    this.#timer ??= this.#context.clock.every(LOOK_EVERY_MS, () => this.#lookForSilent())
    return listener.address
  }

  /** Takes no more calls and waits for those under way, at most `waitMs`; then all connections are closed. */
  async close(waitMs: number): Promise<void> {
    for (const listener of this.#listeners.splice(0)) listener.close()
    for (const connection of [...this.#connections]) connection.drain()
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#context.clock.after(waitMs, resolve)
        this.#onDrained = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    this.#timer?.cancel()
    for (const connection of [...this.#connections]) connection.destroy()
  }

  onStream(stream: Http2Stream, headers: ReadonlyMap<string, string>): StreamEvents {
    const problem = notGrpc(headers)
    if (problem !== undefined) {
      stream.sendHeaders(headerBlock([[':status', problem]]), true)
      return NOTHING
    }
    const path = headers.get(':path') ?? ''
    const method = this.#methods.get(path)
    if (method === undefined) {
      new GrpcCall(stream, headers, EMPTY, undefined).fail(
        GrpcStatus.UNIMPLEMENTED,
        `Method not found: ${path.slice(1)}`,
      )
      return NOTHING
    }
    const timeoutMs = parseGrpcTimeout(headers.get('grpc-timeout'))
    const deadlineMs = timeoutMs === undefined ? undefined : this.#context.clock.monotonic() + timeoutMs
    return new ServedCall(this.#context, method, new GrpcCall(stream, headers, method.answerType, deadlineMs), {
      stream,
      bytesMax: this.#options.messageBytesMax,
    })
  }

  onClosed(connection: Http2Connection): void {
    this.#connections.delete(connection)
    this.#pinged.delete(connection)
    if (this.#connections.size === 0) this.#onDrained?.()
  }

  #accept(connection: Connection): ConnectionEvents {
    const http2 = new Http2Connection(connection, this.#context, this, this.#limits)
    this.#connections.add(http2)
    const limit = this.#context.limits.connectionsMax
    if (this.#connections.size > limit) {
      this.#context.logger.warn({ peer: connection.remote, limit }, 'too many connections, this one is closed')
      http2.destroy()
    }
    return http2
  }

  #lookForSilent(): void {
    const now = this.#context.clock.monotonic()
    const { silenceMaxMs } = this.#options
    for (const connection of this.#connections) {
      const silentMs = now - connection.lastActiveMs
      if (silentMs > silenceMaxMs) connection.destroy(new Error(`nothing received for ${silenceMaxMs} ms`))
      else if (silentMs * 2 < silenceMaxMs) this.#pinged.delete(connection)
      else if (!this.#pinged.has(connection)) {
        this.#pinged.add(connection)
        connection.ping()
      }
    }
  }
}

/** The way from the data of a stream to the method, and from its errors to the client. */
class ServedCall implements StreamEvents {
  readonly #context: NetContext
  readonly #method: Method
  readonly #call: GrpcCall
  readonly #stream: Http2Stream
  readonly #frames: MessageFrames
  readonly #taker: MessageTaker<unknown> | undefined
  #hasRequest = false

  constructor(
    context: NetContext,
    method: Method,
    call: GrpcCall,
    { stream, bytesMax }: { stream: Http2Stream; bytesMax: number },
  ) {
    this.#context = context
    this.#method = method
    this.#call = call
    this.#stream = stream
    const encoding = call.metadata.get('grpc-encoding')
    this.#frames = new MessageFrames(bytesMax, encoding, (bytes, start, end) => this.#message(bytes, start, end))
    this.#taker = method.open?.(call)
  }

  data(bytes: Buffer, start: number, end: number): void {
    if (this.#call.isOver) return
    this.#guard(() => this.#frames.data(bytes, start, end))
  }

  ended(): void {
    if (this.#call.isOver) return
    this.#guard(() => {
      if (this.#frames.isPartial || (this.#taker === undefined && !this.#hasRequest)) {
        throw new GrpcError(GrpcStatus.INTERNAL, 'the request ends before its message does')
      }
      this.#taker?.ended()
    })
  }

  closed(): void {
    const { onCancelled } = this.#call
    this.#call.onCancelled = undefined
    onCancelled?.()
  }

  #message(bytes: Buffer, start: number, end: number): void {
    const request = this.#method.requestType.decode(bytes, start, end)
    if (this.#taker !== undefined) {
      this.#taker.message(request)
      return
    }
    if (this.#hasRequest) throw new GrpcError(GrpcStatus.INTERNAL, 'a second message for a method that takes one')
    this.#hasRequest = true
    this.#method.start?.(this.#call, request)
  }

  #guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      if (error instanceof GrpcError) this.#call.fail(error.status, error.message)
      else if (error instanceof ProtobufError) this.#call.fail(GrpcStatus.INTERNAL, `no message: ${error.message}`)
      else {
        this.#context.logger.error({ err: error }, 'call failed')
        this.#call.fail(GrpcStatus.INTERNAL, String(error))
      }
      if (!this.#stream.isClosed) this.#stream.reset(Http2ErrorCode.CANCEL)
    }
  }
}

/** The HTTP status for what is no call of gRPC at all. */
function notGrpc(headers: ReadonlyMap<string, string>): string | undefined {
  if (headers.get(':method') !== 'POST') return '405'
  return headers.get('content-type')?.startsWith('application/grpc') ? undefined : '415'
}

const NOTHING: StreamEvents = { data() {}, ended() {}, closed() {} }
const EMPTY: MessageType<unknown, unknown> = {} as MessageType<unknown, unknown>
