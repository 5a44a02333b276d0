import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import { type ClientChannel, type ClientInfo, PRODUCER_EXPIRY_MS } from './client-info.ts'

const NO_GROUPS: ReadonlySet<string> = new Set()

/** The producers connected to this broker, by group. */
export class ProducerRegistry {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #groups = new Map<string, Map<ClientChannel, ClientInfo>>()
  readonly #groupsByChannel = new Map<ClientChannel, Set<string>>()
  /** The newest connection of each client. */
  readonly #channels = new Map<string, ClientChannel>()
  #turn = 0

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** The members of a group, undefined when none is connected. */
  members(group: string): IterableIterator<ClientInfo> | undefined {
    return this.#groups.get(group)?.values()
  }

  groupNames(): IterableIterator<string> {
    return this.#groups.keys()
  }

  /** Names of the groups whose member this connection is. */
  groupsOfChannel(channel: ClientChannel): ReadonlySet<string> {
    return this.#groupsByChannel.get(channel) ?? NO_GROUPS
  }

  register(group: string, client: ClientInfo): void {
    const members = this.#groups.get(group) ?? new Map<ClientChannel, ClientInfo>()
    const known = members.get(client.channel)
    if (known) {
      known.lastUpdateMs = client.lastUpdateMs
      return
    }
    this.#groups.set(group, members.set(client.channel, client))
    this.#channels.set(client.clientId, client.channel)
    const groups = this.#groupsByChannel.get(client.channel) ?? new Set<string>()
    this.#groupsByChannel.set(client.channel, groups.add(group))
    this.#logger.info({ group, client: client.clientId, peer: client.channel.remoteText }, 'new producer')
  }

  unregister(group: string, channel: ClientChannel): void {
    const members = this.#groups.get(group)
    const member = members?.get(channel)
    if (!members || !member) return
    members.delete(channel)
    if (members.size === 0) this.#groups.delete(group)
    const groups = this.#groupsByChannel.get(channel)
    groups?.delete(group)
    if (groups?.size === 0) this.#groupsByChannel.delete(channel)
    if (this.#channels.get(member.clientId) === channel) this.#channels.delete(member.clientId)
    this.#logger.info({ group, client: member.clientId, peer: channel.remoteText }, 'producer gone')
  }

  onChannelClosed(channel: ClientChannel): void {
    for (const group of [...this.groupsOfChannel(channel)]) this.unregister(group, channel)
  }

  /** Closes connections of producers that sent no heartbeat for too long. */
  expire(): void {
    const oldest = this.#clock.now() - PRODUCER_EXPIRY_MS
    const expired = new Set<ClientChannel>()
    for (const members of this.#groups.values()) {
      for (const { channel, lastUpdateMs } of members.values()) if (lastUpdateMs < oldest) expired.add(channel)
    }
    for (const channel of expired) {
      this.onChannelClosed(channel)
      channel.destroy(new Error(`no heartbeat from this producer for ${PRODUCER_EXPIRY_MS} ms`))
    }
  }

  /** The connection of a client that produces. */
  channelOf(clientId: string): ClientChannel | undefined {
    return this.#channels.get(clientId)
  }

  /** An open connection of the group, another one each time: for questions that any member can answer. */
  anyChannel(group: string): ClientChannel | undefined {
    const open = [...(this.#groups.get(group)?.keys() ?? [])].filter((channel) => channel.isOpen)
    this.#turn = (this.#turn + 1) & 0x7fffffff
    return open[this.#turn % open.length]
  }
}
