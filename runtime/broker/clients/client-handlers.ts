import { encodeJson } from '../../codec/json/write-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import { languageName } from '../../codec/remoting/language-code.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Clock } from '../../io/clock.ts'
import type { CompiledFilters } from '../filter/compiled-filters.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { Current } from '../metadata/current.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import { readBody } from '../metadata/request-body.ts'
import { PERM_READ_WRITE, TopicSysFlag } from '../topics/topic-config.ts'
import { retryTopic } from '../topics/topic-name.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { CLIENT_GROUPS_MAX, type ClientChannel, type ClientInfo } from './client-info.ts'
import type { ConsumerRegistry } from './consumer-registry.ts'
import { type ConsumerHeartbeat, type Heartbeat, readClientCheck, readHeartbeat } from './heartbeat.ts'
import type { ProducerRegistry } from './producer-registry.ts'
import { isTagExpression } from './subscription.ts'

export interface ClientHandlerDeps {
  readonly clock: Clock
  readonly topics: TopicTable
  readonly groups: SubscriptionGroupTable
  readonly consumers: ConsumerRegistry
  readonly producers: ProducerRegistry
  readonly compiledFilters: CompiledFilters
  readonly settings: Current<ClientHandlerSettings>
}

interface ClientHandlerSettings {
  readonly rejectPullConsumerEnable: boolean
  readonly enablePropertyFilter: boolean
}

/** HEART_BEAT, UNREGISTER_CLIENT, CHECK_CLIENT_CONFIG and GET_CONSUMER_LIST_BY_GROUP. */
export function registerClientHandlers(server: HandlerRegistry, deps: ClientHandlerDeps): void {
  const fingerprints = new Map<string, number>()
  server.handle(RequestCode.HEART_BEAT, (request, channel) => heartbeat(deps, fingerprints, request, channel))
  server.handle(RequestCode.UNREGISTER_CLIENT, (request, channel) => unregister(deps, request, channel))
  server.handle(RequestCode.CHECK_CLIENT_CONFIG, (request) => checkClientConfig(deps, request))
  server.handle(RequestCode.GET_CONSUMER_LIST_BY_GROUP, (request) => consumerList(deps, request))
}

/**
 * A client that computes fingerprints leaves its subscriptions out while the broker confirms with IS_SUB_CHANGE=false
 * that it has seen no other fingerprint of the group since.
 */
function heartbeat(
  deps: ClientHandlerDeps,
  fingerprints: Map<string, number>,
  request: CommandView,
  channel: ClientChannel,
): Response {
  const now = deps.clock.now()
  const beat = readBody(request, (content) => readHeartbeat(content, now))
  checkGroupCount(deps.producers.groupsOfChannel(channel), beat.producerGroups, 'producer')
  const consumerGroups = beat.consumers.map((consumer) => consumer.groupName)
  checkGroupCount(deps.consumers.groupsOfChannel(channel), consumerGroups, 'consumer')
  const { language, version } = request
  const client: ClientInfo = {
    channel,
    clientId: beat.clientId,
    language: languageName(language),
    version,
    lastUpdateMs: now,
  }
  // Clients without fingerprints are always told "changed".
  let isChanged = beat.fingerprint === 0
  for (const consumer of beat.consumers) {
    if (deps.settings.current.rejectPullConsumerEnable && consumer.consumeType === 'CONSUME_ACTIVELY') continue
    const before = fingerprints.get(consumer.groupName)
    if (before !== undefined && before !== beat.fingerprint) isChanged = true
    if (registerConsumer(deps, client, beat, consumer)) fingerprints.set(consumer.groupName, beat.fingerprint)
  }
  for (const group of beat.producerGroups) deps.producers.register(group, { ...client })
  return {
    code: ResponseCode.SUCCESS,
    fields: { IS_SUPPORT_HEART_BEAT_V2: true, IS_SUB_CHANGE: isChanged },
  }
}

/** @throws RequestError when the connection would belong to too many groups; then none of the heartbeat counts. */
function checkGroupCount(known: ReadonlySet<string>, beat: readonly string[], kind: 'producer' | 'consumer'): void {
  // Nearly every heartbeat ends here.
  if (known.size + beat.length <= CLIENT_GROUPS_MAX) return
  const count = new Set([...known, ...beat]).size
  if (count <= CLIENT_GROUPS_MAX) return
  const remark = `this connection would belong to ${count} ${kind} groups, at most ${CLIENT_GROUPS_MAX} are allowed; use more connections`
  throw new RequestError(ResponseCode.SYSTEM_ERROR, remark)
}

/** Returns false for a group that does not exist and may not be created: its consumer is passed over. */
function registerConsumer(
  deps: ClientHandlerDeps,
  client: ClientInfo,
  beat: Heartbeat,
  consumer: ConsumerHeartbeat,
): boolean {
  const group = deps.groups.find(consumer.groupName)
  if (!group) return false
  const isOrdered = consumer.subscriptions.some((subscription) => deps.topics.isOrder(subscription.topic))
  const sysFlag = consumer.unitMode ? TopicSysFlag.UNIT_SUB : 0
  deps.topics.createForSendBack(
    retryTopic(consumer.groupName),
    group.retryQueueNums,
    PERM_READ_WRITE,
    sysFlag,
    isOrdered,
  )
  const subscriptions = beat.isWithoutSubscriptions && beat.fingerprint !== 0 ? undefined : consumer.subscriptions
  deps.consumers.register(
    consumer.groupName,
    { ...client },
    consumer,
    subscriptions,
    group.notifyConsumerIdsChangedEnable,
  )
  return true
}

function unregister(deps: ClientHandlerDeps, request: CommandView, channel: ClientChannel): Response {
  const producerGroup = request.text('producerGroup')
  const consumerGroup = request.text('consumerGroup')
  if (producerGroup !== undefined) deps.producers.unregister(producerGroup, channel)
  if (consumerGroup !== undefined) {
    const notifies = deps.groups.find(consumerGroup)?.notifyConsumerIdsChangedEnable ?? true
    deps.consumers.unregister(consumerGroup, channel, notifies)
  }
  return { code: ResponseCode.SUCCESS }
}

function checkClientConfig(deps: ClientHandlerDeps, request: CommandView): Response {
  if (request.bodyLength === 0) return { code: ResponseCode.SUCCESS }
  const subscription = readBody(request, (content) => readClientCheck(content, deps.clock.now()))
  if (subscription === undefined || isTagExpression(subscription.expressionType)) return { code: ResponseCode.SUCCESS }
  if (!deps.settings.current.enablePropertyFilter) {
    const remark = `The broker does not support consumer to filter message by ${subscription.expressionType}`
    return { code: ResponseCode.SYSTEM_ERROR, remark }
  }
  deps.compiledFilters.get(subscription.subString, subscription.expressionType)
  return { code: ResponseCode.SUCCESS }
}

function consumerList(deps: ClientHandlerDeps, request: CommandView): Response {
  const group = request.requiredText('consumerGroup')
  const consumerIdList = deps.consumers.get(group)?.clientIds()
  if (!consumerIdList) {
    return { code: ResponseCode.SYSTEM_ERROR, remark: `no consumer for this group, ${group}` }
  }
  return { code: ResponseCode.SUCCESS, body: encodeJson({ consumerIdList }) }
}
