import type { ConsumerRegistry } from '../clients/consumer-registry.ts'
import type { ConsumerOffsets } from './consumer-offsets.ts'

/**
 * Forgets the offsets of a group in a topic that it does not subscribe to, when in every queue the message it would read
 * next is deleted. An offset at the first message that is left counts: losing it could lose that message to the group.
 */
export function forgetExpired(
  offsets: Pick<ConsumerOffsets, 'removeStale'>,
  consumers: Pick<ConsumerRegistry, 'findSubscription'>,
  minOffset: (topic: string, queueId: number) => number,
): void {
  offsets.removeStale((group, topic, queues) => {
    if (queues.size === 0 || consumers.findSubscription(group, topic) !== undefined) return false
    for (const [queueId, offset] of queues) if (offset >= minOffset(topic, queueId)) return false
    return true
  })
}
