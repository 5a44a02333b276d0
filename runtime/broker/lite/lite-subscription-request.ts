import {
  asObject,
  integerField,
  JsonFieldError,
  listField,
  objectField,
  textField,
  textListField,
} from '../../codec/json/json-fields.ts'
import type { JsonObject, JsonValue } from '../../codec/json/json-value.ts'

/*
 * The body of LITE_SUBSCRIPTION_CTL:
 *
 *   {"subscriptionSet":[{"action":"PARTIAL_ADD","clientId":"c","group":"g","topic":"T","liteTopicSet":["a","b"],
 *     "offsetOption":{"type":"POLICY","value":1},"version":0}]}
 *
 * PARTIAL_*: the lite topics named; COMPLETE_ADD: these and no others; COMPLETE_REMOVE: the client is gone.
 */

const ACTIONS = ['PARTIAL_ADD', 'PARTIAL_REMOVE', 'COMPLETE_ADD', 'COMPLETE_REMOVE'] as const
const POSITIONS = ['POLICY', 'OFFSET', 'TAIL_N', 'TIMESTAMP'] as const

type LiteAction = (typeof ACTIONS)[number]

/** Where a group is to go on in a lite topic, with {@link LiteAction} PARTIAL_ADD. */
export interface LitePosition {
  readonly type: (typeof POSITIONS)[number]
  /** POLICY: 0 where it stands, 1 first, 2 end. TAIL_N: so many messages back. TIMESTAMP: ms. */
  readonly value: number
}

export interface LiteSubscriptionRequest {
  readonly action: LiteAction
  readonly clientId: string
  readonly group: string
  readonly topic: string
  readonly liteTopics: readonly string[]
  readonly position: LitePosition | undefined
}

/** @throws JsonFieldError */
export function readLiteSubscriptions(content: JsonValue): LiteSubscriptionRequest[] {
  return (listField(asObject(content, 'lite subscriptions'), 'subscriptionSet') ?? []).map(readOne)
}

function readOne(value: JsonValue): LiteSubscriptionRequest {
  const object = asObject(value, 'subscriptionSet')
  return {
    action: oneOf(ACTIONS, object, 'action'),
    ...{ clientId: filled(object, 'clientId'), group: filled(object, 'group'), topic: filled(object, 'topic') },
    liteTopics: [...new Set(textListField(object, 'liteTopicSet') ?? [])],
    position: readPosition(objectField(object, 'offsetOption')),
  }
}

function readPosition(object: JsonObject | undefined): LitePosition | undefined {
  if (object === undefined) return undefined
  return { type: oneOf(POSITIONS, object, 'type'), value: integerField(object, 'value') ?? 0 }
}

function filled(object: JsonObject, name: string): string {
  const text = textField(object, name) ?? ''
  if (text.trim() === '') throw new JsonFieldError(`${name} is blank`)
  return text
}

function oneOf<T extends string>(words: readonly T[], object: JsonObject, name: string): T {
  const text = textField(object, name)
  const found = words.find((word) => word === text)
  if (found === undefined) throw new JsonFieldError(`${name} is ${text}, one of ${words.join(', ')} is expected`)
  return found
}
