import type { LogicQueueItem } from '../../codec/static-topic/logic-queue-item.ts'
import type { TopicQueueMappingDetail } from '../../codec/static-topic/mapping-detail.ts'

/** A queue of a static topic as a request names it. */
export interface LogicQueue {
  readonly detail: TopicQueueMappingDetail
  /** The number clients use; a queue nobody named: undefined. */
  readonly globalId: number | undefined
  readonly items: readonly LogicQueueItem[]
  /** The stretch that takes messages, if it is here. */
  readonly leader: LogicQueueItem | undefined
}

export function logicQueue(detail: TopicQueueMappingDetail, globalId: number | undefined): LogicQueue {
  const items = globalId === undefined ? NO_ITEMS : (detail.hostedQueues.get(globalId) ?? NO_ITEMS)
  const last = items.at(-1)
  return { detail, globalId, items, leader: last?.bname === detail.bname ? last : undefined }
}

const NO_ITEMS: readonly LogicQueueItem[] = []
