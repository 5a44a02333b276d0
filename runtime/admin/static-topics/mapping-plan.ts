import type { LogicQueueItem } from '../../codec/static-topic/logic-queue-item.ts'
import { type MappedTopic, type MappedTopics, newMappedTopic } from '../../codec/static-topic/mapped-topic.ts'
import { MappingError } from '../../codec/static-topic/mapping-checks.ts'
import { GLOBAL_SCOPE, type TopicQueueMappingDetail } from '../../codec/static-topic/mapping-detail.ts'
import { checkAgreement, checkWhole, type MappedQueue } from '../../codec/static-topic/topic-mapping.ts'
import type { Random } from '../../io/random.ts'
import { QueueAllocation } from './queue-allocation.ts'

/** A topic as it is to be on its brokers (source: TopicRemappingDetailWrapper). */
export interface MappingPlan {
  readonly topic: string
  readonly type: 'CREATE_OR_UPDATE' | 'REMAPPING'
  readonly epoch: number
  readonly brokerConfigMap: MappedTopics
  /** Which get queues from others. */
  readonly brokerToMapIn: readonly string[]
  /** Which give queues to others. */
  readonly brokerToMapOut: readonly string[]
}

/** An epoch follows the last one at this distance at least. */
const EPOCH_STEP = 1000

/**
 * A topic that is new or gets more queues, the new ones on the target brokers that have the fewest
 * (TopicQueueMappingUtils.createTopicConfigMapping).
 * @throws MappingError
 */
export function planQueues(
  topic: string,
  queueNums: number,
  targets: Iterable<string>,
  now: MappedTopics,
  nowMs: number,
  random: Random,
): MappingPlan {
  const queues = now.size === 0 ? new Map<number, MappedQueue>() : checkWhole(topic, now)
  if (queueNums < queues.size) {
    throw new MappingError(`Cannot decrease the queue num for static topic ${queueNums} < ${queues.size}`)
  }
  if (queueNums === queues.size) {
    throw new MappingError('The topic queue num is equal the existed queue num, do nothing')
  }
  const counts = new Map([...targets].map((broker) => [broker, 0]))
  for (const { leader } of queues.values()) counts.set(leader, (counts.get(leader) ?? 0) + 1)
  const allocation = new QueueAllocation(counts, undefined, random)
  const brokers = new Map(now)
  const epoch = Math.max((checkAgreement(topic, now)?.epoch ?? nowMs) + EPOCH_STEP, nowMs)
  for (let globalId = queues.size; globalId < queueNums; globalId++) {
    const broker = allocation.next()
    const config = withQueue(brokers.get(broker) ?? emptyTopic(topic, broker, queueNums, epoch))
    const item = newItem({ bname: broker, queueId: config.writeQueueNums - 1, gen: 0, logicOffset: 0 })
    brokers.set(broker, withItems(config, globalId, [item]))
  }
  return checked({ topic, type: 'CREATE_OR_UPDATE', epoch, brokerToMapIn: [], brokerToMapOut: [] }, brokers, queueNums)
}

/**
 * The topic's queues on the target brokers, as few as possible moved; a broker gets queues or gives some, never both
 * (TopicQueueMappingUtils.remappingStaticTopic).
 * @throws MappingError
 */
export function planRemapping(
  topic: string,
  now: MappedTopics,
  targets: readonly string[],
  nowMs: number,
  random: Random,
): MappingPlan {
  const queues = checkWhole(topic, now)
  const agreed = checkAgreement(topic, now)
  if (agreed === undefined) throw new MappingError('No topic route to do the remapping')
  const epoch = Math.max(agreed.epoch + EPOCH_STEP, nowMs)
  const brokers = new Map(now)
  const [mapIn, mapOut] = [new Set<string>(), new Set<string>()]
  for (const [globalId, broker] of newLeaders(queues, targets, random)) {
    const { leader, items } = queues.get(globalId)!
    if (leader === broker) continue
    mapIn.add(broker)
    mapOut.add(leader)
    const config = withQueue(brokers.get(broker) ?? emptyTopic(topic, broker, agreed.totalQueues, epoch))
    const gen = items.at(-1)!.gen + 1
    const moved = [...items, newItem({ bname: broker, queueId: config.writeQueueNums - 1, gen, logicOffset: -1 })]
    brokers.set(broker, withItems(config, globalId, moved))
    brokers.set(leader, withItems(brokers.get(leader)!, globalId, moved))
  }
  const head = { topic, type: 'REMAPPING', epoch, brokerToMapIn: [...mapIn], brokerToMapOut: [...mapOut] } as const
  return checked(head, brokers, agreed.totalQueues)
}

/** By queue: the broker that is to lead it. */
function newLeaders(
  queues: ReadonlyMap<number, MappedQueue>,
  targets: readonly string[],
  random: Random,
): Map<number, string> {
  const before = new Map<string, number>()
  for (const { leader } of queues.values()) before.set(leader, (before.get(leader) ?? 0) + 1)
  const allocation = new QueueAllocation(new Map(targets.map((broker) => [broker, 0])), before, random)
  for (let i = 0; i < queues.size; i++) allocation.next()
  const left = new Map(allocation.counts)
  const leaders = new Map<number, string>()
  const moving: number[] = []
  for (const { globalId, leader } of queues.values()) {
    const room = left.get(leader) ?? 0
    if (room > 0) {
      leaders.set(globalId, leader)
      left.set(leader, room - 1)
    } else moving.push(globalId)
  }
  for (const [broker, room] of left) for (let i = 0; i < room; i++) leaders.set(moving.shift()!, broker)
  return leaders
}

function checked(
  head: Omit<MappingPlan, 'brokerConfigMap'>,
  brokers: ReadonlyMap<string, MappedTopic>,
  totalQueues: number,
): MappingPlan {
  const brokerConfigMap = new Map<string, MappedTopic>()
  for (const [broker, config] of brokers) {
    const mappingDetail = { ...config.mappingDetail!, epoch: head.epoch, totalQueues }
    brokerConfigMap.set(broker, { ...config, mappingDetail })
  }
  checkWhole(head.topic, brokerConfigMap)
  return { ...head, brokerConfigMap }
}

/** A topic without a queue, on a broker that has none of it. */
export function emptyTopic(topic: string, bname: string, totalQueues: number, epoch: number): MappedTopic {
  const info = { topic, bname, scope: GLOBAL_SCOPE, totalQueues, epoch, dirty: false, currIdMap: new Map() }
  return newMappedTopic(topic, 0, { ...info, hostedQueues: new Map() })
}

function withQueue(config: MappedTopic): MappedTopic {
  return { ...config, writeQueueNums: config.writeQueueNums + 1, readQueueNums: config.readQueueNums + 1 }
}

export function withItems(config: MappedTopic, globalId: number, items: readonly LogicQueueItem[]): MappedTopic {
  const detail: TopicQueueMappingDetail = config.mappingDetail!
  const hostedQueues = new Map([...detail.hostedQueues, [globalId, items] as const])
  return { ...config, mappingDetail: { ...detail, hostedQueues } }
}

function newItem(given: Pick<LogicQueueItem, 'bname' | 'queueId' | 'gen' | 'logicOffset'>): LogicQueueItem {
  return { ...given, startOffset: 0, endOffset: -1, timeOfStart: -1, timeOfEnd: -1 }
}
