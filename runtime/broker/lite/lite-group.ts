import type { SubscriptionGroupConfig } from '../groups/subscription-group.ts'

/** How a consumer group consumes lite topics: what its attributes `lite.*` say. */
export interface LiteGroup {
  /** The parent topic of all lite topics that it may subscribe to. */
  readonly bindTopic: string
  /** A lite topic has one subscriber of the group at most: the latest. */
  readonly isExclusive: boolean
  /** Whoever takes a lite topic over begins with its first message. */
  readonly resetsWhenTaken: boolean
  /** Whoever subscribes to a lite topic after another one has left it begins with its first message. */
  readonly resetsWhenLeft: boolean
  /** All lite topics of the parent topic, without subscribing to any. */
  readonly isWildcard: boolean
  /** Lite topics with messages that may be noted for one of its consumers; undefined: as the broker is configured. */
  readonly eventsMax: number | undefined
}

const known = new WeakMap<SubscriptionGroupConfig, LiteGroup | undefined>()

/** Undefined for a group that is bound to no topic, or that there is not. */
export function liteGroupOf(config: SubscriptionGroupConfig | undefined): LiteGroup | undefined {
  if (config === undefined) return undefined
  if (!known.has(config)) known.set(config, read(config.attributes))
  return known.get(config)
}

function read(attributes: ReadonlyMap<string, string>): LiteGroup | undefined {
  const bindTopic = attributes.get('lite.bind.topic')
  if (!bindTopic) return undefined
  const isTrue = (name: string): boolean => attributes.get(name)?.toLowerCase() === 'true'
  const eventsMax = Number(attributes.get('lite.sub.client.max.event.cnt'))
  return {
    bindTopic,
    isExclusive: attributes.get('lite.sub.model') === 'Exclusive',
    resetsWhenTaken: isTrue('lite.sub.reset.offset.exclusive'),
    resetsWhenLeft: isTrue('lite.sub.reset.offset.unsubscribe'),
    // Whatever its value is, as Apache RocketMQ has it.
    isWildcard: attributes.has('lite.sub.wildcard'),
    eventsMax: eventsMax > 0 ? eventsMax : undefined,
  }
}
