import type { TopicRouteData } from '../../codec/route/route-data.ts'
import { staticOffset, staticOffsetWithin, stretchOf } from '../../codec/static-topic/logic-queue-item.ts'
import type { MappedTopic } from '../../codec/static-topic/mapped-topic.ts'
import { logicBrokerName } from '../../codec/static-topic/mapping-detail.ts'
import { leadQueues, type MappedQueue } from '../../codec/static-topic/topic-mapping.ts'
import { type AdminClient, addressToRead } from '../admin-client.ts'
import type { QueueOffsets } from '../consume-stats.ts'
import { queueText } from '../message-queue.ts'
import { topicOn } from './mapping-brokers.ts'

/** The queues of a static topic by their number; none for an ordinary one, whose brokers are not asked. */
async function queuesOf(
  client: AdminClient,
  topic: string,
  { brokerDatas, topicQueueMappingByBroker }: TopicRouteData,
): Promise<Iterable<MappedQueue>> {
  if (topicQueueMappingByBroker === undefined || topicQueueMappingByBroker.size === 0) return []
  const brokers = new Map<string, MappedTopic>()
  for (const broker of brokerDatas) {
    const address = addressToRead(broker)
    const config = address === undefined ? undefined : await topicOn(client, address, topic)
    if (config?.mappingDetail !== undefined) brokers.set(broker.brokerName, config)
  }
  return leadQueues(brokers).values()
}

/** The offsets of a static topic's queues as clients see them, from those of the brokers' (convertPhysicalTopicStats). */
export async function logicQueueOffsets(
  client: AdminClient,
  topic: string,
  route: TopicRouteData,
  physical: readonly QueueOffsets[],
): Promise<QueueOffsets[]> {
  const byQueue = new Map(physical.map((queue) => [queueText(queue), queue]))
  const found: QueueOffsets[] = []
  for (const { globalId, scope, items } of await queuesOf(client, topic, route)) {
    const [first, last] = [stretchOf(items, 0), stretchOf(items, Number.MAX_SAFE_INTEGER)]
    if (first === undefined || last === undefined) continue
    const least = byQueue.get(queueText({ topic, brokerName: first.bname, queueId: first.queueId }))
    const greatest = byQueue.get(queueText({ topic, brokerName: last.bname, queueId: last.queueId }))
    if (least === undefined || greatest === undefined) continue
    found.push({
      ...{ topic, brokerName: logicBrokerName(scope), queueId: globalId },
      minOffset: Math.max(0, staticOffsetWithin(first, least.minOffset)),
      maxOffset: Math.max(0, staticOffset(last, greatest.maxOffset)),
      lastUpdateMs: greatest.lastUpdateMs,
    })
  }
  return found
}
