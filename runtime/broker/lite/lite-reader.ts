import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import { LMQ_QUEUE_ID } from '../../store/light/light-queues.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { PullStatus } from '../../store/pull.ts'
import type { Current } from '../metadata/current.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { PopAnswer } from '../pop/pop-answer.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { LiteOrders } from './lite-orders.ts'
import type { LitePopTask } from './lite-pop-task.ts'

export interface LiteReaderParts {
  readonly config: Current<{ readonly initPopOffsetByCheckMsgInMem: boolean }>
  readonly store: Pick<MessageStore, 'findQueue' | 'pull' | 'lastPull'>
  readonly offsets: Pick<ConsumerOffsets, 'query' | 'commit' | 'takeReset'>
  readonly orders: LiteOrders
  readonly stats: Pick<BrokerStats, 'groupGet'>
  /** Whether a new group that is to begin at the end of a queue may begin with its first message. */
  readonly startsAtZero: (topic: string, queueId: number) => boolean
  readonly wallClock: () => number
}

const PULL_BYTES_MAX = 128 * 1024 * 1024

/** Takes messages out of lite topics' queues for one pop after the other. */
export class LiteReader {
  readonly #parts: LiteReaderParts
  readonly #answer: PopAnswer

  constructor(parts: LiteReaderParts, answer: PopAnswer) {
    this.#parts = parts
    this.#answer = answer
  }

  /** Adds what a lite topic's queue has to the answer, as far as there is room. */
  read(task: LitePopTask, queueName: string): void {
    const { store, orders, wallClock } = this.#parts
    const { group, attemptId, invisibleMs } = task
    const queue = store.findQueue(queueName, LMQ_QUEUE_ID)
    if (queue === undefined) return
    const place = { group, queue: queueName }
    const reset = this.#takeReset(group, queueName)
    if (reset === undefined && orders.blockedUntil(place, attemptId, invisibleMs, wallClock()) > 0) return
    const offset = this.#pull(queue, reset ?? this.#positionOf(queue, group), task)
    const answer = this.#answer
    const { count, bytes } = store.lastPull
    if (count === 0) return
    const info = orders.popped(place, attemptId, answer.popTime, invisibleMs, answer.offsets, wallClock())
    answer.orderCountInfo = answer.orderCountInfo ? `${answer.orderCountInfo};${info}` : info
    answer.keepQueue(queueName, LMQ_QUEUE_ID, offset)
    const traffic = this.#parts.stats.groupGet(task.topic, group)
    traffic.messages += count
    traffic.bytes += bytes
    traffic.times++
  }

  /** Somebody has set the position: what is under way counts no more. */
  #takeReset(group: string, queue: string): number | undefined {
    const { offsets, orders } = this.#parts
    const reset = offsets.takeReset(group, queue, LMQ_QUEUE_ID)
    if (reset === undefined) return undefined
    orders.clear({ group, queue })
    offsets.commit(group, queue, LMQ_QUEUE_ID, reset)
    return reset
  }

  #positionOf({ topic, queueId, maxOffset }: ConsumeQueue, group: string): number {
    const { offsets, config, startsAtZero } = this.#parts
    const known = offsets.query(group, topic, queueId)
    if (known >= 0) return known
    const mayStart = config.current.initPopOffsetByCheckMsgInMem && startsAtZero(topic, queueId)
    const first = mayStart ? 0 : Math.max(0, maxOffset - 1)
    offsets.commit(group, topic, queueId, first)
    return first
  }

  /** Returns the offset it read from: a group that stands where there is nothing, and never will be, is put right. */
  #pull(queue: ConsumeQueue, offset: number, task: LitePopTask): number {
    const { store, offsets } = this.#parts
    const answer = this.#answer
    const room = task.maxMsgNum - answer.count
    answer.beginQueue()
    const status = store.pull(queue, offset, room, PULL_BYTES_MAX, undefined, answer)
    const { nextOffset } = store.lastPull
    if (nextOffset === offset || !isWrongPosition(status)) return offset
    offsets.commit(task.group, queue.topic, queue.queueId, nextOffset)
    answer.beginQueue()
    store.pull(queue, nextOffset, room, PULL_BYTES_MAX, undefined, answer)
    return nextOffset
  }
}

function isWrongPosition(status: PullStatus): boolean {
  return (
    status === PullStatus.offsetTooSmall ||
    status === PullStatus.offsetOverflowBadly ||
    status === PullStatus.offsetFoundNull ||
    status === PullStatus.messageWasRemoving
  )
}
