import type { MessageStore } from '../../store/message-store.ts'

/**
 * What administrators ask of queues by topic and number. A queue nothing was ever sent to has no files and no object: it
 * is from 0 to 0, and its times are -1, the answers of Apache RocketMQ.
 */
export class QueueFacts {
  readonly #store: Pick<MessageStore, 'findQueue' | 'storeTimeAt' | 'offsetByTime' | 'minOffsetOf'>

  constructor(store: Pick<MessageStore, 'findQueue' | 'storeTimeAt' | 'offsetByTime' | 'minOffsetOf'>) {
    this.#store = store
  }

  minOffset(topic: string, queueId: number): number {
    const queue = this.#store.findQueue(topic, queueId)
    return queue === undefined ? 0 : this.#store.minOffsetOf(queue)
  }

  /** One past the last message. */
  maxOffset(topic: string, queueId: number): number {
    return this.#store.findQueue(topic, queueId)?.maxOffset ?? 0
  }

  /** Store time of a message in ms, -1 when there is none at that offset. */
  storeTime(topic: string, queueId: number, offset: number): number {
    const queue = this.#store.findQueue(topic, queueId)
    return queue && offset >= 0 ? this.#store.storeTimeAt(queue, offset) : -1
  }

  earliestTime(topic: string, queueId: number): number {
    return this.storeTime(topic, queueId, this.minOffset(topic, queueId))
  }

  /** The first message stored at `timestampMs` or later; the end of the queue for a negative time. */
  offsetByTime(topic: string, queueId: number, timestampMs: number): number {
    const queue = this.#store.findQueue(topic, queueId)
    if (!queue) return 0
    return timestampMs < 0 ? queue.maxOffset : this.#store.offsetByTime(queue, timestampMs, 'lower')
  }
}
