import type { BrokerConf } from '../../config/broker-conf.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { Current } from '../metadata/current.ts'

/** As checkInMemByConsumeOffset: the first message is number 0 and so recent that a new group may begin with it. */
export function startsAtZero(
  conf: Current<Pick<BrokerConf, 'accessMessageInMemoryMaxRatio'>>,
  physicalMemoryBytes: number,
  store: Pick<MessageStore, 'findQueue' | 'writtenOffset'>,
): (topic: string, queueId: number) => boolean {
  const unit = new QueueUnits(1)
  return (topic, queueId) => {
    const queue = store.findQueue(topic, queueId)
    if (queue === undefined || queue.minOffset > 0) return false
    if (queue.readUnits(0, 1, unit) === 0) return false
    const phyOffset = unit.phyOffsets[0]!
    const recentBytes = (physicalMemoryBytes * conf.current.accessMessageInMemoryMaxRatio) / 100
    return store.writtenOffset - phyOffset <= recentBytes
  }
}
