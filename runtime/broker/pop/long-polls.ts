import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'

/** A request that waits. */
export interface Poll<T> {
  readonly channel: { readonly isOpen: boolean } | undefined
  /** Wall clock. */
  readonly deadlineMs: number
  next: T | undefined
  clear(): void
}

/** What they wait for. */
export interface PollSubject {
  readonly topic: string
  readonly group: string
  /** Where the group's retries of the topic come. */
  readonly retryTopics: readonly string[]
}

export interface LongPollLimits {
  /** maxPopPollingSize: polls in all. */
  readonly maxPopPollingSize: number
  /** popPollingSize: polls per group, topic and queue. */
  readonly popPollingSize: number
  /** popPollingMapSize */
  readonly popPollingMapSize: number
  readonly popPollingMapExpireTimeSeconds: number
}

interface PollList<T> {
  readonly key: string
  readonly subject: PollSubject
  readonly queueId: number
  first: T | undefined
  last: T | undefined
  count: number
  /** Messages that came since it was looked at. */
  arrived: number
  /** When an ordered queue becomes free. */
  freeMs: number
  /** None of them has waited long enough before. */
  dueMs: number
  usedMs: number
}

export interface LongPollOptions<T> {
  readonly limits: () => LongPollLimits
  /**
   * Looks again whether there is something for the poll. False: it goes on waiting. True: it was answered.
   * @param isOver its time is over: it is answered in any case
   */
  readonly serve: (poll: T, isOver: boolean) => boolean
  /** Whether a poll takes what is there away, so that the next one may find nothing. */
  readonly takesMessages: boolean
}

/**
 * Requests that wait for messages of a topic, each group's in one line per queue it asked for (or for any queue). A message
 * wakes the first in the line; sweeping finds those whose time is over. No timer per request.
 */
export class LongPolls<T extends Poll<T>> {
  readonly #options: LongPollOptions<T>
  readonly #lists = new Map<string, PollList<T>>()
  /** By topic, also the retry topics. */
  readonly #byTopic = new Map<string, Set<PollList<T>>>()
  #woken: PollList<T>[] = []
  #count = 0

  constructor(options: LongPollOptions<T>) {
    this.#options = options
  }

  get count(): number {
    return this.#count
  }

  /** How many of a group wait for a queue (-1: for any). */
  countOf(topic: string, group: string, queueId: number): number {
    return this.#lists.get(keyOf(topic, group, queueId))?.count ?? 0
  }

