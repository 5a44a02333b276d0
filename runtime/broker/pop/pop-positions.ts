import type { MessageStore } from '../../store/message-store.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { PopQueue } from './pop-queue.ts'

/** A position that counts once the log has, for good, what comes before `end`. */
interface Pending {
  readonly group: string
  readonly queue: PopQueue
  readonly epoch: number
  readonly next: number
  readonly end: number
}

export interface PopPositionParts {
  readonly store: Pick<MessageStore, 'writtenOffset' | 'dispatchedOffset'>
  readonly offsets: Pick<ConsumerOffsets, 'commit' | 'query'>
}

/**
 * How far groups have popped. A group's offset, from which its next pop would go on after a kill or a change of masters, moves
 * on only when the check point of what was popped is in the log and shown: what has none is popped again, never lost.
 */
export class PopPositions {
  readonly #parts: PopPositionParts
  #pending: Pending[] = []
  /** Of `#pending`, how many are done. */
  #done = 0

  constructor(parts: PopPositionParts) {
    this.#parts = parts
  }

  /** Where the group goes on; -1 if it has never been here. */
  of(group: string, { topic, queueId, next }: Pick<PopQueue, 'topic' | 'queueId' | 'next'>): number {
    return Math.max(this.#parts.offsets.query(group, topic, queueId), next)
  }

  /** Messages before `next` were popped; their check point ends at `end`. */
  popped(group: string, queue: PopQueue, next: number, end: number): void {
    queue.next = next
    queue.pending++
    queue.pendingEnd = end
    this.#pending.push({ group, queue, epoch: queue.epoch, next, end })
  }

  /** Messages before `next` are none for the group: there is no check point to wait for, but there may be earlier ones. */
  passed(group: string, queue: PopQueue, next: number): void {
    if (queue.pending > 0) this.popped(group, queue, next, queue.pendingEnd)
    else this.#parts.offsets.commit(group, queue.topic, queue.queueId, next)
  }

  /** Somebody has set the position. */
  set(group: string, queue: PopQueue, offset: number): void {
    queue.forget()
    this.#parts.offsets.commit(group, queue.topic, queue.queueId, offset)
  }

  /** After the batch was written, or was not: what was lost with it is popped again. */
  committed(isWritten: boolean): void {
    if (this.#pending.length === 0) return
    if (!isWritten) this.#dropLost()
    this.settle()
  }

  /** Moves the offsets on as far as the log is shown. */
  settle(): void {
    const { store, offsets } = this.#parts
    const shown = store.dispatchedOffset
    const pending = this.#pending
    while (this.#done < pending.length && pending[this.#done]!.end <= shown) {
      const { group, queue, epoch, next } = pending[this.#done++]!
      if (epoch !== queue.epoch) continue
      offsets.commit(group, queue.topic, queue.queueId, next)
      if (--queue.pending === 0) queue.next = -1
    }
    if (this.#done === pending.length) {
      this.#pending = []
      this.#done = 0
    } else if (this.#done > 1024) {
      this.#pending = pending.slice(this.#done)
      this.#done = 0
    }
  }

  /** The role has changed. */
  clear(): void {
    for (const { queue } of this.#pending) queue.forget()
    this.#pending = []
    this.#done = 0
  }

  #dropLost(): void {
    const written = this.#parts.store.writtenOffset
    const isLost = ({ end }: Pending): boolean => end > written
    for (const lost of this.#pending.filter(isLost)) if (lost.epoch === lost.queue.epoch) lost.queue.forget()
    // Of a queue of which something was lost the earlier ones count, too: the queue goes back to what is committed.
    this.#pending = this.#pending.slice(this.#done).filter(({ epoch, queue }) => epoch === queue.epoch)
    this.#done = 0
  }
}
