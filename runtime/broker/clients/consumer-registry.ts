import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Current } from '../metadata/current.ts'
import type { ClientChannel, ClientInfo } from './client-info.ts'
import { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerModes, ConsumeType, MessageModel } from './heartbeat.ts'
import type { SubscriptionData } from './subscription.ts'

export interface ConsumerRegistrySettings {
  /** A consumer without heartbeat for this long has gone, ms. */
  readonly channelExpiredTimeout: number
  /** A subscription learned from pulls alone is forgotten after this long, ms. */
  readonly subscriptionExpiredTimeout: number
}

/** Told what connected groups subscribe to, and when the last consumer of one is gone. */
export interface SubscriptionWatcher {
  register(group: string, subscriptions: readonly SubscriptionData[]): void
  unregister(group: string): void
}

/** Told when consumers of a group come or go, so that the others share its queues anew. */
export type MembershipListener = (group: ConsumerGroup) => void

/** The consumers connected to this broker, by group. */
export class ConsumerRegistry {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #settings: Current<ConsumerRegistrySettings>
  readonly #onMembersChanged: MembershipListener
  readonly #watcher: SubscriptionWatcher
  readonly #groups = new Map<string, ConsumerGroup>()
  readonly #groupsByTopic = new Map<string, Set<string>>()
  readonly #groupsByChannel = new Map<ClientChannel, Set<string>>()
  /** What is known of groups from their pulls: of consumers that send no heartbeat. */
  readonly #learned = new Map<string, ConsumerGroup>()

  constructor(
    clock: Clock,
    logger: Logger,
    settings: Current<ConsumerRegistrySettings>,
    onMembersChanged: MembershipListener,
    watcher: SubscriptionWatcher,
  ) {
    this.#clock = clock
    this.#logger = logger
    this.#settings = settings
    this.#onMembersChanged = onMembersChanged
    this.#watcher = watcher
  }

  /** The group, if a consumer of it is connected. */
  get(group: string): ConsumerGroup | undefined {
    return this.#groups.get(group)
  }

  all(): IterableIterator<ConsumerGroup> {
    return this.#groups.values()
  }

  findSubscription(group: string, topic: string): SubscriptionData | undefined {
    return this.#groups.get(group)?.subscriptions.get(topic) ?? this.#learned.get(group)?.subscriptions.get(topic)
  }

  /** Names of the groups whose member this connection is. */
  groupsOfChannel(channel: ClientChannel): ReadonlySet<string> {
    return this.#groupsByChannel.get(channel) ?? NO_GROUPS
  }

