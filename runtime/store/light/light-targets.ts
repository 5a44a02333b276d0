import type { ConsumeQueue } from '../consume-queue/consume-queue.ts'

/** The light queues that one message goes into, and its offset in each. Filled again for every message. */
export class LightTargets {
  count = 0
  readonly queues: ConsumeQueue[] = []
  readonly offsets: number[] = []

  add(queue: ConsumeQueue, offset: number): void {
    this.queues[this.count] = queue
    this.offsets[this.count] = offset
    this.count++
  }

  /** Forgets all; queues that were deleted meanwhile are not kept in memory by it. */
  clear(): void {
    if (this.count === 0) return
    this.count = 0
    this.queues.length = 0
    this.offsets.length = 0
  }
}
