import type { ClientChannel, ClientInfo } from './client-info.ts'
import type { ConsumeFromWhere, ConsumerModes, ConsumeType, MessageModel } from './heartbeat.ts'
import type { SubscriptionData } from './subscription.ts'

/** The consumers of one group that are connected to this broker, and what the group subscribes to. */
export class ConsumerGroup {
  readonly name: string
  consumeType: ConsumeType | undefined
  messageModel: MessageModel | undefined
  consumeFromWhere: ConsumeFromWhere | undefined
  readonly subscriptions = new Map<string, SubscriptionData>()
  readonly members = new Map<ClientChannel, ClientInfo>()

  constructor(name: string) {
    this.name = name
  }

  get isBroadcasting(): boolean {
    return this.messageModel === 'BROADCASTING'
  }

  /**
   * Each client once, in the order in which they came. A client may be connected more than once: what it opened while this
   * process stood still stays open, forgotten at its end. Original: once for each connection, and the client, which takes
   * itself for several, leaves queues to the others that do not exist.
   */
  clientIds(): string[] {
    return [...new Set(Array.from(this.members.values(), (member) => member.clientId))]
  }

  member(clientId: string): ClientInfo | undefined {
    for (const member of this.members.values()) if (member.clientId === clientId) return member
    return undefined
  }

  /** Takes in a heartbeat; returns whether its client is new to the group. */
  updateMember(client: ClientInfo, modes: ConsumerModes): boolean {
    this.consumeType = modes.consumeType
    this.messageModel = modes.messageModel
    this.consumeFromWhere = modes.consumeFromWhere
    const known = this.members.get(client.channel)
    if (known && known.clientId === client.clientId) {
      known.lastUpdateMs = client.lastUpdateMs
      return false
    }
    this.members.set(client.channel, client)
    return known === undefined
  }

  /**
   * The group subscribes to exactly these from now on; returns whether topics came or went. A topic's subscription is
   * replaced by one of a later version only: members of one group send theirs in any order.
   */
  updateSubscriptions(subscriptions: readonly SubscriptionData[]): boolean {
    let isChanged = false
    const topics = new Set<string>()
    for (const subscription of subscriptions) {
      const { topic } = subscription
      topics.add(topic)
      const known = this.subscriptions.get(topic)
      if (!known) isChanged = true
      if (!known || subscription.subVersion > known.subVersion) this.subscriptions.set(topic, subscription)
    }
    for (const topic of this.subscriptions.keys()) {
      if (topics.has(topic)) continue
      this.subscriptions.delete(topic)
      isChanged = true
    }
    return isChanged
  }
}
