import { type AttributeTable, booleanAttribute, enumAttribute, rangeAttribute, textAttribute } from './attribute.ts'

const LONG_MAX = 0x7fff_ffff_ffff_ffffn
const MINUTES_OF_30_DAYS = 43_200n

/** `TopicAttributes` of Apache RocketMQ 5.5. */
export const TOPIC_ATTRIBUTES: AttributeTable = {
  'queue.type': enumAttribute(['BatchCQ', 'SimpleCQ'], false),
  'cleanup.policy': enumAttribute(['DELETE', 'COMPACTION'], false),
  'message.type': enumAttribute(
    ['UNSPECIFIED', 'MIXED', 'TRANSACTION', 'PRIORITY', 'FIFO', 'DELAY', 'LITE', 'NORMAL'],
    true,
  ),
  'reserve.time': rangeAttribute(-1n, LONG_MAX, true),
  'lite.topic.expiration': rangeAttribute(-1n, MINUTES_OF_30_DAYS, true),
}

/** `SubscriptionGroupAttributes` of Apache RocketMQ 5.5. */
export const GROUP_ATTRIBUTES: AttributeTable = {
  'priority.factor': rangeAttribute(0n, 100n, true),
  'lite.bind.topic': textAttribute(true),
  'lite.sub.client.quota': rangeAttribute(-1n, LONG_MAX, true),
  'lite.sub.model': enumAttribute(['Shared', 'Exclusive'], true),
  'lite.sub.reset.offset.exclusive': booleanAttribute(true),
  'lite.sub.reset.offset.unsubscribe': booleanAttribute(true),
  'lite.sub.client.max.event.cnt': rangeAttribute(10n, LONG_MAX, true),
  'lite.sub.wildcard': textAttribute(true),
}
