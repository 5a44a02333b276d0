import type { MessageStore } from '../../store/message-store.ts'
import { ReviveQueue, type ReviveQueueParts } from './revive-queue.ts'

export interface ReviveParts extends ReviveQueueParts {
  readonly store: ReviveQueueParts['store'] & Pick<MessageStore, 'writtenOffset' | 'dispatchedOffset'>
  /** Up to when all timers have been delivered. */
  readonly deliveredMs: () => number
}

/**
 * Lets messages come again that were popped and not acknowledged in time. Done by masters alone; all that is needed stands in
 * the revive topic and in the consumer offsets.
 */
export class Revive {
  readonly #parts: ReviveParts
  readonly #queues: readonly ReviveQueue[]
  /** Everything that was to come up to then has come into the queues, and is shown. */
  #settledMs = 0
  /** What is to be shown before that goes on. */
  #next: { readonly ms: number; readonly end: number } | undefined

  constructor(parts: ReviveParts, queues: number) {
    this.#parts = parts
    this.#queues = Array.from({ length: queues }, (_, queueId) => new ReviveQueue(parts, queueId))
  }

  /** This broker became master, or is none any more. */
  reset(): void {
    for (const queue of this.#queues) queue.reset()
    this.#settledMs = 0
    this.#next = undefined
  }

  /** Called often while this broker is master. True when more can be done at once: call again soon. */
  tick(): boolean {
    this.#settle()
    let hasMore = false
    for (const queue of this.#queues) if (queue.step(this.#settledMs)) hasMore = true
    return hasMore
  }

  #settle(): void {
    const { store, deliveredMs } = this.#parts
    this.#next ??= { ms: deliveredMs(), end: store.writtenOffset }
    if (store.dispatchedOffset < this.#next.end) return
    this.#settledMs = this.#next.ms
    this.#next = undefined
  }
}
