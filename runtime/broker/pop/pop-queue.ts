import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'

/** One queue as one group pops it. */
export class PopQueue {
  readonly topic: string
  readonly queueId: number
  /** Kept for as long as the store has it. */
  queue: ConsumeQueue | undefined
  /** Where the next pop begins while check points of earlier ones are not in the log for good; -1 without such. */
  next = -1
  /** Check points that are not in the log for good. */
  pending = 0
  /** Where the last of them ends. */
  pendingEnd = 0
  /** Grows when the position is set by somebody else: what is pending from before says nothing any more. */
  epoch = 0

  constructor(topic: string, queueId: number) {
    this.topic = topic
    this.queueId = queueId
  }

  /** The position was set, or what was known of it is no longer so. */
  forget(): void {
    this.next = -1
    this.pending = 0
    this.epoch++
  }
}
