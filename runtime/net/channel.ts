import type { CommandView } from '../codec/remoting/command-view.ts'
import { MalformedFrameError, type SerializeType } from '../codec/remoting/frame.ts'
import {
  encodeCommand,
  type RemotingCommand,
  type RequestDraft,
  type Response,
  requestCommand,
  responseCommand,
} from '../codec/remoting/remoting-command.ts'
import type { Address, Connection, ConnectionEvents } from '../io/network.ts'
import { FrameReceiver } from './frame-receiver.ts'
import type { NetContext } from './net-context.ts'
import { Output } from './output.ts'
import type { PendingInvocations } from './pending-invocations.ts'

/** Who is told what arrives on a channel. */
export interface ChannelOwner {
  /** The accepting side of the connection. */
  readonly isServer: boolean
  /** A request; its view is valid during the call. */
  onRequest(request: CommandView, channel: Channel): void
  /** Once, after the connection is gone. */
  onClosed(channel: Channel, error: Error | undefined): void
}

/**
 * One remoting connection, on either side: both may send requests and answer them.
 *
 * Back-pressure: while more than `pauseAboveBytes` wait for the peer to read, a server reads nothing more from it; above
 * `closeAboveBytes` (answers that were already under way, or pushes) the connection is closed. A client goes on reading
 * whatever waits: if both sides stopped reading while both had much to send, neither would ever start again.
 */
export class Channel implements ConnectionEvents {
  readonly id: number
  readonly out: Output
  /** Clock.monotonic() of the last bytes received. */
  lastActiveMs: number
  /** For the service: what it knows of the client behind the channel. */
  attachment: unknown
  readonly #connection: Connection
  readonly #context: NetContext
  readonly #owner: ChannelOwner
  readonly #receiver: FrameReceiver
  readonly #invocations: PendingInvocations
  #open = true
  #paused = false

  constructor(id: number, connection: Connection, context: NetContext, owner: ChannelOwner) {
    this.id = id
    this.#connection = connection
    this.#context = context
    this.#owner = owner
    this.lastActiveMs = context.clock.monotonic()
    this.#receiver = new FrameReceiver(context.receive, (command) => this.#frame(command))
    this.#invocations = context.invocations
    this.out = new Output(connection, context.turn, context.slabs)
    this.out.onFlushed = () => this.#limitWaiting()
  }

  get remote(): Address {
    return this.#connection.remote
  }

  get local(): Address {
    return this.#connection.local
  }

  /** `host:port`, as official tools print a client. */
  get remoteText(): string {
    return `${this.remote.host}:${this.remote.port}`
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** Answers a request by its `opaque` in its own serialization. Nothing happens when the peer has gone. */
  respond(opaque: number, serializeType: SerializeType, response: Response): void {
    this.#send(responseCommand(response, opaque, serializeType))
  }

  /** Sends a request without expecting an answer. */
  sendOneway(request: RequestDraft): void {
    this.#send(requestCommand(request, this.#invocations.nextOpaque(), true))
  }

  /** Sends a request and waits for its answer. @throws InvocationError (timeout, connection lost) */
  invoke(request: RequestDraft, timeoutMs: number): Promise<RemotingCommand> {
    return new Promise((resolve, reject) => {
      const opaque = this.#invocations.add(this, request.code, timeoutMs, resolve, reject)
      if (opaque !== undefined) this.#send(requestCommand(request, opaque, false))
    })
  }

  /** Sends what waits, then closes. */
  end(): void {
    if (this.#open) this.out.flush()
    this.#connection.end()
  }

  destroy(error?: Error): void {
    this.#connection.destroy(error)
  }

  readBuffer(): Uint8Array {
    return this.#receiver.readBuffer()
  }

  received(count: number): void {
    this.lastActiveMs = this.#context.clock.monotonic()
    try {
      this.#receiver.received(count)
    } catch (error) {
      if (!(error instanceof MalformedFrameError)) throw error
      this.#context.logger.warn({ peer: this.remoteText, error: error.message }, 'malformed frame, connection closed')
      this.#receiver.discard()
      this.#connection.destroy(error)
    }
  }

  drained(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#connection.resume()
  }

  closed(error: Error | undefined): void {
    this.#open = false
    this.#receiver.discard()
    this.out.discard()
    this.#invocations.failAllOf(this)
    this.#owner.onClosed(this, error)
  }

  #frame(command: CommandView): void {
    if (!this.#open) return
    if (command.isResponse) this.#invocations.complete(this, command)
    else this.#owner.onRequest(command, this)
  }

  #send(command: RemotingCommand): void {
    if (this.#open) this.out.append(encodeCommand(command))
  }

  #limitWaiting(): void {
    const waiting = this.#connection.waitingBytes
    const { pauseAboveBytes, closeAboveBytes } = this.#context.limits
    if (waiting > closeAboveBytes) {
      const error = new Error(`${waiting} bytes wait for a peer that does not read; the limit is ${closeAboveBytes}`)
      this.#context.logger.warn({ peer: this.remoteText, error: error.message }, 'slow reader, connection closed')
      this.#connection.destroy(error)
    } else if (waiting > pauseAboveBytes && this.#owner.isServer && !this.#paused) {
      this.#paused = true
      this.#connection.pause()
    }
  }
}
