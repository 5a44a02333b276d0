import {
  asObject,
  booleanField,
  integerField,
  JsonFieldError,
  listField,
  objectField,
  textField,
} from '../../codec/json/json-fields.ts'
import type { JsonObject, JsonValue } from '../../codec/json/json-value.ts'
import { readSubscription, type SubscriptionData } from './subscription.ts'

const CONSUME_TYPES = ['CONSUME_ACTIVELY', 'CONSUME_PASSIVELY', 'CONSUME_POP'] as const
const MESSAGE_MODELS = ['BROADCASTING', 'CLUSTERING', 'LITE_SELECTIVE'] as const
const CONSUME_FROM_WHERE = [
  'CONSUME_FROM_LAST_OFFSET',
  'CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST',
  'CONSUME_FROM_MIN_OFFSET',
  'CONSUME_FROM_MAX_OFFSET',
  'CONSUME_FROM_FIRST_OFFSET',
  'CONSUME_FROM_TIMESTAMP',
] as const

export type ConsumeType = (typeof CONSUME_TYPES)[number]
export type MessageModel = (typeof MESSAGE_MODELS)[number]
export type ConsumeFromWhere = (typeof CONSUME_FROM_WHERE)[number]

/** How a consumer takes part in its group. A client may leave any of these out. */
export interface ConsumerModes {
  readonly consumeType: ConsumeType | undefined
  readonly messageModel: MessageModel | undefined
  readonly consumeFromWhere: ConsumeFromWhere | undefined
}

export interface ConsumerHeartbeat extends ConsumerModes {
  readonly groupName: string
  readonly subscriptions: readonly SubscriptionData[]
  readonly unitMode: boolean
}

/** The body of HEART_BEAT. */
export interface Heartbeat {
  readonly clientId: string
  readonly producerGroups: readonly string[]
  readonly consumers: readonly ConsumerHeartbeat[]
  /** Hash of all of the client's subscriptions; 0 for clients of the first kind of heartbeat. */
  readonly fingerprint: number
  /** The subscriptions are those of the last heartbeat with this fingerprint, and left out. */
  readonly isWithoutSubscriptions: boolean
}

/** @throws JsonFieldError */
export function readHeartbeat(value: JsonValue, nowMs: number): Heartbeat {
  const object = asObject(value, 'heartbeat')
  return {
    clientId: requiredText(object, 'clientID'),
    producerGroups: (listField(object, 'producerDataSet') ?? []).map((producer) =>
      requiredText(asObject(producer, 'producerDataSet'), 'groupName'),
    ),
    consumers: (listField(object, 'consumerDataSet') ?? []).map((consumer) => readConsumer(consumer, nowMs)),
    fingerprint: integerField(object, 'heartbeatFingerprint') ?? 0,
    isWithoutSubscriptions: booleanField(object, 'withoutSub') ?? false,
  }
}

/** The subscription in the body of CHECK_CLIENT_CONFIG, undefined if it has none. @throws JsonFieldError */
export function readClientCheck(value: JsonValue, nowMs: number): SubscriptionData | undefined {
  const subscription = objectField(asObject(value, 'client check'), 'subscriptionData')
  return subscription === undefined ? undefined : readSubscription(subscription, nowMs)
}

function readConsumer(value: JsonValue, nowMs: number): ConsumerHeartbeat {
  const object = asObject(value, 'consumerDataSet')
  return {
    groupName: requiredText(object, 'groupName'),
    consumeType: constant(object, 'consumeType', CONSUME_TYPES),
    messageModel: constant(object, 'messageModel', MESSAGE_MODELS),
    consumeFromWhere: constant(object, 'consumeFromWhere', CONSUME_FROM_WHERE),
    subscriptions: (listField(object, 'subscriptionDataSet') ?? []).map((sub) => readSubscription(sub, nowMs)),
    unitMode: booleanField(object, 'unitMode') ?? false,
  }
}

function requiredText(object: JsonObject, name: string): string {
  const text = textField(object, name)
  if (text === undefined) throw new JsonFieldError(`${name} is missing, expected text`)
  return text
}

/** A Java enum: its name, or its position as some clients send it. What is unknown is as good as absent. */
function constant<T extends string>(object: JsonObject, name: string, names: readonly T[]): T | undefined {
  const text = textField(object, name)
  return names.find((candidate, position) => text === candidate || text === String(position))
}
