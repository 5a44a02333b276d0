import type { CommandView } from '../../codec/remoting/command-view.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import type { Timer } from '../../io/clock.ts'
import type { Connection } from '../../io/network.ts'
import { Channel, type ChannelOwner } from '../../net/channel.ts'
import type { NetContext } from '../../net/net-context.ts'
import { parseAddress } from '../../net/remoting-client.ts'
import { RaftCode } from './raft-codes.ts'

export interface PeerLinkUser {
  /** A connection that had been opened has ended. */
  closed(): void
  /** What the member at the other end says unasked. */
  onRequest(request: CommandView, channel: Channel): void
}

const CONNECT_TIMEOUT_MS = 1000
const RETRY_MIN_MS = 50
const RETRY_MAX_MS = 1000
/** Kept while the connection is being opened. What does not fit is lost: Raft sends it again. */
const WAITING_FRAMES_MAX = 64
const WAITING_BYTES_MAX = 8 * 1024 * 1024
/** For a peer that does not read: what comes on top is lost. */
const UNSENT_BYTES_MAX = 16 * 1024 * 1024

/**
 * The connection over which one member sends to another; opened at once and again whenever it ends. Addresses are tried in
 * turn, and a name is looked up at every try.
 */
export class PeerLink implements ChannelOwner {
  readonly isServer = false
  readonly #context: NetContext
  readonly #user: PeerLinkUser
  #addresses: readonly string[]
  #tries = 0
  #connection: Connection | undefined
  #channel: Channel | undefined
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #retry: Timer | undefined
  #isConnecting = false
  #isStopped = false

  constructor(context: NetContext, addresses: readonly string[], user: PeerLinkUser) {
    this.#context = context
    this.#addresses = addresses
    this.#user = user
    this.#connect()
  }

  /** Used from the next connection on. */
  set addresses(addresses: readonly string[]) {
    this.#addresses = addresses
  }

  send(body: Buffer): void {
    if (this.#channel !== undefined) this.#sendNow(this.#channel, body)
    else if (this.#isConnecting && this.#waiting.length < WAITING_FRAMES_MAX) {
      if (this.#waitingBytes + body.length > WAITING_BYTES_MAX) return
      this.#waiting.push(body)
      this.#waitingBytes += body.length
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#retry?.cancel()
    this.#channel?.end()
  }

  onRequest(request: CommandView, channel: Channel): void {
    this.#user.onRequest(request, channel)
  }

  onClosed(): void {
    this.#channel = undefined
    this.#connection = undefined
    if (this.#isStopped) return
    this.#retryLater()
    this.#user.closed()
  }

  #sendNow(channel: Channel, body: Buffer): void {
    if (this.#connection!.waitingBytes > UNSENT_BYTES_MAX) return
    channel.sendOneway({ code: RaftCode.MESSAGES, body, serializeType: SerializeType.ROCKETMQ })
  }

  #connect(): void {
    const address = parseAddress(this.#addresses[this.#tries % this.#addresses.length]!)
    this.#isConnecting = true
    let channel: Channel | undefined
    this.#context.network.connect(address, CONNECT_TIMEOUT_MS, {
      opened: (connection: Connection) => {
        this.#isConnecting = false
        channel = new Channel(0, connection, this.#context, this)
        if (this.#isStopped) channel.end()
        else this.#opened(connection, channel)
      },
      readBuffer: () => channel?.readBuffer() ?? this.#context.receive.shared.bytes,
      received: (count) => channel?.received(count),
      drained: () => channel?.drained(),
      closed: (error) => {
        this.#isConnecting = false
        if (channel !== undefined) channel.closed(error)
        else this.#failed()
      },
    })
  }

  #opened(connection: Connection, channel: Channel): void {
    this.#tries = 0
    this.#connection = connection
    this.#channel = channel
    const waiting = this.#waiting
    this.#dropWaiting()
    for (const body of waiting) this.#sendNow(channel, body)
  }

  #failed(): void {
    this.#tries++
    this.#dropWaiting()
    if (!this.#isStopped) this.#retryLater()
  }

  #dropWaiting(): void {
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #retryLater(): void {
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(this.#tries, 10))
    this.#retry = this.#context.clock.after(delayMs, () => this.#connect())
  }
}