  /** Groups that subscribe to a topic and are connected. */
  groupsOf(topic: string): string[] {
    return [...(this.#groupsByTopic.get(topic) ?? [])]
  }

  /**
   * Takes in one group of a heartbeat; without `subscriptions` they stay as they are.
   * Returns whether the client is new or the topics changed.
   *
   * @param notifies the group's notifyConsumerIdsChangedEnable
   */
  register(
    groupName: string,
    client: ClientInfo,
    modes: ConsumerModes,
    subscriptions: readonly SubscriptionData[] | undefined,
    notifies: boolean,
  ): boolean {
    const group = this.#obtain(groupName)
    const isNew = group.updateMember(client, modes)
    if (isNew) {
      this.#logger.info({ group: groupName, client: client.clientId, peer: client.channel.remoteText }, 'new consumer')
      addTo(this.#groupsByChannel, client.channel, groupName)
    }
    const isResubscribed = subscriptions !== undefined && this.#resubscribe(group, subscriptions)
    if (subscriptions !== undefined) this.#watcher.register(groupName, subscriptions)
    if ((isNew || isResubscribed) && notifies && !group.isBroadcasting) this.#onMembersChanged(group)
    return isNew || isResubscribed
  }

  unregister(groupName: string, channel: ClientChannel, notifies: boolean): void {
    const group = this.#groups.get(groupName)
    if (!group?.members.has(channel)) return
    this.#remove(group, channel, notifies)
    removeFrom(this.#groupsByChannel, channel, groupName)
  }

  onChannelClosed(channel: ClientChannel): void {
    const groups = this.#groupsByChannel.get(channel)
    if (!groups) return
    this.#groupsByChannel.delete(channel)
    for (const groupName of groups) {
      const group = this.#groups.get(groupName)
      if (group) this.#remove(group, channel, true)
    }
  }

  /** Closes connections of consumers that sent no heartbeat for too long, and forgets old learned subscriptions. */
  expire(): void {
    const { channelExpiredTimeout, subscriptionExpiredTimeout } = this.#settings.current
    const now = this.#clock.now()
    const expired = new Set<ClientChannel>()
    for (const group of this.#groups.values()) {
      for (const { channel, lastUpdateMs } of group.members.values()) {
        if (now - lastUpdateMs > channelExpiredTimeout) expired.add(channel)
      }
    }
    for (const channel of expired) {
      this.onChannelClosed(channel)
      channel.destroy(new Error(`no heartbeat from this consumer for ${channelExpiredTimeout} ms`))
    }
    for (const [name, { subscriptions }] of this.#learned) {
      for (const [topic, { subVersion }] of subscriptions) {
        if (now - subVersion > subscriptionExpiredTimeout) subscriptions.delete(topic)
      }
      if (subscriptions.size === 0) this.#learned.delete(name)
    }
  }

  /** Notes what a pull tells of its group (`compensateBasicConsumerInfo`, `compensateSubscribeData`). */
  learn(
    groupName: string,
    consumeType: ConsumeType,
    messageModel: MessageModel,
    subscription: SubscriptionData | undefined,
  ): void {
    let group = this.#learned.get(groupName)
    if (!group) {
      group = new ConsumerGroup(groupName)
      this.#learned.set(groupName, group)
    }
    group.consumeType = consumeType
    group.messageModel = messageModel
    if (subscription) group.subscriptions.set(subscription.topic, subscription)
  }

  #obtain(groupName: string): ConsumerGroup {
    let group = this.#groups.get(groupName)
    if (!group) {
      group = new ConsumerGroup(groupName)
      this.#groups.set(groupName, group)
    }
    return group
  }

  #resubscribe(group: ConsumerGroup, subscriptions: readonly SubscriptionData[]): boolean {
    const before = [...group.subscriptions.keys()]
    if (!group.updateSubscriptions(subscriptions)) return false
    for (const topic of before) {
      if (!group.subscriptions.has(topic)) removeFrom(this.#groupsByTopic, topic, group.name)
    }
    for (const topic of group.subscriptions.keys()) addTo(this.#groupsByTopic, topic, group.name)
    const topics = [...group.subscriptions.keys()]
    this.#logger.info({ group: group.name, topics }, 'the group subscribes to other topics')
    return true
  }

  #remove(group: ConsumerGroup, channel: ClientChannel, notifies: boolean): void {
    const member = group.members.get(channel)
    group.members.delete(channel)
    this.#logger.info({ group: group.name, client: member?.clientId, peer: channel.remoteText }, 'consumer gone')
    if (group.members.size > 0) {
      if (notifies && !group.isBroadcasting) this.#onMembersChanged(group)
      return
    }
    this.#groups.delete(group.name)
    this.#watcher.unregister(group.name)
    for (const topic of group.subscriptions.keys()) removeFrom(this.#groupsByTopic, topic, group.name)
  }
}

const NO_GROUPS: ReadonlySet<string> = new Set()

function addTo<K>(index: Map<K, Set<string>>, key: K, name: string): void {
  const names = index.get(key)
  if (names) names.add(name)
  else index.set(key, new Set([name]))
}

function removeFrom<K>(index: Map<K, Set<string>>, key: K, name: string): void {
  const names = index.get(key)
  names?.delete(name)
  if (names?.size === 0) index.delete(key)
}
