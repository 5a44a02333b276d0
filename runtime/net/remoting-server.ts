import type { CommandView } from '../codec/remoting/command-view.ts'
import type { Response } from '../codec/remoting/remoting-command.ts'
import { requestCodeName } from '../codec/remoting/request-code.ts'
import { RequestError } from '../codec/remoting/request-error.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import type { Timer } from '../io/clock.ts'
import type { Address, Connection, Listener } from '../io/network.ts'
import { Channel, type ChannelOwner } from './channel.ts'
import type { NetContext } from './net-context.ts'

/**
 * Serves one kind of request. The view is valid during the call only.
 * Returns the response; or a promise of it (control plane only); or undefined when the answer comes later through
 * `channel.respond` or `channel.out`, as may the promise. Throws RequestError for an expected refusal.
 */
export type RequestHandler = (request: CommandView, channel: Channel) => HandlerResult
export type HandlerResult = Response | Promise<Response | undefined> | undefined

/** Looks at a request before its handler does: an answer in place of the handler's, or undefined. Throws as handlers do. */
export type RequestGuard = (request: CommandView, channel: Channel) => Response | undefined

export interface RemotingServerOptions {
  /** Closes a connection on which nothing arrived for this long (serverChannelMaxIdleTimeSeconds). */
  readonly idleTimeoutMs: number
  readonly onConnected?: (channel: Channel) => void
  /** Told after a connection is gone; `error` when it failed. */
  readonly onClosed?: (channel: Channel, error: Error | undefined) => void
}

const IDLE_SCAN_PERIOD_MS = 5_000

/** Accepts remoting connections and hands each request to the handler of its code. */
export class RemotingServer implements ChannelOwner {
  readonly isServer = true
  readonly #context: NetContext
  readonly #options: RemotingServerOptions
  readonly #handlers = new Map<number, RequestHandler>()
  readonly #channels = new Set<Channel>()
  readonly #listeners: Listener[] = []
  readonly #closeWatchers: ((channel: Channel) => void)[] = []
  #fallback: RequestHandler | undefined
  #guard: RequestGuard | undefined
  #nextId = 1
  #idleTimer: Timer | undefined

  constructor(context: NetContext, options: RemotingServerOptions) {
    this.#context = context
    this.#options = options
  }

  handle(code: number, handler: RequestHandler): void {
    if (this.#handlers.has(code)) throw new Error(`request code ${requestCodeName(code)} has two handlers`)
    this.#handlers.set(code, handler)
  }

  /** Serves codes that have no handler of their own. */
  handleOthers(handler: RequestHandler): void {
    this.#fallback = handler
  }

  /**
   * Every request that has a handler has to pass it first. What nobody serves is answered as such: health checks and
   * clients that try what a server can do rest on that.
   */
  guardBy(guard: RequestGuard): void {
    this.#guard = guard
  }

  /** Tells a service that shares the port of every connection that is gone, after `onClosed` of the options. */
  watchClosed(watcher: (channel: Channel) => void): void {
    this.#closeWatchers.push(watcher)
  }

  get channels(): ReadonlySet<Channel> {
    return this.#channels
  }

  /** May be called for several addresses. Rejects when the port cannot be had. */
  async listen(address: Address): Promise<Address> {
    const listener = await this.#context.network.listen(address, (connection) => this.#accept(connection))
    this.#listeners.push(listener)
    this.#idleTimer ??= this.#context.clock.every(IDLE_SCAN_PERIOD_MS, () => this.#closeIdle())
    return listener.address
  }

  /** Stops accepting and closes all connections after sending what waits. */
  close(): void {
    this.#idleTimer?.cancel()
    for (const listener of this.#listeners.splice(0)) listener.close()
    for (const channel of this.#channels) channel.end()
  }

  onRequest(request: CommandView, channel: Channel): void {
    const { opaque, serializeType, isOneway } = request
    let response: HandlerResult
    try {
      response = this.#serve(request, channel)
    } catch (error) {
      response = this.#failure(error, request.code, channel)
    }
    if (response === undefined) return
    if (!(response instanceof Promise)) {
      if (!isOneway) channel.respond(opaque, serializeType, response)
      return
    }
    const code = request.code
    const answer = (late: Response | undefined): void => {
      if (late !== undefined && !isOneway) channel.respond(opaque, serializeType, late)
    }
    response.then(answer, (error) => answer(this.#failure(error, code, channel)))
  }

  #serve(request: CommandView, channel: Channel): HandlerResult {
    const handler = this.#handlers.get(request.code)
    if (handler !== undefined) return this.#guard?.(request, channel) ?? handler(request, channel)
    return this.#fallback === undefined ? unsupported(request.code) : this.#fallback(request, channel)
  }

  onClosed(channel: Channel, error: Error | undefined): void {
    this.#channels.delete(channel)
    this.#options.onClosed?.(channel, error)
    for (const watcher of this.#closeWatchers) watcher(channel)
  }

  #accept(connection: Connection): Channel {
    const limit = this.#context.limits.connectionsMax
    if (this.#channels.size >= limit) {
      const { host, port } = connection.remote
      this.#context.logger.warn({ peer: `${host}:${port}`, limit }, 'too many connections, this one is closed')
      connection.destroy()
      return new Channel(this.#nextId++, connection, this.#context, REFUSED)
    }
    const channel = new Channel(this.#nextId++, connection, this.#context, this)
    this.#channels.add(channel)
    this.#options.onConnected?.(channel)
    return channel
  }

  #closeIdle(): void {
    const oldest = this.#context.clock.monotonic() - this.#options.idleTimeoutMs
    for (const channel of this.#channels) {
      if (channel.lastActiveMs < oldest)
        channel.destroy(new Error(`nothing received for ${this.#options.idleTimeoutMs} ms`))
    }
  }

  /** A refusal is an answer; anything else is our bug: the client hears of it, and the log keeps the trace. */
  #failure(error: unknown, code: number, channel: Channel): Response {
    if (error instanceof RequestError) return { code: error.code, remark: error.message }
    this.#context.logger.error(
      { request: requestCodeName(code), peer: channel.remoteText, err: error },
      'request failed',
    )
    return { code: ResponseCode.SYSTEM_ERROR, remark: `${requestCodeName(code)}: ${String(error)}` }
  }
}

/** Owns connections above the limit until they are gone. */
const REFUSED: ChannelOwner = { isServer: true, onRequest() {}, onClosed() {} }

function unsupported(code: number): Response {
  return { code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark: ` request type ${code} not supported` }
}
