import type { CommandView } from '../../codec/remoting/command-view.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { NetContext } from '../../net/net-context.ts'
import type { RemotingServer } from '../../net/remoting-server.ts'
import type { Peer } from '../consensus.ts'
import type { Message } from '../message.ts'
import { MalformedBytesError } from '../wire/byte-reader.ts'
import { decodeFrame, decodeRefusal, encodeFrames, encodeRefusal, type MessageFrame } from './frame-codec.ts'
import { PeerLink } from './peer-link.ts'
import { DLEDGER_CODES, RaftCode } from './raft-codes.ts'
import type { RaftTransport, TransportUser } from './raft-transport.ts'

export interface RemotingTransportOptions {
  readonly context: NetContext
  /** The port that members share with brokers and tools. */
  readonly server: RemotingServer
  readonly group: string
  readonly selfId: string
  /** As the configuration of this member names them. */
  readonly peers: readonly Peer[]
}

/** More members than a group ever has, old ones included. */
const INBOUND_MAX = 32

/** Lines that were logged are remembered, so that each is logged once; so many of them. */
const LINES_MAX = 100

/** Messages as remoting frames: one connection to every other member for what is sent, the shared port for what comes. */
export class RemotingTransport implements RaftTransport {
  readonly #options: RemotingTransportOptions
  readonly #peersText: string
  readonly #links = new Map<string, PeerLink>()
  /**
   * Where members last spoke to this one. One that is not known here, because this log is behind, or not any more, because
   * its removal is not committed yet, is answered there.
   */
  readonly #inbound = new Map<string, Channel>()
  readonly #logged = new Set<string>()
  readonly #told = new WeakMap<Channel, string>()
  #user: TransportUser | undefined

