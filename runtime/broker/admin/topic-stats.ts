import { JavaDouble } from '../../codec/json/json-value.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Clock } from '../../io/clock.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { ConsumerRegistry } from '../clients/consumer-registry.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import type { MessageQueue } from '../metadata/message-queue.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { QueueFacts } from './queue-facts.ts'
import { timeText } from './time-text.ts'

export interface TopicStatsDeps {
  readonly brokerName: string
  readonly clock: Clock
  readonly topics: TopicTable
  readonly offsets: ConsumerOffsets
  readonly consumers: ConsumerRegistry
  readonly stats: BrokerStats
  readonly store: Pick<MessageStore, 'findQueue' | 'storeTimeAt' | 'offsetByTime' | 'minOffsetOf'>
}

/** Units of one answer to QUERY_CONSUME_QUEUE: a frame holds far more, a person reads far fewer. */
const UNITS_MAX = 4096

/** GET_TOPIC_STATS_INFO, QUERY_CONSUME_TIME_SPAN, QUERY_CONSUME_QUEUE and VIEW_BROKER_STATS_DATA. */
export function registerTopicStats(server: HandlerRegistry, deps: TopicStatsDeps): void {
  const facts = new QueueFacts(deps.store)
  server.handle(RequestCode.GET_TOPIC_STATS_INFO, (request) => topicStats(deps, facts, request))
  server.handle(RequestCode.QUERY_CONSUME_TIME_SPAN, (request) => timeSpans(deps, facts, request))
  server.handle(RequestCode.QUERY_CONSUME_QUEUE, (request) => queueUnits(deps, request))
  server.handle(RequestCode.VIEW_BROKER_STATS_DATA, (request) => brokerStats(deps, request))
}

function topicStats(deps: TopicStatsDeps, facts: QueueFacts, request: CommandView): Response {
  const topic = request.requiredText('topic')
  const config = deps.topics.find(topic)
  if (!config) return { code: ResponseCode.TOPIC_NOT_EXIST, remark: `topic[${topic}] not exist` }
  const offsetTable = new Map<MessageQueue, object>()
  for (let queueId = 0; queueId < Math.max(config.writeQueueNums, config.readQueueNums); queueId++) {
    const maxOffset = facts.maxOffset(topic, queueId)
    offsetTable.set(
      { brokerName: deps.brokerName, queueId, topic },
      {
        minOffset: facts.minOffset(topic, queueId),
        maxOffset,
        lastUpdateTimestamp: maxOffset > 0 ? facts.storeTime(topic, queueId, maxOffset - 1) : 0,
      },
    )
  }
  const body = encodeJson({ offsetTable, topicPutTps: new JavaDouble(deps.stats.topicPutTps(topic)) })
  return { code: ResponseCode.SUCCESS, body }
}

function timeSpans(deps: TopicStatsDeps, facts: QueueFacts, request: CommandView): Response {
  const topic = request.requiredText('topic')
  const group = request.requiredText('group')
  const config = deps.topics.find(topic)
  if (!config) return { code: ResponseCode.TOPIC_NOT_EXIST, remark: `topic[${topic}] not exist` }
  const now = deps.clock.now()
  const consumeTimeSpanSet: object[] = []
  for (let queueId = 0; queueId < config.writeQueueNums; queueId++) {
    const minTimeStamp = facts.earliestTime(topic, queueId)
    const maxOffset = facts.maxOffset(topic, queueId)
    const maxTimeStamp = facts.storeTime(topic, queueId, maxOffset - 1)
    const offset = deps.offsets.query(group, topic, queueId)
    const consumeTimeStamp = offset > 0 ? facts.storeTime(topic, queueId, offset - 1) : minTimeStamp
    consumeTimeSpanSet.push({
      messageQueue: { brokerName: deps.brokerName, queueId, topic },
      minTimeStamp,
      maxTimeStamp,
      consumeTimeStamp,
      minTimeStampStr: timeText(minTimeStamp),
      maxTimeStampStr: timeText(maxTimeStamp),
      consumeTimeStampStr: timeText(consumeTimeStamp),
      delayTime: offset < maxOffset ? now - facts.storeTime(topic, queueId, offset) : 0,
    })
  }
  return { code: ResponseCode.SUCCESS, body: encodeJson({ consumeTimeSpanSet }) }
}

function queueUnits(deps: TopicStatsDeps, request: CommandView): Response {
  const topic = request.requiredText('topic')
  const queueId = request.requiredInteger('queueId')
  const index = request.requiredInteger('index')
  const count = Math.max(0, Math.min(request.requiredInteger('count'), UNITS_MAX))
  const queue = deps.store.findQueue(topic, queueId)
  if (!queue) return { code: ResponseCode.SYSTEM_ERROR, remark: `${queueId}@${topic} is not exist!` }
  const units = new QueueUnits(count)
  if (count > 0 && queue.readUnits(index, count, units) === 0) {
    return { code: ResponseCode.SUCCESS, remark: `Index ${index} of ${queueId}@${topic} is not exist!` }
  }
  // Of a batch consume queue those that begin within so many messages.
  const isWithin = (i: number): boolean => !queue.isBatch || units.baseOffsets[i]! - index < count
  const queueData = Array.from({ length: units.count }, (_, i) => i)
    .filter(isWithin)
    .map((i) => ({
      physicOffset: units.phyOffsets[i],
      physicSize: units.sizes[i],
      tagsCode: units.tagsCodes[i],
      eval: false,
    }))
  const group = request.text('consumerGroup')
  const subscriptionData = group === undefined ? undefined : deps.consumers.findSubscription(group, topic)
  const body = {
    subscriptionData,
    // What a consumer with an expression would have as compiled filter; there are none.
    filterData: group === undefined ? undefined : subscriptionData ? 'null' : `${group}@${topic} is not online!`,
    queueData,
    maxQueueIndex: queue.maxOffset,
    minQueueIndex: queue.minOffset,
  }
  return { code: ResponseCode.SUCCESS, body: encodeJson(body) }
}

function brokerStats(deps: TopicStatsDeps, request: CommandView): Response {
  const name = request.requiredText('statsName')
  const key = request.requiredText('statsKey')
  const report = deps.stats.report(name, key)
  if (!report) return { code: ResponseCode.SYSTEM_ERROR, remark: `The stats <${name}> <${key}> not exist` }
  const spans = Object.entries(report).map(([span, { sum, tps, avgpt }]) => [
    span,
    { sum, tps: new JavaDouble(tps), avgpt: new JavaDouble(avgpt) },
  ])
  return { code: ResponseCode.SUCCESS, body: encodeJson(Object.fromEntries(spans)) }
}
