import type { CommandView } from '../codec/remoting/command-view.ts'
import type { RemotingCommand, RequestDraft } from '../codec/remoting/remoting-command.ts'
import { requestCodeName } from '../codec/remoting/request-code.ts'
import type { Address, Connection } from '../io/network.ts'
import { Channel, type ChannelOwner } from './channel.ts'
import type { NetContext } from './net-context.ts'
import { InvocationError } from './pending-invocations.ts'

export interface RemotingClientOptions {
  readonly connectTimeoutMs: number
  /** Requests that servers push to us (notifications, checks); without it they are ignored. */
  readonly onRequest?: (request: CommandView, channel: Channel) => void
  readonly onClosed?: (channel: Channel, address: string) => void
  /** Makes a request one in the name of this process; not applied to what is passed on in another's name. */
  readonly sign?: ((request: RequestDraft) => RequestDraft) | undefined
}

/** Requests to servers by address `host:port`; one connection each, opened on first use and again after it was lost. */
export class RemotingClient implements ChannelOwner {
  readonly isServer = false
  readonly #context: NetContext
  readonly #options: RemotingClientOptions
  readonly #channels = new Map<string, Promise<Channel>>()
  readonly #ending = new Set<Channel>()
  #nextId = 1
  #closed = false

  constructor(context: NetContext, options: RemotingClientOptions) {
    this.#context = context
    this.#options = options
  }

  /** @throws InvocationError when there is no connection or no answer in time. An error code is an answer. */
  async invoke(address: string, request: RequestDraft, timeoutMs: number): Promise<RemotingCommand> {
    const channel = await this.#channel(address, request.code)
    return channel.invoke(this.#signed(request), timeoutMs)
  }

  async sendOneway(address: string, request: RequestDraft): Promise<void> {
    const channel = await this.#channel(address, request.code)
    channel.sendOneway(this.#signed(request))
  }

  /** Closes the connection to a server, if there is one, after what waits has been sent. */
  end(address: string): void {
    const opening = this.#channels.get(address)
    this.#channels.delete(address)
    opening?.then(
      (channel) => {
        this.#ending.add(channel)
        channel.end()
      },
      () => undefined, // Never opened, and who asked was told.
    )
  }

  close(): void {
    this.#closed = true
    for (const opening of this.#channels.values()) {
      opening.then(
        (channel) => channel.end(),
        () => undefined, // Never opened: nothing to close, and who asked was told.
      )
    }
  }

  onRequest(request: CommandView, channel: Channel): void {
    this.#options.onRequest?.(request, channel)
  }

  onClosed(channel: Channel): void {
    const address = channel.attachment as string
    // In place of one that was ended another may have been opened.
    if (!this.#ending.delete(channel)) this.#channels.delete(address)
    this.#options.onClosed?.(channel, address)
  }

  #signed(request: RequestDraft): RequestDraft {
    const { sign } = this.#options
    return sign === undefined || request.isPassedOn === true ? request : sign(request)
  }

  #channel(address: string, code: number): Promise<Channel> {
    if (this.#closed) {
      return Promise.reject(new InvocationError('connection', `${requestCodeName(code)}: this client is closed`))
    }
    const known = this.#channels.get(address)
    if (known) return known
    const opening = this.#open(address)
    this.#channels.set(address, opening)
    opening.catch(() => this.#channels.delete(address))
    return opening
  }

  #open(address: string): Promise<Channel> {
    return new Promise((resolve, reject) => {
      const target = parseAddress(address)
      let channel: Channel | undefined
      // Until `opened` there is no channel that could take the events.
      this.#context.network.connect(target, this.#options.connectTimeoutMs, {
        opened: (connection: Connection) => {
          channel = new Channel(this.#nextId++, connection, this.#context, this)
          channel.attachment = address
          resolve(channel)
        },
        readBuffer: () => channel?.readBuffer() ?? this.#context.receive.shared.bytes,
        received: (count) => channel?.received(count),
        drained: () => channel?.drained(),
        closed: (error) => {
          if (channel) channel.closed(error)
          else reject(new InvocationError('connection', `cannot connect to ${address}: ${error?.message ?? 'closed'}`))
        },
      })
    })
  }
}

/** Splits `host:port`, also with an IPv6 host in brackets. @throws Error naming the text. */
export function parseAddress(text: string): Address {
  const colon = text.lastIndexOf(':')
  const port = Number(text.slice(colon + 1))
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Error(`address "${text}" is not of the form host:port`)
  }
  return { host, port }
}
