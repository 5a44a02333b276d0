import { asObject, integerKeyed, JsonFieldError, listField, objectField } from '../json/json-fields.ts'
import type { JsonValue } from '../json/json-value.ts'
import { readQueueMapping, type TopicQueueMapping } from '../route/route-data.ts'
import { type LogicQueueItem, readLogicQueueItem } from './logic-queue-item.ts'

/** What a broker group knows of a static topic (source: TopicQueueMappingDetail). Replaced, never changed. */
export interface TopicQueueMappingDetail extends TopicQueueMapping {
  /** By the number clients use: the stretches of the queue, the one that takes messages last. */
  readonly hostedQueues: ReadonlyMap<number, readonly LogicQueueItem[]>
}

/** More queues than any static topic has use for: routes carry them all. */
const QUEUES_MAX = 65_536

/** @throws JsonFieldError */
export function readMappingDetail(value: JsonValue): TopicQueueMappingDetail {
  const object = asObject(value, 'topic queue mapping')
  const info = readQueueMapping(value)
  const hosted = objectField(object, 'hostedQueues') ?? Object.create(null)
  const queues = integerKeyed(hosted)
  if (queues.length > QUEUES_MAX || info.totalQueues > QUEUES_MAX) {
    throw new JsonFieldError(`the mapping of topic ${info.topic} has more than ${QUEUES_MAX} queues`)
  }
  const hostedQueues = queues.map(
    ([id]) => [id, (listField(hosted, String(id)) ?? []).map(readLogicQueueItem)] as const,
  )
  return { ...info, hostedQueues: new Map(hostedQueues) }
}

/** The details by topic that bodies and topicQueueMapping.json have. @throws JsonFieldError */
export function readMappingDetails(value: JsonValue | undefined): Map<string, TopicQueueMappingDetail> {
  const details = Object.entries(value === undefined || value === null ? {} : asObject(value, 'topic queue mappings'))
  return new Map(details.map(([topic, detail]) => [topic, readMappingDetail(detail as JsonValue)]))
}

/** The part that name servers are told: which queues take messages here. */
export function infoOf({ hostedQueues, ...detail }: TopicQueueMappingDetail): TopicQueueMapping {
  const { topic, bname, scope, totalQueues, epoch } = detail
  const currIdMap = new Map<number, number>()
  for (const [globalId, items] of hostedQueues) {
    const leader = items.at(-1)
    if (leader?.bname === bname) currIdMap.set(globalId, leader.queueId)
  }
  return { topic, bname, scope, totalQueues, epoch, dirty: false, currIdMap }
}

/** Under which broker name clients see the queues of static topics (source: TopicQueueMappingUtils.getMockBrokerName). */
export function logicBrokerName(scope: string): string {
  return `__syslo__${scope === GLOBAL_SCOPE ? scope.slice(2) : scope}`
}

export const GLOBAL_SCOPE = '__global__'
