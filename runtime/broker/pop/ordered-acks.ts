import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { ConsumerOrderInfo, OrderedQueue } from './consumer-order-info.ts'
import type { InflightCount } from './inflight-count.ts'
import { Commit } from './order-info.ts'

export interface OrderedAckParts {
  readonly offsets: Pick<ConsumerOffsets, 'query' | 'commit' | 'hasReset'>
  readonly order: ConsumerOrderInfo
  readonly inflight: InflightCount
  readonly wallClock: () => number
  /** The queue may give messages to the group again. */
  readonly freed: (queue: OrderedQueue) => void
}

/** Acks and changed times of messages that are consumed in order: the group's offset moves on, or the queue stays closed. */
export class OrderedAcks {
  readonly #parts: OrderedAckParts

  constructor(parts: OrderedAckParts) {
    this.#parts = parts
  }

  /** @throws RequestError MESSAGE_ILLEGAL for a message that is not under way */
  ack(queue: OrderedQueue, offset: number, popTime: number, invisibleMs: number, peer: string): void {
    const { offsets, order, inflight, wallClock } = this.#parts
    const { topic, group, queueId } = queue
    const old = offsets.query(group, topic, queueId)
    if (offset < old) return
    const next = order.commit(queue, offset, popTime)
    if (next === Commit.illegal) {
      const key = `${topic}@${group}@${queueId}`
      const remark = `offset is illegal, key:${key}, old:${old}, commit:${offset}, next:${next}, ${peer}`
      throw new RequestError(ResponseCode.MESSAGE_ILLEGAL, remark)
    }
    if (next >= 0) {
      if (!offsets.hasReset(group, topic, queueId)) offsets.commit(group, topic, queueId, next)
      if (order.blockedUntil(queue, undefined, invisibleMs, wallClock()) === 0) this.#parts.freed(queue)
    }
    inflight.remove(topic, group, queueId, popTime, 1)
  }

  /** Returns when the message may be popped again; undefined when it is acknowledged already. */
  change(queue: OrderedQueue, offset: number, popTime: number, invisibleMs: number): number | undefined {
    const { offsets, order, wallClock } = this.#parts
    if (offset < offsets.query(queue.group, queue.topic, queue.queueId)) return undefined
    const visibleMs = wallClock() + invisibleMs
    order.setNextVisible(queue, offset, popTime, visibleMs)
    return visibleMs
  }
}
