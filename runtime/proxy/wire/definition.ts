import {
  bytes,
  type Draft,
  enumeration,
  flag,
  float,
  int32,
  type Message,
  manyEnumerations,
  manySubs,
  manyTexts,
  message,
  optionalFlag,
  optionalInt32,
  optionalInt64,
  optionalText,
  sub,
  text,
  texts,
} from '../../codec/protobuf/message-type.ts'
import { Duration, Timestamp } from './time-types.ts'

/*
 * What gRPC clients and proxies tell one another: names and numbers of apache/rocketmq/v2/definition.proto. Names are in
 * camel case.
 */

export const TransactionResolution = { unspecified: 0, commit: 1, rollback: 2 } as const
export const TransactionSource = { unspecified: 0, client: 1, serverCheck: 2 } as const
export const Permission = { unspecified: 0, none: 1, read: 2, write: 3, readWrite: 4 } as const
export const FilterType = { unspecified: 0, tag: 1, sql: 2 } as const
export const AddressScheme = { unspecified: 0, ipv4: 1, ipv6: 2, domainName: 3 } as const
export const MessageKind = {
  unspecified: 0,
  normal: 1,
  fifo: 2,
  delay: 3,
  transaction: 4,
  lite: 5,
  priority: 6,
} as const
export const QueryOffsetPolicy = { beginning: 0, end: 1, timestamp: 2 } as const
export const DigestType = { unspecified: 0, crc32: 1, md5: 2, sha1: 3 } as const
export const Encoding = { unspecified: 0, identity: 1, gzip: 2 } as const
export const ClientType = {
  ...{ unspecified: 0, producer: 1, pushConsumer: 2, simpleConsumer: 3, pullConsumer: 4 },
  ...{ litePushConsumer: 5, liteSimpleConsumer: 6 },
} as const

/** LiteSubscriptionAction */
export const LiteAction = { partialAdd: 0, partialRemove: 1, completeAdd: 2, completeRemove: 3 } as const

export function isLiteConsumer(clientType: number | undefined): boolean {
  return clientType === ClientType.litePushConsumer || clientType === ClientType.liteSimpleConsumer
}

/** The names of client types, as official proxies put them into answers. */
export const CLIENT_TYPE_NAMES = [
  ...['CLIENT_TYPE_UNSPECIFIED', 'PRODUCER', 'PUSH_CONSUMER', 'SIMPLE_CONSUMER', 'PULL_CONSUMER'],
  ...['LITE_PUSH_CONSUMER', 'LITE_SIMPLE_CONSUMER'],
]

export const Resource = message({ resourceNamespace: text(1), name: text(2) })
export type Resource = Message<typeof Resource>

export const FilterExpression = message({ type: enumeration(1), expression: text(2) })
export type FilterExpression = Message<typeof FilterExpression>

const ExponentialBackoff = message({ initial: sub(1, Duration), max: sub(2, Duration), multiplier: float(3) })
const CustomizedBackoff = message({ next: manySubs(1, Duration) })

const RetryPolicy = message({
  maxAttempts: int32(1),
  exponentialBackoff: sub(2, ExponentialBackoff),
  customizedBackoff: sub(3, CustomizedBackoff),
})
export type RetryPolicyDraft = Draft<typeof RetryPolicy>

const SubscriptionEntry = message({ topic: sub(1, Resource), expression: sub(2, FilterExpression) })

const Address = message({ host: text(1), port: int32(2) })
export const Endpoints = message({ scheme: enumeration(1), addresses: manySubs(2, Address) })
export type Endpoints = Message<typeof Endpoints>

const Broker = message({ name: text(1), id: int32(2), endpoints: sub(3, Endpoints) })

export type MessageQueue = Message<typeof MessageQueue>
export const MessageQueue = message({
  topic: sub(1, Resource),
  id: int32(2),
  permission: enumeration(3),
  broker: sub(4, Broker),
  acceptMessageTypes: manyEnumerations(5),
})
export type MessageQueueDraft = Draft<typeof MessageQueue>

const Digest = message({ type: enumeration(1), checksum: text(2) })
const DeadLetterQueue = message({ topic: text(1), messageId: text(2) })

const SystemProperties = message({
  tag: optionalText(1),
  keys: manyTexts(2),
  messageId: text(3),
  bodyDigest: sub(4, Digest),
  bodyEncoding: enumeration(5),
  messageType: enumeration(6),
  bornTimestamp: sub(7, Timestamp),
  bornHost: text(8),
  storeTimestamp: sub(9, Timestamp),
  storeHost: text(10),
  deliveryTimestamp: sub(11, Timestamp),
  receiptHandle: optionalText(12),
  queueId: int32(13),
  queueOffset: optionalInt64(14),
  invisibleDuration: sub(15, Duration),
  deliveryAttempt: optionalInt32(16),
  messageGroup: optionalText(17),
  traceContext: optionalText(18),
  orphanedTransactionRecoveryDuration: sub(19, Duration),
  deadLetterQueue: sub(20, DeadLetterQueue),
  liteTopic: optionalText(21),
  priority: optionalInt32(22),
})
export type SystemPropertiesDraft = Draft<typeof SystemProperties>

export const WireMessage = message({
  topic: sub(1, Resource),
  userProperties: texts(2),
  systemProperties: sub(3, SystemProperties),
  body: bytes(4),
})
export type WireMessage = Message<typeof WireMessage>
export type WireMessageDraft = Draft<typeof WireMessage>

export const Assignment = message({ messageQueue: sub(1, MessageQueue) })

export const Status = message({ code: enumeration(1), message: text(2) })
export type StatusDraft = Draft<typeof Status>

const UserAgent = message({ language: enumeration(1), version: text(2), platform: text(3), hostname: text(4) })

const Publishing = message({ topics: manySubs(1, Resource), maxBodySize: int32(2), validateMessageType: flag(3) })

const Subscription = message({
  group: sub(1, Resource),
  subscriptions: manySubs(2, SubscriptionEntry),
  fifo: optionalFlag(3),
  receiveBatchSize: optionalInt32(4),
  longPollingTimeout: sub(5, Duration),
  liteSubscriptionQuota: optionalInt32(6),
  maxLiteTopicSize: optionalInt32(7),
})

const Metric = message({ on: flag(1), endpoints: sub(2, Endpoints) })

export const Settings = message({
  clientType: optionalInt32(1),
  accessPoint: sub(2, Endpoints),
  backoffPolicy: sub(3, RetryPolicy),
  requestTimeout: sub(4, Duration),
  publishing: sub(5, Publishing),
  subscription: sub(6, Subscription),
  userAgent: sub(7, UserAgent),
  metric: sub(8, Metric),
  clientProperties: texts(9),
})
export type Settings = Message<typeof Settings>
export type SettingsDraft = Draft<typeof Settings>
