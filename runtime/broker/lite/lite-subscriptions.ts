import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { LiteGroup } from './lite-group.ts'
import { liteNameOf } from './lite-queue-name.ts'

/** Where a client is to be told something: a client's own connection, or that of the proxy it talks to. */
export type LiteChannel = Pick<Channel, 'isOpen' | 'sendOneway'>

/** A consumer of lite topics. */
export interface LiteClient {
  readonly clientId: string
  readonly group: string
  readonly topic: string
  /** Queues of the lite topics it subscribes to; of a group that takes all of them the one name {@link wildcardName}. */
  readonly queues: Set<string>
  channel: LiteChannel
  updatedMs: number
}

export interface LiteSubscriptionParts {
  /** maxLiteSubscriptionCount */
  readonly max: () => number
  readonly groupOf: (group: string) => LiteGroup | undefined
  readonly wallClock: () => number
}

export interface LiteSubscriptionListener {
  readonly added: (client: LiteClient, queue: string) => void
  /** The whole client is gone. */
  readonly removed: (client: LiteClient) => void
}

/** What stands among a client's queues for all lite topics of the topic. */
function wildcardName(topic: string, group: string): string {
  return `${topic}@${group}`
}

const NOBODY: ReadonlyMap<string, LiteClient[]> = new Map()

/**
 * Which consumers subscribe to which lite topics. In memory alone: clients say all they subscribe to every now and then, so that
 * a broker that has just started knows it again soon.
 */
export class LiteSubscriptions {
  readonly #parts: LiteSubscriptionParts
  readonly #clients = new Map<string, LiteClient>()
  /** By queue, by group. */
  readonly #byQueue = new Map<string, Map<string, LiteClient[]>>()
  /** Groups that take all lite topics, by parent topic. */
  readonly #wildcards = new Map<string, Set<string>>()
  readonly #listeners: LiteSubscriptionListener[] = []
  #count = 0

  constructor(parts: LiteSubscriptionParts) {
    this.#parts = parts
  }

  onChange(listener: LiteSubscriptionListener): void {
    this.#listeners.push(listener)
  }

  /** Subscriptions in all: pairs of client and lite topic. */
  get count(): number {
    return this.#count
  }

  find(clientId: string): LiteClient | undefined {
    return this.#clients.get(clientId)
  }

  clientsOf(group: string): LiteClient[] {
    return [...this.#clients.values()].filter((client) => client.group === group)
  }

  /** Subscribers of a lite topic's queue by group, those of groups that take all not among them. */
  subscribers(queue: string): ReadonlyMap<string, readonly LiteClient[]> {
    return this.#byQueue.get(queue) ?? NOBODY
  }

  /** Groups that take all lite topics of a topic. */
  wildcardGroups(topic: string): ReadonlySet<string> | undefined {
    return this.#wildcards.get(topic)
  }

  /** Those of a group who get the messages of a lite topic. */
  subscribersIn(group: string, queue: string): readonly LiteClient[] {
    if (!this.#parts.groupOf(group)?.isWildcard) return this.#byQueue.get(queue)?.get(group) ?? []
    const name = liteNameOf(queue)
    return name === undefined ? [] : this.wildcardSubscribers(name.parent, group)
  }

  wildcardSubscribers(topic: string, group: string): readonly LiteClient[] {
    return this.#byQueue.get(wildcardName(topic, group))?.get(group) ?? []
  }

  /** The client, made if there is none. One that consumed for another group or topic begins anew. */
  obtain(clientId: string, group: string, topic: string, channel: LiteChannel): LiteClient {
    const known = this.#clients.get(clientId)
    const updatedMs = this.#parts.wallClock()
    if (known !== undefined && known.group === group && known.topic === topic) {
      known.channel = channel
      known.updatedMs = updatedMs
      return known
    }
    if (known !== undefined) this.removeClient(clientId)
    const client = { clientId, group, topic, queues: new Set<string>(), channel, updatedMs }
    this.#clients.set(clientId, client)
    return client
  }

  /** @throws RequestError LITE_SUBSCRIPTION_QUOTA_EXCEEDED when there may not be so many more */
  checkRoom(added: number): void {
    const max = this.#parts.max()
    if (added === 0 || this.#count + added <= max) return
    const remark = `lite subscription quota exceeded ${max}: this broker has ${this.#count}, ${added} were to be added`
    throw new RequestError(ResponseCode.LITE_SUBSCRIPTION_QUOTA_EXCEEDED, remark)
  }

  /** @throws RequestError as {@link checkRoom}, and then none is added */
  add(client: LiteClient, queues: readonly string[]): void {
    const added = queues.filter((queue) => !client.queues.has(queue))
    this.checkRoom(added.length)
    for (const queue of added) {
      this.#insert(client, queue)
      for (const { added: note } of this.#listeners) note(client, queue)
    }
  }

  /** All lite topics of the client's topic. @throws RequestError as {@link checkRoom} */
  addAll(client: LiteClient): void {
    this.add(client, [wildcardName(client.topic, client.group)])
    const groups = this.#wildcards.get(client.topic)
    if (groups === undefined) this.#wildcards.set(client.topic, new Set([client.group]))
    else groups.add(client.group)
  }

  /** Whether the client subscribed to it. */
  remove(client: LiteClient, queue: string): boolean {
    if (!client.queues.delete(queue)) return false
    this.#count--
    const groups = this.#byQueue.get(queue)
    const others = groups?.get(client.group)?.filter((one) => one !== client) ?? []
    if (others.length > 0) groups!.set(client.group, others)
    else this.#forgetGroup(client, queue)
    return true
  }

  removeClient(clientId: string): void {
    const client = this.#clients.get(clientId)
    if (client === undefined) return
    this.#clients.delete(clientId)
    for (const queue of [...client.queues]) this.remove(client, queue)
    for (const { removed } of this.#listeners) removed(client)
  }

  /** A lite topic is no more. */
  removeQueue(queue: string): void {
    for (const clients of [...(this.#byQueue.get(queue)?.values() ?? [])]) {
      for (const client of [...clients]) this.remove(client, queue)
    }
  }

  /** Drops clients that have said nothing for so long. */
  expire(nowMs: number, afterMs: number): void {
    for (const { clientId, updatedMs } of this.#clients.values()) {
      if (nowMs - updatedMs > afterMs) this.removeClient(clientId)
    }
  }

  clear(): void {
    for (const clientId of [...this.#clients.keys()]) this.removeClient(clientId)
  }

  #insert(client: LiteClient, queue: string): void {
    client.queues.add(queue)
    this.#count++
    let groups = this.#byQueue.get(queue)
    if (groups === undefined) {
      groups = new Map()
      this.#byQueue.set(queue, groups)
    }
    groups.set(client.group, [...(groups.get(client.group) ?? []), client])
  }

  #forgetGroup({ group, topic }: LiteClient, queue: string): void {
    const groups = this.#byQueue.get(queue)
    groups?.delete(group)
    if (groups?.size === 0) this.#byQueue.delete(queue)
    if (queue !== wildcardName(topic, group)) return
    const wildcards = this.#wildcards.get(topic)
    wildcards?.delete(group)
    if (wildcards?.size === 0) this.#wildcards.delete(topic)
  }
}
