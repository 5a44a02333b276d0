import { asObject, listField, objectField, textField } from '../../codec/json/json-fields.ts'
import type { JsonObject } from '../../codec/json/json-value.ts'
import { parseJsonBytes } from '../../codec/json/parse-json.ts'
import type { Action } from '../action.ts'
import type { Access } from '../decision.ts'
import type { Resource } from '../resource.ts'

/*
 * What requests are about whose body says it. All throw JsonSyntaxError and JsonFieldError.
 */

const RETRY_PREFIX = '%RETRY%'

/** A topic; a retry topic counts as its group. */
export function topicResource(name: string): Resource {
  return name.startsWith(RETRY_PREFIX)
    ? { type: 'Group', name: name.slice(RETRY_PREFIX.length) }
    : { type: 'Topic', name }
}

/** A group, by its name or by that of its retry topic. */
export function groupResource(name: string): Resource {
  return { type: 'Group', name: name.startsWith(RETRY_PREFIX) ? name.slice(RETRY_PREFIX.length) : name }
}

/** Producers need nothing: what they send is looked at. */
export function heartbeatAccesses(body: Buffer): Access[] {
  const accesses: Access[] = []
  for (const item of listField(read(body), 'consumerDataSet') ?? []) {
    const consumer = asObject(item, 'consumerDataSet')
    accesses.push(subscribe(groupResource(textField(consumer, 'groupName') ?? '')))
    accesses.push(...topicsOf(consumer, 'subscriptionDataSet'))
  }
  return accesses
}

export function lockAccesses(body: Buffer): Access[] {
  const object = read(body)
  return [subscribe(groupResource(textField(object, 'consumerGroup') ?? '')), ...topicsOf(object, 'mqSet')]
}

export function checkClientAccesses(body: Buffer): Access[] {
  const object = read(body)
  const topic = textField(objectField(object, 'subscriptionData') ?? {}, 'topic') ?? ''
  return [subscribe(groupResource(textField(object, 'group') ?? '')), subscribe(topicResource(topic))]
}

export function queryAssignmentAccesses(body: Buffer): Access[] {
  const object = read(body)
  const group = groupResource(textField(object, 'consumerGroup') ?? '')
  return [subscribe(group), subscribe(topicResource(textField(object, 'topic') ?? ''))]
}

export function liteSubscriptionAccesses(body: Buffer): Access[] {
  return listed(body, 'subscriptionSet').flatMap((entry) => [
    subscribe(groupResource(textField(entry, 'group') ?? '')),
    subscribe(topicResource(textField(entry, 'topic') ?? '')),
  ])
}

/** The short names of fields, and the long ones that may stand in their place. */
export function batchAckAccesses(body: Buffer): Access[] {
  const accesses: Access[] = []
  for (const item of listField(read(body), 'acks') ?? []) {
    const ack = asObject(item, 'acks')
    const groups = [textField(ack, 'c'), textField(ack, 'consumerGroup')].filter((name) => name !== undefined)
    const topics = [textField(ack, 't'), textField(ack, 'topic')].filter((name) => name !== undefined)
    if (groups.length === 0) groups.push('')
    if (topics.length === 0) topics.push('')
    accesses.push(...groups.map((name) => subscribe(groupResource(name))))
    accesses.push(...topics.map((name) => subscribe(topicResource(name))))
  }
  return accesses
}

export function createTopicListAccesses(body: Buffer): Access[] {
  return create(listed(body, 'topicConfigList'), (config) => topicResource(textField(config, 'topicName') ?? ''))
}

export function createGroupAccesses(body: Buffer): Access[] {
  return create([read(body)], (config) => groupResource(textField(config, 'groupName') ?? ''))
}

export function createGroupListAccesses(body: Buffer): Access[] {
  return create(listed(body, 'groupConfigList'), (config) => groupResource(textField(config, 'groupName') ?? ''))
}

const CREATE: readonly Action[] = ['Create']
const SUBSCRIBE: readonly Action[] = ['Sub']

function create(configs: readonly JsonObject[], resource: (config: JsonObject) => Resource): Access[] {
  return configs.map((config) => ({ resource: resource(config), actions: CREATE }))
}

function subscribe(resource: Resource): Access {
  return { resource, actions: SUBSCRIBE }
}

function topicsOf(object: JsonObject, field: string): Access[] {
  return (listField(object, field) ?? []).map((item) =>
    subscribe(topicResource(textField(asObject(item, field), 'topic') ?? '')),
  )
}

function listed(body: Buffer, field: string): JsonObject[] {
  return (listField(read(body), field) ?? []).map((item) => asObject(item, field))
}

function read(body: Buffer): JsonObject {
  return asObject(parseJsonBytes(body), 'body')
}