  constructor(options: RemotingTransportOptions) {
    this.#options = options
    this.#peersText = peersText(options.peers)
    const { server } = options
    server.handle(RaftCode.MESSAGES, (request, channel) => this.#receive(request, channel))
    for (const code of DLEDGER_CODES) server.handle(code, (request, channel) => this.#refuseDledger(request, channel))
    server.watchClosed((channel) => this.#inboundClosed(channel))
  }

  start(user: TransportUser): void {
    this.#user = user
    this.peersChanged()
  }

  peersChanged(): void {
    const user = this.#user!
    const others = user.peers.filter(({ id }) => id !== this.#options.selfId)
    for (const [id, link] of this.#links) {
      if (others.some((peer) => peer.id === id)) continue
      link.stop()
      this.#links.delete(id)
    }
    for (const peer of others) {
      const addresses = this.#addressesOf(peer)
      const link = this.#links.get(peer.id)
      if (link === undefined) this.#links.set(peer.id, this.#linkTo(peer.id, addresses))
      else link.addresses = addresses
    }
  }

  send(messages: readonly Message[]): void {
    const byReceiver = Map.groupBy(messages, ({ to }) => to)
    for (const [to, batch] of byReceiver) {
      const link = this.#links.get(to) ?? this.#inbound.get(to)
      if (link === undefined) continue
      for (const body of encodeFrames(this.#options.group, this.#peersText, batch)) {
        if (link instanceof PeerLink) link.send(body)
        else link.sendOneway({ code: RaftCode.MESSAGES, body, serializeType: SerializeType.ROCKETMQ })
      }
    }
  }

  stop(): void {
    this.#user = undefined
    for (const link of this.#links.values()) link.stop()
    this.#links.clear()
    this.#inbound.clear()
  }

  /** What the configuration says is tried first, then what the group has agreed on: either may be out of date. */
  #addressesOf({ id, address }: Peer): string[] {
    const configured = this.#options.peers.find((peer) => peer.id === id)?.address
    return configured === undefined || configured === address ? [address] : [configured, address]
  }

  #linkTo(id: string, addresses: readonly string[]): PeerLink {
    return new PeerLink(this.#options.context, addresses, {
      closed: () => this.#user?.gone(id),
      onRequest: (request, channel) => {
        if (request.code === RaftCode.REFUSED) this.#refused(id, request)
        else if (request.code === RaftCode.MESSAGES) this.#receive(request, channel)
      },
    })
  }

  #receive(request: CommandView, channel: Channel): Response | undefined {
    const user = this.#user
    // Not started yet, or not any more: as good as not there.
    if (user === undefined) return undefined
    let frame: MessageFrame
    try {
      frame = decodeFrame(request.body())
    } catch (error) {
      if (!(error instanceof MalformedBytesError)) throw error
      this.#warnOnce(`${channel.remote.host} sends raft messages that cannot be used: ${error.message}`)
      channel.destroy(error)
      return undefined
    }
    const reason = this.#whyNot(frame, user)
    if (reason !== undefined) {
      this.#refuse(frame, reason, channel)
      return undefined
    }
    if (isByStranger(frame, user)) this.#refuse(frame, this.#whyStranger(frame), channel)
    this.#rememberWhere(frame.from, channel)
    for (const message of frame.messages) user.receive(message)
    return undefined
  }

  /**
   * The process of a member ended, if this is where it last spoke: one that has connected anew meanwhile lives. The link to
   * it tells nothing when it is not open, as after a restart of either side; that is why both ends of both are watched.
   */
  #inboundClosed(channel: Channel): void {
    for (const [id, last] of this.#inbound) {
      if (last !== channel) continue
      this.#inbound.delete(id)
      this.#user?.gone(id)
    }
  }

  #rememberWhere(id: string, channel: Channel): void {
    if (this.#inbound.get(id) === channel) return
    for (const [other, { isOpen }] of this.#inbound) if (!isOpen) this.#inbound.delete(other)
    if (this.#inbound.size < INBOUND_MAX || this.#inbound.has(id)) this.#inbound.set(id, channel)
  }

  /** Why messages are refused, in words that say what to change. */
  #whyNot(frame: MessageFrame, user: TransportUser): string | undefined {
    const { group, from, to, cluster, peers } = frame
    const { group: own, selfId } = this.#options
    if (group !== own)
      return `this is group "${own}", the messages are for group "${group}": an address or a group is wrong`
    if (to !== selfId) {
      return `this is member ${selfId}, the messages are for ${to}: the address of ${to} in controllerDLegerPeers is wrong`
    }
    if (from === selfId)
      return `there is another member with the id ${selfId}: every one needs its own controllerDLegerSelfId`
    if (cluster === 0 && user.cluster === 0) {
      if (peers === this.#peersText) return undefined
      return `controllerDLegerPeers of ${from} is "${peers}", of ${selfId} "${this.#peersText}": make them the same`
    }
    const isKnown = user.peers.some(({ id }) => id === from)
    if (cluster === 0 && !isKnown && !isByStranger(frame, user)) return this.#whyStranger(frame)
    if (cluster !== 0 && user.cluster !== 0 && cluster !== user.cluster) {
      return (
        `${from} belongs to another group of the name "${own}", which was founded by itself: one of the two has the wrong ` +
        'store path, or was started with an empty one by a majority of its members'
      )
    }
    return undefined
  }

  #whyStranger({ from, cluster }: MessageFrame): string {
    if (cluster === 0) return `${from} is not a member of the group: add it, or correct its controllerDLegerPeers`
    return `as far as ${this.#options.selfId} knows it is no member any more`
  }

  /** Told once per connection. */
  #refuse({ from }: MessageFrame, reason: string, channel: Channel): void {
    const { group, selfId } = this.#options
    if (this.#told.get(channel) === reason) return
    this.#told.set(channel, reason)
    this.#warnOnce(`refuses raft messages of ${from} (${channel.remote.host}): ${reason}`)
    const body = encodeRefusal({ group, from: selfId, reason })
    channel.sendOneway({ code: RaftCode.REFUSED, body, serializeType: SerializeType.ROCKETMQ })
  }

  #refused(id: string, request: CommandView): void {
    try {
      const { from, reason } = decodeRefusal(request.body())
      this.#warnOnce(`${from}, at the address of ${id}, refuses our raft messages: ${reason}`)
    } catch (error) {
      if (!(error instanceof MalformedBytesError)) throw error
      this.#warnOnce(`${id} refuses our raft messages and cannot be understood: ${error.message}`)
    }
  }

  #refuseDledger(request: CommandView, channel: Channel): Response {
    const remark =
      `member ${this.#options.selfId} of group "${this.#options.group}" does not speak DLedger: all controllers of a group ` +
      'have to be of the same engine'
    this.#warnOnce(`${channel.remote.host} asks as an Apache controller (code ${request.code}): ${remark}`)
    return { code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark }
  }

  #warnOnce(line: string): void {
    if (this.#logged.has(line)) return
    // So many different ones are a storm; it starts over rather than grow.
    if (this.#logged.size >= LINES_MAX) this.#logged.clear()
    this.#logged.add(line)
    this.#options.context.logger.warn({ group: this.#options.group, member: this.#options.selfId }, line)
  }
}

/**
 * One that only asks for votes and is no member as far as is known: it was removed, and nobody told it, or it was not added
 * yet. It gets its answer, by which it knows that there is a group already and founds none of its own. A member that is not
 * known yet, because this one is behind, says other things too.
 */
function isByStranger({ from, messages }: MessageFrame, { peers }: TransportUser): boolean {
  return !peers.some(({ id }) => id === from) && messages.every(({ kind }) => kind === 'preVote')
}

function peersText(peers: readonly Peer[]): string {
  const sorted = [...peers].sort((left, right) => (left.id < right.id ? -1 : 1))
  return sorted.map(({ id, address }) => `${id}-${address}`).join(';')
}
