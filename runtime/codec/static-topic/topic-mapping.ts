import type { LogicQueueItem } from './logic-queue-item.ts'
import type { MappedTopics } from './mapped-topic.ts'
import { checkStretches, MappingError } from './mapping-checks.ts'
import type { TopicQueueMappingDetail } from './mapping-detail.ts'

/** A queue of a static topic, as the broker knows it that leads it (source: TopicQueueMappingOne). */
export interface MappedQueue {
  readonly globalId: number
  /** The broker group that takes messages. */
  readonly leader: string
  readonly scope: string
  readonly items: readonly LogicQueueItem[]
}

/**
 * What all brokers must agree on. Returns it; undefined when there are none (checkNameEpochNumConsistence).
 * @throws MappingError
 */
export function checkAgreement(
  topic: string,
  brokers: MappedTopics,
): { epoch: number; totalQueues: number } | undefined {
  let first: TopicQueueMappingDetail | undefined
  for (const [broker, { topicName, mappingDetail: detail }] of brokers) {
    if (detail === undefined) throw new MappingError(`Mapping info should not be null in broker ${broker}`)
    const { bname, dirty, scope, epoch, totalQueues } = detail
    if (bname !== broker) throw new MappingError(`The broker name is not equal ${broker} != ${bname} `)
    if (dirty) throw new MappingError(`The mapping info is dirty in broker  ${broker}`)
    if (topicName !== detail.topic) throw new MappingError(`The topic name is inconsistent in broker  ${broker}`)
    if (topic !== detail.topic) throw new MappingError(`The topic name is not match for broker  ${broker}`)
    first ??= detail
    if (scope !== first.scope) throw new MappingError(`scope does not match ${scope} != ${first.scope} in ${broker}`)
    if (epoch !== first.epoch) throw new MappingError(`epoch does not match ${first.epoch} != ${epoch} in ${bname}`)
    if (totalQueues !== first.totalQueues) {
      throw new MappingError(`total queue number does not match ${first.totalQueues} != ${totalQueues} in ${bname}`)
    }
  }
  return first && { epoch: first.epoch, totalQueues: first.totalQueues }
}

/**
 * The queues by their number, from the brokers that lead them; of several the one with the latest epoch.
 * @throws MappingError when two queues share one of a broker
 */
export function leadQueues(brokers: MappedTopics): Map<number, MappedQueue> {
  const details = [...brokers.values()].flatMap(({ mappingDetail }) => mappingDetail ?? [])
  const queues = new Map<number, MappedQueue>()
  for (const { bname, scope, hostedQueues } of details.sort((a, b) => b.epoch - a.epoch)) {
    for (const [globalId, items] of hostedQueues) {
      checkStretches(items)
      if (items.at(-1)?.bname !== bname || queues.has(globalId)) continue
      queues.set(globalId, { globalId, leader: bname, scope, items })
    }
  }
  checkReuse(queues.values())
  return new Map([...queues].sort(([a], [b]) => a - b))
}

/** Every queue of the topic once, each on queues that its brokers have. @throws MappingError */
export function checkWhole(topic: string, brokers: MappedTopics): Map<number, MappedQueue> {
  const total = checkAgreement(topic, brokers)?.totalQueues ?? 0
  const queues = leadQueues(brokers)
  if (total !== queues.size) {
    throw new MappingError(
      `The total queue number in config does not match the real hosted queues ${total} != ${queues.size}`,
    )
  }
  for (let id = 0; id < total; id++) {
    if (!queues.has(id)) throw new MappingError(`The queue number ${id} is not in globalIdMap`)
  }
  for (const { readQueueNums, writeQueueNums, mappingDetail } of brokers.values()) {
    if (readQueueNums < writeQueueNums) throw new MappingError('Read queues is smaller than write queues')
    for (const items of mappingDetail?.hostedQueues.values() ?? []) for (const item of items) checkPlace(item, brokers)
  }
  return queues
}

function checkPlace({ startOffset, bname, queueId }: LogicQueueItem, brokers: MappedTopics): void {
  if (startOffset !== 0) throw new MappingError('The start offset does not begin from 0')
  const config = brokers.get(bname)
  if (config === undefined) throw new MappingError('The broker of item does not exist')
  if (queueId >= config.writeQueueNums) throw new MappingError('The physical queue id is overflow the write queues')
}

function checkReuse(queues: Iterable<MappedQueue>): void {
  const taken = new Map<string, number>()
  for (const { globalId, items } of queues) {
    for (const { bname, queueId } of items) {
      const place = `${bname}-${queueId}`
      const other = taken.get(place)
      if (other !== undefined) {
        throw new MappingError(`global queue id ${globalId} and ${other} shared the same physical queue ${place}`)
      }
      taken.set(place, globalId)
    }
  }
}
