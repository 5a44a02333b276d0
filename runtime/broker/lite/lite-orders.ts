import { Commit, OrderInfo } from '../pop/order-info.ts'

/** One lite topic's queue as one group consumes it. */
export interface LitePlace {
  readonly group: string
  readonly queue: string
}

interface Held extends LitePlace {
  info: OrderInfo
  /** When the queue gives messages again, if nobody acknowledges what is under way. */
  freeMs: number
}

const BUCKET_MS = 100

function keyOf({ group, queue }: LitePlace): string {
  return `${queue}@${group}`
}

/**
 * What groups have under way of lite topics: each is consumed in order, and gives nothing more before that is acknowledged or its
 * time is over. In memory alone, as in Apache RocketMQ (MemoryConsumerOrderInfoManager): what a broker forgets is popped again.
 */
export class LiteOrders {
  readonly #held = new Map<string, Held>()
  /** Keys by when they may be free, in units of {@link BUCKET_MS}. */
  readonly #buckets = new Map<number, Set<string>>()
  #sweptBucket: number
  /** Since when nothing was forgotten. */
  #sinceMs: number

  constructor(nowMs: number) {
    this.#sinceMs = nowMs
    this.#sweptBucket = Math.floor(nowMs / BUCKET_MS)
  }

  get count(): number {
    return this.#held.size
  }

  /** Until when the queue gives nothing; 0 when it gives. */
  blockedUntil(place: LitePlace, attemptId: string | undefined, invisibleMs: number, nowMs: number): number {
    return this.#held.get(keyOf(place))?.info.blockedUntil(attemptId, invisibleMs, nowMs) ?? 0
  }

  /** Notes a pop. Returns what the answer says of each message: `0`, or `0 qo0%<offset> <how often it was popped before>`. */
  popped(
    { group, queue }: LitePlace,
    attemptId: string | undefined,
    popTime: number,
    invisibleMs: number,
    offsets: readonly number[],
    nowMs: number,
  ): string {
    const key = keyOf({ group, queue })
    const consumed = this.#held.get(key)?.info.consumedBefore(attemptId, offsets)
    const info = new OrderInfo({
      ...{ attemptId, popTime, invisibleMs, offsets: [...offsets], lastPopMs: nowMs },
      consumed: consumed ?? new Map(),
    })
    const held: Held = { group, queue, info, freeMs: 0 }
    this.#held.set(key, held)
    this.#noteFree(key, held)
    let text = ''
    for (const offset of offsets) {
      const times = consumed?.get(offset) ?? 0
      text += `${text === '' ? '' : ';'}${times === 0 ? '0' : `0 qo0%${offset} ${times}`}`
    }
    return text
  }

  /** An ack, `position` being the group's. Returns where that goes, or one of {@link Commit}. */
  commit(place: LitePlace, offset: number, popTime: number, position: number): number {
    const key = keyOf(place)
    const held = this.#held.get(key)
    if (held === undefined) {
      // What was popped before this broker forgot: the position moves on over the next message alone.
      return popTime < this.#sinceMs && offset === position ? offset + 1 : Commit.nothing
    }
    const next = held.info.commit(offset, popTime)
    if (next >= 0 && held.info.isDone) this.#held.delete(key)
    else if (next >= 0) this.#noteFree(key, held)
    return next
  }

  /** A message that was popped at `popTime` may come again at another time than was said. */
  setNextVisible(place: LitePlace, offset: number, popTime: number, visibleMs: number): void {
    const held = this.#of(place, popTime)
    if (held === undefined || !held.info.offsets.includes(offset)) return
    held.info.nextVisible.set(offset, visibleMs)
    this.#noteFree(keyOf(place), held)
  }

  /** All that was popped at `popTime` comes again then, and that does not count as a time. */
  suspend(place: LitePlace, popTime: number, untilMs: number): void {
    const held = this.#of(place, popTime)
    if (held === undefined) return
    held.info.suspend(untilMs)
    this.#noteFree(keyOf(place), held)
  }

  clear(place: LitePlace): void {
    this.#held.delete(keyOf(place))
  }

  clearAll(nowMs: number): void {
    this.#held.clear()
    this.#buckets.clear()
    this.#sinceMs = nowMs
  }

  /** Calls `visit` for places that give messages again since the last call, for nobody has acknowledged what was under way. */
  sweep(nowMs: number, visit: (place: LitePlace) => void): void {
    const last = Math.floor(nowMs / BUCKET_MS) - 1
    const from = this.#sweptBucket + 1
    this.#sweptBucket = last
    // After a jump of the clock there are fewer buckets than numbers of such.
    const isFar = last - from > this.#buckets.size
    const due = isFar ? [...this.#buckets.keys()].filter((bucket) => bucket <= last) : undefined
    for (const bucket of due ?? []) this.#visit(bucket, visit)
    for (let bucket = from; due === undefined && bucket <= last; bucket++) this.#visit(bucket, visit)
  }

  #visit(bucket: number, visit: (place: LitePlace) => void): void {
    const keys = this.#buckets.get(bucket)
    if (keys === undefined) return
    this.#buckets.delete(bucket)
    for (const key of keys) {
      const held = this.#held.get(key)
      if (held !== undefined && Math.floor(held.freeMs / BUCKET_MS) === bucket) visit(held)
    }
  }

  /** Drops what nobody has popped again though it could for so long. */
  expire(nowMs: number, afterMs: number): void {
    for (const [key, { freeMs }] of this.#held) if (nowMs - freeMs > afterMs) this.#held.delete(key)
  }

  #of(place: LitePlace, popTime: number): Held | undefined {
    const held = this.#held.get(keyOf(place))
    return held?.info.popTime === popTime ? held : undefined
  }

  #noteFree(key: string, held: Held): void {
    held.freeMs = held.info.lastVisibleMs
    const bucket = Math.max(Math.floor(held.freeMs / BUCKET_MS), this.#sweptBucket + 1)
    if (bucket * BUCKET_MS > held.freeMs) held.freeMs = bucket * BUCKET_MS
    const keys = this.#buckets.get(bucket)
    if (keys === undefined) this.#buckets.set(bucket, new Set([key]))
    else keys.add(key)
  }
}
