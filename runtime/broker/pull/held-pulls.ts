import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import type { PullTask } from './pull-task.ts'

/** Units looked at per step when the tags of new messages are compared. */
const SCAN_UNITS = 64
/** A held pull that has seen so many unwanted messages is answered, so that its consumer's offset moves on. */
const SCAN_UNITS_MAX = 4096

/** Whether the record there is one that the pull's filter lets pass. */
type WantsRecord = (task: PullTask, phyOffset: number, sizeBytes: number) => boolean

interface HeldQueue {
  readonly queue: ConsumeQueue
  first: PullTask | undefined
  isTouched: boolean
}

/**
 * Pulls that wait for messages, in a list per queue. A message wakes the pulls of its queue at the end of the turn in
 * which it was written; everything else (time-outs, connections that went away) is found by {@link sweep}, which one
 * coarse timer calls. No timer per request.
 */
export class HeldPulls {
  readonly #max: number
  readonly #serve: (task: PullTask) => void
  readonly #wants: WantsRecord
  /** By ConsumeQueue.id. */
  readonly #byQueue = new Map<number, HeldQueue>()
  #touched: HeldQueue[] = []
  #spare: HeldQueue[] = []
  readonly #units = new QueueUnits(SCAN_UNITS)
  #count = 0

  /** `serve` answers a pull whatever there is for it; `wants` is asked for pulls with a filter. */
  constructor(max: number, serve: (task: PullTask) => void, wants: WantsRecord) {
    this.#max = max
    this.#serve = serve
    this.#wants = wants
  }

  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#count >= this.#max
  }

  hold(task: PullTask, queue: ConsumeQueue, deadlineMs: number): void {
    let held = this.#byQueue.get(queue.id)
    if (held === undefined) {
      held = { queue, first: undefined, isTouched: false }
      this.#byQueue.set(queue.id, held)
    }
    task.queue = queue
    task.checkedOffset = Math.max(task.queueOffset, queue.maxOffset)
    task.deadlineMs = deadlineMs
    task.next = held.first
    held.first = task
    this.#count++
    // A message for it may be staged already in this very turn: it becomes visible at the turn's end, where we look again.
    this.#touch(held)
  }

  /** A message was staged for the queue; {@link wake} follows once it is written. */
  touch(queue: ConsumeQueue): void {
    if (this.#count === 0) return
    const held = this.#byQueue.get(queue.id)
    if (held !== undefined) this.#touch(held)
  }

  #touch(held: HeldQueue): void {
    if (held.isTouched) return
    held.isTouched = true
    this.#touched.push(held)
  }

  /** Answers the pulls of touched queues for which there is something now. */
  wake(): void {
    if (this.#touched.length === 0) return
    const touched = this.#touched
    this.#touched = this.#spare
    for (const held of touched) {
      held.isTouched = false
      this.#visit(held, Number.NEGATIVE_INFINITY)
    }
    touched.length = 0
    this.#spare = touched
  }

  /** Looks at all: also at queues that got messages in another way (from the master). */
  sweep(nowMs: number): void {
    for (const held of this.#byQueue.values()) this.#visit(held, nowMs)
  }

  /** Answers all, whatever there is: the broker stops or its role changes. */
  releaseAll(): void {
    for (const held of this.#byQueue.values()) this.#visit(held, Number.POSITIVE_INFINITY)
  }

  /** Answers the pulls of one group in a queue, whatever there is for them. */
  release(group: string, queue: ConsumeQueue): void {
    const held = this.#byQueue.get(queue.id)
    if (held !== undefined) this.#visit(held, Number.NEGATIVE_INFINITY, group)
  }

  /** Answers the pulls of a topic, whatever there is for them: its queues may lie elsewhere now. */
  releaseTopic(topic: string): void {
    for (const held of this.#byQueue.values()) {
      if (held.queue.topic === topic) this.#visit(held, Number.POSITIVE_INFINITY)
    }
  }

  #visit(held: HeldQueue, nowMs: number, group?: string): void {
    let task = held.first
    held.first = undefined
    let kept: PullTask | undefined
    while (task !== undefined) {
      const next = task.next
      if (!task.channel?.isOpen) {
        this.#count--
        task.clear()
      } else if (this.#isDue(task, held.queue, nowMs) || task.group === group) {
        this.#count--
        task.next = undefined
        this.#serve(task)
      } else {
        task.next = kept
        kept = task
      }
      task = next
    }
    // Serving may not hold the same pull again, so the list is only what was kept.
    held.first = kept
    // Visited once more after it was given up, it must not take its successor with it.
    if (kept === undefined && this.#byQueue.get(held.queue.id) === held) this.#byQueue.delete(held.queue.id)
  }

  #isDue(task: PullTask, queue: ConsumeQueue, nowMs: number): boolean {
    return queue.isRemoved || task.deadlineMs <= nowMs || this.#isWanted(task, queue)
  }

  /** Whether one of the messages not looked at yet is one the consumer wants. */
  #isWanted(task: PullTask, queue: ConsumeQueue): boolean {
    const end = queue.maxOffset
    if (end <= task.checkedOffset) return false
    const { accepts, filter } = task
    if (accepts === undefined && filter === undefined) return true
    // Whether a batch has a message for it is for the pull to find out.
    if (queue.isBatch) return true
    if (end - task.queueOffset > SCAN_UNITS_MAX) return true
    const units = this.#units
    while (task.checkedOffset < end) {
      const count = queue.readUnits(task.checkedOffset, SCAN_UNITS, units)
      if (count === 0) return true
      for (let i = 0; i < count; i++) {
        const tagsCode = units.tagsCodes[i]!
        if (accepts !== undefined && !Number.isNaN(tagsCode) && !accepts(tagsCode)) continue
        if (filter === undefined || this.#wants(task, units.phyOffsets[i]!, units.sizes[i]!)) return true
      }
      task.checkedOffset += count
    }
    return false
  }
}
