import { encodeJson } from '../../codec/json/write-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { LMQ_QUEUE_ID } from '../../store/light/light-queues.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { SubscriptionGroupConfig } from '../groups/subscription-group.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { Current } from '../metadata/current.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import type { Lite } from './lite.ts'
import { isLiteTopic } from './lite-access.ts'
import { type LiteGroup, liteGroupOf } from './lite-group.ts'
import { LiteLags } from './lite-lags.ts'
import { liteTtlAttribute } from './lite-lifecycle.ts'
import { liteQueueName, liteTopicProblem } from './lite-queue-name.ts'

export interface LiteAdminParts {
  readonly conf: Current<{ readonly maxLmqConsumeQueueNum: number; readonly liteLagLatencyCollectEnable: boolean }>
  readonly lite: Lite
  readonly topics: Pick<TopicTable, 'find' | 'all'>
  readonly groups: Pick<SubscriptionGroupTable, 'get' | 'all'>
  readonly offsets: Pick<ConsumerOffsets, 'query' | 'topicsOf' | 'count'>
  readonly store: Pick<MessageStore, 'queues' | 'findQueue'>
}

/** Lite topics of a client in one answer. */
const LISTED_MAX = 10_000

/** What administrators ask about lite topics. Rules, fields and remarks as in Apache RocketMQ's LiteManagerProcessor. */
export function registerLiteAdmin(server: HandlerRegistry, parts: LiteAdminParts): void {
  const lags = new LiteLags({ ...parts, lifecycle: parts.lite.lifecycle })
  server.handle(RequestCode.GET_BROKER_LITE_INFO, () => brokerInfo(parts))
  server.handle(RequestCode.GET_PARENT_TOPIC_INFO, (request) => parentInfo(parts, request))
  server.handle(RequestCode.GET_LITE_TOPIC_INFO, (request) => topicInfo(parts, request))
  server.handle(RequestCode.GET_LITE_CLIENT_INFO, (request) => clientInfo(parts, request))
  server.handle(RequestCode.GET_LITE_GROUP_INFO, (request) => groupInfo(parts, lags, request))
  server.handle(RequestCode.TRIGGER_LITE_DISPATCH, (request) => dispatch(parts, request))
}

function brokerInfo({ conf, lite, topics, groups, offsets, store }: LiteAdminParts): Response {
  const parents = [...topics.all()].filter(isLiteTopic)
  return answer({
    storeType: 'default',
    maxLmqNum: conf.current.maxLmqConsumeQueueNum,
    currentLmqNum: store.queues.lightQueueCount,
    liteSubscriptionCount: lite.subscriptions.count,
    orderInfoCount: lite.orders.count,
    cqTableSize: store.queues.topics().length,
    offsetTableSize: offsets.count,
    eventMapSize: lite.events.clientCount,
    topicMeta: new Map(parents.map((topic) => [topic.topicName, liteTtlAttribute(topic)])),
    groupMeta: groupsByTopic(groups),
  })
}

function parentInfo({ topics, groups, lite, store }: LiteAdminParts, request: CommandView): Response {
  const topic = parentTopic(topics, request.requiredText('topic'))
  return answer({
    topic: topic.topicName,
    ttl: liteTtlAttribute(topic),
    groups: groupsByTopic(groups).get(topic.topicName),
    lmqNum: store.queues.lightQueueCount,
    liteTopicCount: lite.lifecycle.queuesOf(topic.topicName).length,
  })
}

async function topicInfo({ topics, lite, store }: LiteAdminParts, request: CommandView): Promise<Response> {
  const parent = parentTopic(topics, request.requiredText('parentTopic')).topicName
  const liteTopic = request.requiredText('liteTopic')
  const problem = liteTopicProblem(parent, liteTopic)
  if (problem !== undefined) {
    throw new RequestError(ResponseCode.INVALID_PARAMETER, `'${liteTopic}' can be no lite topic: ${problem}`)
  }
  await lite.homes.ask(parent)
  const name = liteQueueName(parent, liteTopic)
  const maxOffset = lite.lifecycle.endOf(name)
  const topicOffset = {
    minOffset: Math.max(0, store.findQueue(name, LMQ_QUEUE_ID)?.minOffset ?? 0),
    maxOffset,
    lastUpdateTimestamp: maxOffset > 0 ? lite.lifecycle.storeTime(name, maxOffset - 1) : 0,
  }
  const shardingToBroker = lite.homes.isHere(parent, liteTopic)
  return answer({
    parentTopic: parent,
    liteTopic,
    subscriber: subscribers(lite, parent, name),
    topicOffset,
    shardingToBroker,
  })
}

