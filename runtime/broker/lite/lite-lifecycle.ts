import type { Logger } from '../../observe/logger.ts'
import { LMQ_QUEUE_ID } from '../../store/light/light-queues.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { Current } from '../metadata/current.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { isLiteTopic } from './lite-access.ts'
import type { LiteOrders } from './lite-orders.ts'
import { isLiteQueue, liteNameOf, liteQueuePrefix } from './lite-queue-name.ts'
import type { LiteSubscriptions } from './lite-subscriptions.ts'

export interface LiteLifecycleParts {
  readonly config: Current<{ readonly liteTtlCheckInterval: number; readonly minLiteTTl: number }>
  readonly store: Pick<MessageStore, 'findQueue' | 'deleteTopic' | 'queues' | 'storeTimeAt'>
  readonly topics: Pick<TopicTable, 'find'>
  readonly offsets: Pick<ConsumerOffsets, 'groupsOf' | 'removeTopic'>
  readonly orders: LiteOrders
  readonly subscriptions: LiteSubscriptions
  readonly logger: Logger
}

const MINUTE_MS = 60_000
/** Lite topics looked at in one tick: each costs a read of the log. */
const LOOKED_AT_ONCE = 500
/** A queue that was found empty so often is taken to stay so. */
const EMPTY_MAX = 5

/** How many minutes after its last message a lite topic ends (lite.topic.expiration); undefined: never. */
function liteExpirationMinutes(topic: TopicConfig | undefined): number | undefined {
  const minutes = liteTtlAttribute(topic)
  return minutes > 0 ? minutes : undefined
}

/** The attribute as it is shown: -1 without one. */
export function liteTtlAttribute(topic: TopicConfig | undefined): number {
  const text = topic?.attributes.get('lite.topic.expiration') ?? ''
  return isLiteTopic(topic) && /^-?\d+$/.test(text) ? Number(text) : -1
}

/**
 * Lite topics begin with their first message, and end when no message has come for so long as their parent topic says. The messages
 * stay in the log as long as all do.
 */
export class LiteLifecycle {
  readonly #parts: LiteLifecycleParts
  readonly #empty = new Map<string, number>()
  #startedMs: number
  #nextMs: number
  /** Queues that the present round has still to look at. */
  #round: string[] = []

  constructor(parts: LiteLifecycleParts, nowMs: number) {
    this.#parts = parts
    this.#startedMs = nowMs
    this.#nextMs = nowMs
  }

  /** Messages in a lite topic's queue, those that are gone counted as well. */
  endOf(queue: string): number {
    return this.#parts.store.findQueue(queue, LMQ_QUEUE_ID)?.maxOffset ?? 0
  }

  /** Store time of a lite topic's message; -1 without one. */
  storeTime(queueName: string, offset: number): number {
    const queue = this.#parts.store.findQueue(queueName, LMQ_QUEUE_ID)
    return queue === undefined ? -1 : this.#parts.store.storeTimeAt(queue, offset)
  }

  /** The queues of all lite topics of a topic. */
  queuesOf(parent: string): string[] {
    const prefix = liteQueuePrefix(parent)
    return this.#parts.store.queues.topics().filter((name) => name.startsWith(prefix))
  }

  /** Everything of a topic that is deleted. */
  deleteAllOf(parent: string): void {
    for (const queue of this.queuesOf(parent)) this.#delete(queue)
  }

  /** This broker has just become master: what it knows of times it is to learn first. */
  reset(nowMs: number): void {
    this.#startedMs = nowMs
    this.#round = []
    this.#empty.clear()
  }

  /** Called often. */
  upkeep(nowMs: number): void {
    const { minLiteTTl, liteTtlCheckInterval } = this.#parts.config.current
    if (this.#round.length === 0) {
      if (nowMs - this.#startedMs < minLiteTTl || nowMs < this.#nextMs) return
      this.#nextMs = nowMs + liteTtlCheckInterval
      this.#round = this.#parts.store.queues.topics().filter(isLiteQueue)
    }
    for (const queue of this.#round.splice(-LOOKED_AT_ONCE)) if (this.#isOver(queue, nowMs)) this.#delete(queue)
  }

  #isOver(queue: string, nowMs: number): boolean {
    const name = liteNameOf(queue)
    if (name === undefined) return false
    const minutes = liteExpirationMinutes(this.#parts.topics.find(name.parent))
    const end = this.endOf(queue)
    if (end === 0) {
      const times = (this.#empty.get(queue) ?? 0) + 1
      this.#empty.set(queue, times)
      return times > EMPTY_MAX
    }
    this.#empty.delete(queue)
    if (minutes === undefined) return false
    const forMs = nowMs - this.storeTime(queue, end - 1)
    return forMs >= this.#parts.config.current.minLiteTTl && forMs > minutes * MINUTE_MS
  }

  #delete(queue: string): void {
    const { store, offsets, orders, subscriptions, logger } = this.#parts
    for (const group of offsets.groupsOf(queue)) orders.clear({ group, queue })
    offsets.removeTopic(queue)
    subscriptions.removeQueue(queue)
    store.deleteTopic(queue)
    this.#empty.delete(queue)
    logger.info({ queue }, 'a lite topic has ended')
  }
}
