import { JavaDouble } from '../../codec/json/json-value.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { ConsumerRegistry } from '../clients/consumer-registry.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import type { MessageQueue } from '../metadata/message-queue.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { TopicQueueMappingTable } from '../static-topics/topic-queue-mapping-table.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { QueueFacts } from './queue-facts.ts'

export interface ConsumeStatsDeps {
  readonly brokerName: string
  /** host:port under which clients know this broker. */
  readonly brokerAddr: string
  readonly topics: TopicTable
  readonly mappings: Pick<TopicQueueMappingTable, 'find'>
  readonly groups: SubscriptionGroupTable
  readonly offsets: ConsumerOffsets
  readonly consumers: ConsumerRegistry
  readonly stats: BrokerStats
  readonly store: Pick<MessageStore, 'findQueue' | 'storeTimeAt' | 'offsetByTime' | 'minOffsetOf'>
}

/** How a group stands in one queue (`OffsetWrapper`). */
interface QueueProgress {
  readonly brokerOffset: number
  readonly consumerOffset: number
  readonly pullOffset: number
  readonly lastTimestamp: number
}

type Progress = Map<MessageQueue, QueueProgress>

/**
 * GET_CONSUME_STATS, GET_BROKER_CONSUME_STATS, QUERY_TOPIC_CONSUME_BY_WHO, QUERY_TOPICS_BY_CONSUMER and
 * QUERY_SUBSCRIPTION_BY_CONSUMER.
 */
export function registerConsumeStats(server: HandlerRegistry, deps: ConsumeStatsDeps): void {
  const facts = new QueueFacts(deps.store)
  server.handle(RequestCode.GET_CONSUME_STATS, (request) => groupStats(deps, facts, request))
  server.handle(RequestCode.GET_BROKER_CONSUME_STATS, (request) => brokerStats(deps, facts, request))
  server.handle(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, (request) => groupsOfTopic(deps, request))
  server.handle(RequestCode.QUERY_TOPICS_BY_CONSUMER, (request) => topicsOfGroup(deps, request))
  server.handle(RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, (request) => subscriptionOfGroup(deps, request))
}

function groupStats(deps: ConsumeStatsDeps, facts: QueueFacts, request: CommandView): Response {
  const group = request.requiredText('consumerGroup')
  const offsetTable: Progress = new Map()
  let consumeTps = 0
  for (const topic of requestedTopics(deps, group, request)) {
    const config = deps.topics.find(topic)
    if (!config) continue
    // Who asks has to tell which of the stretches of a static topic's queue the group has an offset in.
    const leastOffset = deps.mappings.find(topic) === undefined ? 0 : -1
    for (let queueId = 0; queueId < config.readQueueNums; queueId++) {
      const progress = queueProgress(deps, facts, group, config, queueId, leastOffset)
      const pullOffset = Math.max(progress.consumerOffset, deps.offsets.queryPulled(group, topic, queueId))
      offsetTable.set({ brokerName: deps.brokerName, queueId, topic }, { ...progress, pullOffset })
    }
    consumeTps += deps.stats.groupGetTps(topic, group)
  }
  return { code: ResponseCode.SUCCESS, body: encodeJson({ consumeTps: new JavaDouble(consumeTps), offsetTable }) }
}

/** A list of topics is taken as it is; otherwise only topics count that the group, when it is online, subscribes to. */
function requestedTopics(deps: ConsumeStatsDeps, group: string, request: CommandView): string[] {
  const list = (request.text('topicList') ?? '').split(';').filter((topic) => topic !== '')
  if (list.length > 0) return [...new Set(list)]
  const topic = request.text('topic')?.trim() || undefined
  const candidates = topic === undefined ? deps.offsets.topicsOf(group) : [topic]
  return candidates.filter((candidate) => subscribesOrIsOffline(deps, group, candidate))
}

function subscribesOrIsOffline(deps: ConsumeStatsDeps, group: string, topic: string): boolean {
  const isOnline = (deps.consumers.get(group)?.subscriptions.size ?? 0) > 0
  return !isOnline || deps.consumers.findSubscription(group, topic) !== undefined
}

function queueProgress(
  deps: ConsumeStatsDeps,
  facts: QueueFacts,
  group: string,
  { topicName }: TopicConfig,
  queueId: number,
  leastOffset = 0,
): QueueProgress {
  const consumerOffset = Math.max(leastOffset, deps.offsets.query(group, topicName, queueId))
  const lastTimestamp = Math.max(0, facts.storeTime(topicName, queueId, consumerOffset - 1))
  return { brokerOffset: facts.maxOffset(topicName, queueId), consumerOffset, pullOffset: 0, lastTimestamp }
}

/** One map per group, as the class ConsumeStatsList has it. */
function brokerStats(deps: ConsumeStatsDeps, facts: QueueFacts, request: CommandView): Response {
  const onlyOrdered = request.flagField('isOrder') ?? false
  const consumeStatsList: Map<string, object[]>[] = []
  let totalDiff = 0
  let totalInflightDiff = 0
  for (const { groupName } of deps.groups.all()) {
    const perTopic: object[] = []
    for (const topic of deps.offsets.topicsOf(groupName)) {
      const config = deps.topics.find(topic)
      if (!config || (onlyOrdered && !config.order) || !subscribesOrIsOffline(deps, groupName, topic)) continue
      const offsetTable: Progress = new Map()
      for (let queueId = 0; queueId < config.writeQueueNums; queueId++) {
        const progress = queueProgress(deps, facts, groupName, config, queueId)
        offsetTable.set({ brokerName: deps.brokerName, queueId, topic }, progress)
        totalDiff += progress.brokerOffset - progress.consumerOffset
        totalInflightDiff += progress.pullOffset - progress.consumerOffset
      }
      perTopic.push({ consumeTps: new JavaDouble(deps.stats.groupGetTps(topic, groupName)), offsetTable })
    }
    consumeStatsList.push(new Map([[groupName, perTopic]]))
  }
  const body = { brokerAddr: deps.brokerAddr, consumeStatsList, totalDiff, totalInflightDiff }
  return { code: ResponseCode.SUCCESS, body: encodeJson(body) }
}

function groupsOfTopic(deps: ConsumeStatsDeps, request: CommandView): Response {
  const topic = request.requiredText('topic')
  const groupList = new Set([...deps.consumers.groupsOf(topic), ...deps.offsets.groupsOf(topic)])
  return { code: ResponseCode.SUCCESS, body: encodeJson({ groupList }) }
}

function topicsOfGroup(deps: ConsumeStatsDeps, request: CommandView): Response {
  const topicList = deps.offsets.topicsOf(request.requiredText('group'))
  return { code: ResponseCode.SUCCESS, body: encodeJson({ brokerAddr: deps.brokerAddr, topicList }) }
}

function subscriptionOfGroup(deps: ConsumeStatsDeps, request: CommandView): Response {
  const group = request.requiredText('group')
  const topic = request.requiredText('topic')
  const subscriptionData = deps.consumers.findSubscription(group, topic)
  return { code: ResponseCode.SUCCESS, body: encodeJson({ group, topic, subscriptionData }) }
}