function subscribers({ subscriptions }: Lite, parent: string, queue: string): { clientId: string; group: string }[] {
  const named = [...subscriptions.subscribers(queue)].flatMap(([group, clients]) =>
    clients.map(({ clientId }) => ({ clientId, group })),
  )
  return [...named, ...[...(subscriptions.wildcardGroups(parent) ?? [])].map((group) => ({ clientId: '*', group }))]
}

function clientInfo({ topics, groups, lite }: LiteAdminParts, request: CommandView): Response {
  const topic = parentTopic(topics, request.requiredText('parentTopic')).topicName
  const group = request.requiredText('group')
  const config = existing(groups, group)
  if (liteGroupOf(config)?.bindTopic !== topic) throw invalid(`Subscription [${group}]-[${topic}] not match.`)
  const clientId = request.requiredText('clientId')
  const maxCount = request.integer('maxCount') ?? 1000
  if (maxCount <= 0) throw invalid('[maxCount] field invalid')
  const client = lite.subscriptions.find(clientId)
  return answer({
    ...{ parentTopic: topic, group, clientId, lastAccessTime: lite.events.askedMs(clientId), lastConsumeTime: 0 },
    liteTopicCount: client?.queues.size ?? -1,
    liteTopicSet: client && [...client.queues].slice(0, Math.min(maxCount, LISTED_MAX)),
  })
}

function groupInfo({ groups, lite, offsets }: LiteAdminParts, lags: LiteLags, request: CommandView): Response {
  const group = request.requiredText('group')
  const { bindTopic } = liteGroup(groups, group)
  const liteTopic = request.text('liteTopic')
  const whose = { group, parentTopic: bindTopic, liteTopic: liteTopic || undefined }
  if (!liteTopic) return answer({ ...whose, ...lags.of(group, request.integer('topK') ?? 0) })
  const { lifecycle } = lite
  const queue = liteQueueName(bindTopic, liteTopic)
  const brokerOffset = lifecycle.endOf(queue)
  if (brokerOffset === 0) return answer({ ...whose, totalLagCount: -1, earliestUnconsumedTimestamp: -1 })
  const consumerOffset = offsets.query(group, queue, LMQ_QUEUE_ID)
  if (consumerOffset < 0) return answer({ ...whose, totalLagCount: 0, earliestUnconsumedTimestamp: -1 })
  const lastTimestamp = consumerOffset > 0 ? lifecycle.storeTime(queue, consumerOffset - 1) : 0
  return answer({
    ...whose,
    totalLagCount: brokerOffset - consumerOffset,
    earliestUnconsumedTimestamp: lifecycle.storeTime(queue, consumerOffset),
    liteTopicOffsetWrapper: { brokerOffset, consumerOffset, pullOffset: 0, lastTimestamp },
  })
}

function dispatch({ groups, lite }: LiteAdminParts, request: CommandView): Response {
  const group = request.requiredText('group')
  liteGroup(groups, group)
  const clientId = request.text('clientId')
  if (clientId) lite.events.lookThrough(clientId, group)
  else lite.events.lookThroughGroup(group)
  return { code: ResponseCode.SUCCESS }
}

function groupsByTopic(groups: Pick<SubscriptionGroupTable, 'all'>): Map<string, string[]> {
  const byTopic = new Map<string, string[]>()
  for (const config of groups.all()) {
    const topic = liteGroupOf(config)?.bindTopic
    if (topic !== undefined) byTopic.set(topic, [...(byTopic.get(topic) ?? []), config.groupName])
  }
  return byTopic
}

/** @throws RequestError */
function parentTopic(topics: Pick<TopicTable, 'find'>, name: string): TopicConfig {
  const topic = topics.find(name)
  if (topic === undefined) throw new RequestError(ResponseCode.TOPIC_NOT_EXIST, `Topic [${name}] not exist.`)
  if (!isLiteTopic(topic)) throw invalid(`Topic [${name}] type not match.`)
  return topic
}

/** @throws RequestError */
function existing(groups: Pick<SubscriptionGroupTable, 'get'>, name: string): SubscriptionGroupConfig {
  const config = groups.get(name)
  if (config !== undefined) return config
  throw new RequestError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `Group [${name}] not exist.`)
}

/** @throws RequestError */
function liteGroup(groups: Pick<SubscriptionGroupTable, 'get'>, name: string): LiteGroup {
  const lite = liteGroupOf(existing(groups, name))
  if (lite !== undefined) return lite
  throw invalid(`Group [${name}] is not a LITE group.`)
}

function answer(content: object): Response {
  return { code: ResponseCode.SUCCESS, body: encodeJson(content) }
}

function invalid(remark: string): RequestError {
  return new RequestError(ResponseCode.INVALID_PARAMETER, remark)
}
