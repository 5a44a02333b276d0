import {
  asObject,
  asText,
  booleanField,
  integerField,
  JsonFieldError,
  objectField,
  textField,
} from '../../codec/json/json-fields.ts'
import type { JsonObject, JsonValue } from '../../codec/json/json-value.ts'

/** Bits of a permission (`PermName`). */
export const Perm = { INHERIT: 1, WRITE: 2, READ: 4, PRIORITY: 8 } as const
export const PERM_READ_WRITE = Perm.READ | Perm.WRITE

/** Bits of topicSysFlag. */
export const TopicSysFlag = { UNIT: 1, UNIT_SUB: 2 } as const

/** A topic as the wire and topics.json have it. Never changed: a change puts a new object in the table. */
export interface TopicConfig {
  readonly topicName: string
  readonly readQueueNums: number
  readonly writeQueueNums: number
  readonly perm: number
  readonly topicFilterType: 'SINGLE_TAG' | 'MULTI_TAG'
  readonly topicSysFlag: number
  readonly order: boolean
  readonly attributes: ReadonlyMap<string, string>
}

const DEFAULT_QUEUE_NUMS = 16

type TopicSettings = { readonly [K in keyof TopicConfig]?: TopicConfig[K] | undefined }

/** A config with Java's defaults for what is not given. All objects made here have one shape. */
export function topicConfig(topicName: string, given: TopicSettings = {}): TopicConfig {
  return {
    topicName,
    readQueueNums: given.readQueueNums ?? DEFAULT_QUEUE_NUMS,
    writeQueueNums: given.writeQueueNums ?? DEFAULT_QUEUE_NUMS,
    perm: given.perm ?? PERM_READ_WRITE,
    topicFilterType: given.topicFilterType ?? 'SINGLE_TAG',
    topicSysFlag: given.topicSysFlag ?? 0,
    order: given.order ?? false,
    attributes: given.attributes ?? NO_ATTRIBUTES,
  }
}

export function isSameTopicConfig(a: TopicConfig, b: TopicConfig): boolean {
  return (
    a.topicName === b.topicName &&
    a.readQueueNums === b.readQueueNums &&
    a.writeQueueNums === b.writeQueueNums &&
    a.perm === b.perm &&
    a.topicFilterType === b.topicFilterType &&
    a.topicSysFlag === b.topicSysFlag &&
    a.order === b.order &&
    a.attributes.size === b.attributes.size &&
    [...a.attributes].every(([key, value]) => b.attributes.get(key) === value)
  )
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map()

/** @throws JsonFieldError */
export function readTopicConfig(value: JsonValue): TopicConfig {
  const object = asObject(value, 'topic config')
  const topicName = textField(object, 'topicName')
  if (topicName === undefined) throw new JsonFieldError('topicName is missing, expected text')
  const filter = textField(object, 'topicFilterType')
  if (filter !== undefined && filter !== 'SINGLE_TAG' && filter !== 'MULTI_TAG') {
    throw new JsonFieldError(`topicFilterType is "${filter}", expected SINGLE_TAG or MULTI_TAG`)
  }
  return topicConfig(topicName, {
    readQueueNums: integerField(object, 'readQueueNums'),
    writeQueueNums: integerField(object, 'writeQueueNums'),
    perm: integerField(object, 'perm'),
    topicFilterType: filter,
    topicSysFlag: integerField(object, 'topicSysFlag'),
    order: booleanField(object, 'order'),
    attributes: readAttributes(object),
  })
}

/** The `attributes` of a topic or a group. @throws JsonFieldError */
export function readAttributes(object: JsonObject): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const [key, value] of Object.entries(objectField(object, 'attributes') ?? {})) {
    if (value !== null) attributes.set(key, asText(value, key))
  }
  return attributes
}
