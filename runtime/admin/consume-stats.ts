import { asObject, integerField, numberField, objectField } from '../codec/json/json-fields.ts'
import type { JsonObject, JsonValue } from '../codec/json/json-value.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import type { TopicRouteData } from '../codec/route/route-data.ts'
import { type AdminClient, addressToRead, CALL_TIMEOUT_MS } from './admin-client.ts'
import { AbsentError } from './admin-error.ts'
import { compareQueues, type MessageQueue, queueEntries } from './message-queue.ts'

/** How far a group has got in a queue. */
export interface QueueProgress extends MessageQueue {
  readonly brokerOffset: number
  readonly consumerOffset: number
  readonly pullOffset: number
  /** Store time of the message last consumed; 0 when unknown. */
  readonly lastTimeMs: number
}

export interface ConsumeStats {
  /** Sorted by topic, broker and queue. */
  readonly queues: readonly QueueProgress[]
  readonly consumeTps: number
}

export interface QueueOffsets extends MessageQueue {
  readonly minOffset: number
  readonly maxOffset: number
  readonly lastUpdateMs: number
}

/** The stats of a group on one broker; of all its topics or of one. */
export async function brokerConsumeStats(
  client: AdminClient,
  address: string,
  consumerGroup: string,
  topic: string | undefined,
  timeoutMs = 3 * CALL_TIMEOUT_MS,
): Promise<ConsumeStats> {
  const request = { code: RequestCode.GET_CONSUME_STATS, fields: { consumerGroup, topic } }
  return readConsumeStats(await client.callForObject(address, request, timeoutMs))
}

export function readConsumeStats(body: JsonObject): ConsumeStats {
  return {
    queues: queueEntries(objectField(body, 'offsetTable')).map(readProgress),
    consumeTps: numberField(body, 'consumeTps') ?? 0,
  }
}

function readProgress([queue, value]: [MessageQueue, JsonValue]): QueueProgress {
  const offsets = asObject(value, 'offsets')
  return {
    ...queue,
    brokerOffset: integerField(offsets, 'brokerOffset') ?? 0,
    consumerOffset: integerField(offsets, 'consumerOffset') ?? 0,
    pullOffset: integerField(offsets, 'pullOffset') ?? 0,
    lastTimeMs: integerField(offsets, 'lastTimestamp') ?? 0,
  }
}

/** The stats of a group on all brokers that serve its retry topic, or the topic asked for. */
export async function groupConsumeStats(
  client: AdminClient,
  consumerGroup: string,
  topic?: string,
  cluster?: string,
): Promise<ConsumeStats> {
  const route = await routeOfGroup(client, consumerGroup, topic, cluster)
  const queues: QueueProgress[] = []
  let consumeTps = 0
  for (const broker of route.brokerDatas) {
    const address = addressToRead(broker)
    if (address === undefined) continue
    const stats = await brokerConsumeStats(client, address, consumerGroup, topic)
    queues.push(...stats.queues)
    consumeTps += stats.consumeTps
  }
  return { queues: queues.sort(compareQueues), consumeTps }
}

export function retryTopic(consumerGroup: string): string {
  return `%RETRY%${consumerGroup}`
}

/** The topics by which a group's brokers are found, in the order in which they are tried. */
async function routeOfGroup(
  client: AdminClient,
  group: string,
  topic: string | undefined,
  cluster: string | undefined,
): Promise<TopicRouteData> {
  const topics = [retryTopic(group)]
  if (topic !== undefined) topics.push(topic, `%RETRY%${group}_${topic}`)
  if (topic !== undefined && cluster !== undefined && isRoutedByCluster(topic)) topics.push(cluster)
  for (const candidate of topics) {
    try {
      return await client.route(candidate)
    } catch (error) {
      if (!(error instanceof AbsentError)) throw error
    }
  }
  const also = topic === undefined ? '; name a topic with -t if the group has only just been created' : ''
  throw new AbsentError(
    ResponseCode.TOPIC_NOT_EXIST,
    `group ${group} is unknown: no broker serves ${topics.join(' or ')}${also}`,
  )
}

/** Topics that have no route of their own: light queues and the timer's. */
export function isRoutedByCluster(topic: string): boolean {
  return topic.startsWith('%LMQ%') || topic === 'rmq_sys_wheel_timer'
}

/** The offsets of a topic's queues on one broker. */
export async function brokerTopicStats(client: AdminClient, address: string, topic: string): Promise<QueueOffsets[]> {
  const body = await client.callForObject(address, { code: RequestCode.GET_TOPIC_STATS_INFO, fields: { topic } })
  return queueEntries(objectField(body, 'offsetTable')).map(([queue, value]) => {
    const offsets = asObject(value, 'offsets')
    return {
      ...queue,
      minOffset: integerField(offsets, 'minOffset') ?? 0,
      maxOffset: integerField(offsets, 'maxOffset') ?? 0,
      lastUpdateMs: integerField(offsets, 'lastUpdateTimestamp') ?? 0,
    }
  })
}

/** Sum of what is stored and not consumed. */
export function totalDiff(stats: ConsumeStats): number {
  return stats.queues.reduce((sum, queue) => sum + queue.brokerOffset - queue.consumerOffset, 0)
}