  /** False when too many wait. */
  hold(poll: T, subject: PollSubject, queueId: number, nowMs: number): boolean {
    const { maxPopPollingSize, popPollingSize, popPollingMapSize } = this.#options.limits()
    const key = keyOf(subject.topic, subject.group, queueId)
    const known = this.#lists.get(key)
    const isFull = known === undefined ? this.#lists.size >= popPollingMapSize : known.count > popPollingSize
    if (isFull || this.#count >= maxPopPollingSize) return false
    const list = known ?? this.#add({ ...EMPTY_LIST, key, subject, queueId } as PollList<T>)
    list.usedMs = nowMs
    this.#append(list, poll)
    this.#count++
    return true
  }

  /** A message was staged for the queue; {@link wake} follows once it is written. */
  touch(queue: ConsumeQueue): void {
    if (this.#count === 0) return
    const lists = this.#byTopic.get(queue.topic)
    if (lists === undefined) return
    for (const list of lists) {
      const isIts = list.queueId < 0 || list.queueId === queue.queueId || queue.topic !== list.subject.topic
      if (isIts) this.#wakeLater(list)
    }
  }

  /** There may be something for a group, though no message came. */
  touchGroup({ topic, group }: Pick<PollSubject, 'topic' | 'group'>, queueId: number): void {
    if (this.#count === 0) return
    for (const id of queueId < 0 ? [-1] : [-1, queueId]) {
      const list = this.#lists.get(keyOf(topic, group, id))
      if (list !== undefined) this.#wakeLater(list)
    }
  }

  /** An ordered queue of the group will be free then. */
  touchGroupAt(subject: Pick<PollSubject, 'topic' | 'group'>, queueId: number, freeMs: number): void {
    for (const id of [-1, queueId]) {
      const list = this.#lists.get(keyOf(subject.topic, subject.group, id))
      if (list !== undefined) list.freeMs = Math.min(list.freeMs, freeMs)
    }
  }

  /** Looks again for those for whom something may have come. True when there were any. */
  wake(): boolean {
    if (this.#woken.length === 0) return false
    const woken = this.#woken
    this.#woken = []
    for (const list of woken) {
      const { arrived } = list
      list.arrived = 0
      this.#serveFirst(list, this.#options.takesMessages ? list.count : arrived)
    }
    return true
  }

  /** Answers what has waited long enough, and drops what nobody waits for any more. */
  sweep(nowMs: number): void {
    const expireMs = this.#options.limits().popPollingMapExpireTimeSeconds * 1000
    for (const list of this.#lists.values()) {
      if (list.count > 0 && list.dueMs <= nowMs) this.#sweepList(list, nowMs)
      else if (list.count === 0 && nowMs - list.usedMs > expireMs) this.#remove(list)
      if (list.freeMs > nowMs) continue
      list.freeMs = Number.POSITIVE_INFINITY
      this.#wakeLater(list)
    }
  }

  /** All that wait, taken out of their lines. */
  takeAll(): T[] {
    const all: T[] = []
    for (const list of this.#lists.values()) {
      for (let poll = list.first; poll !== undefined; poll = poll.next) all.push(poll)
      Object.assign(list, { first: undefined, last: undefined, count: 0, arrived: 0 })
    }
    this.#count = 0
    this.#woken = []
    return all
  }

  #serveFirst(list: PollList<T>, most: number): void {
    for (let served = 0; served < most; ) {
      const poll = this.#shift(list)
      if (poll === undefined) return
      if (poll.channel?.isOpen !== true) {
        poll.clear()
        continue
      }
      if (!this.#options.serve(poll, false)) {
        this.#unshift(list, poll)
        return
      }
      served++
    }
  }

  #sweepList(list: PollList<T>, nowMs: number): void {
    let poll = list.first
    list.first = undefined
    list.last = undefined
    list.dueMs = Number.POSITIVE_INFINITY
    this.#count -= list.count
    list.count = 0
    while (poll !== undefined) {
      const { next } = poll
      poll.next = undefined
      if (poll.channel?.isOpen !== true) poll.clear()
      else if (poll.deadlineMs <= nowMs) this.#options.serve(poll, true)
      else {
        this.#append(list, poll)
        this.#count++
      }
      poll = next
    }
  }

  #wakeLater(list: PollList<T>): void {
    if (list.count === 0) return
    if (list.arrived++ === 0) this.#woken.push(list)
  }

  #append(list: PollList<T>, poll: T): void {
    poll.next = undefined
    if (list.last === undefined) list.first = poll
    else list.last.next = poll
    list.last = poll
    list.dueMs = Math.min(list.dueMs, poll.deadlineMs)
    list.count++
  }

  #shift(list: PollList<T>): T | undefined {
    const poll = list.first
    if (poll === undefined) return undefined
    list.first = poll.next
    if (list.first === undefined) list.last = undefined
    poll.next = undefined
    list.count--
    this.#count--
    return poll
  }

  #unshift(list: PollList<T>, poll: T): void {
    poll.next = list.first
    list.first = poll
    list.last ??= poll
    list.count++
    this.#count++
  }

  #add(list: PollList<T>): PollList<T> {
    this.#lists.set(list.key, list)
    for (const topic of [list.subject.topic, ...list.subject.retryTopics]) {
      const lists = this.#byTopic.get(topic)
      if (lists === undefined) this.#byTopic.set(topic, new Set([list]))
      else lists.add(list)
    }
    return list
  }

  #remove(list: PollList<T>): void {
    this.#lists.delete(list.key)
    for (const topic of [list.subject.topic, ...list.subject.retryTopics]) {
      const lists = this.#byTopic.get(topic)
      lists?.delete(list)
      if (lists?.size === 0) this.#byTopic.delete(topic)
    }
  }
}

const EMPTY_LIST = {
  ...{ first: undefined, last: undefined, count: 0, arrived: 0, freeMs: Number.POSITIVE_INFINITY },
  ...{ dueMs: Number.POSITIVE_INFINITY, usedMs: 0 },
}

function keyOf(topic: string, group: string, queueId: number): string {
  return `${topic}@${group}@${queueId}`
}
