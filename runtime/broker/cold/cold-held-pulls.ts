import type { PullTask } from '../pull/pull-task.ts'

/** How long a pull of cold data is held (ColdDataPullRequestHoldService). */
const HELD_MS = 3_000
/** Pulls held at once. */
const HELD_MAX = 10_000

/** Pulls that wait because their group has read too much cold data: in the order in which they came, all for the same time. */
export class ColdHeldPulls {
  readonly #serve: (task: PullTask) => void
  #first: PullTask | undefined
  #last: PullTask | undefined
  #count = 0

  /** `serve` answers a pull; it is not held again. */
  constructor(serve: (task: PullTask) => void) {
    this.#serve = serve
  }

  get isFull(): boolean {
    return this.#count >= HELD_MAX
  }

  hold(task: PullTask, nowMs: number): void {
    task.deadlineMs = nowMs + HELD_MS
    task.next = undefined
    if (this.#last === undefined) this.#first = task
    else this.#last.next = task
    this.#last = task
    this.#count++
  }

  /** Answers those that have waited long enough. */
  release(nowMs: number): void {
    for (let task = this.#first; task !== undefined && task.deadlineMs <= nowMs; task = this.#first) {
      this.#first = task.next
      if (this.#first === undefined) this.#last = undefined
      task.next = undefined
      this.#count--
      if (task.channel?.isOpen) this.#serve(task)
      else task.clear()
    }
  }

  releaseAll(): void {
    this.release(Number.POSITIVE_INFINITY)
  }
}
