import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import { TIMER_QUEUE } from '../timer/timer-entrance.ts'
import { TIMER_TOPIC } from '../topics/topic-name.ts'
import { CHECK_POINT_TAG, readCheckPoint } from './check-point.ts'
import { ReviveRecord } from './revive-record.ts'

export interface PopTakeoverParts {
  readonly store: Pick<MessageStore, 'findQueue' | 'read' | 'writtenOffset' | 'dispatchedOffset'>
  readonly offsets: Pick<ConsumerOffsets, 'query' | 'commit' | 'coveredEnd'>
  readonly reviveTopic: string
  readonly reviveQueues: number
  readonly wallClock: () => number
}

interface Source {
  readonly topic: string
  readonly queueId: number
  /** Units from here to `end` are to be looked at; NaN: the first is still sought. */
  next: number
  readonly end: number
}

const UNITS_AT_ONCE = 256
/** Check points gone through at most: what lies before them is popped again. */
const UNITS_MAX = 2_000_000
/** What the log has is shown by then, or nobody waits for it. */
const WAIT_MS = 3_000

/**
 * Before a broker that begins, or becomes master, lets anything be popped: offsets are saved and copied to slaves now and then,
 * so they may be behind what was popped. The check points of that are in the log, and the offsets go on behind them.
 */
export class PopTakeover {
  readonly #parts: PopTakeoverParts
  readonly #units = new QueueUnits(UNITS_AT_ONCE)
  readonly #record = new ReviveRecord()
  readonly #startedMs: number
  readonly #mark: number
  readonly #from: number
  #sources: Source[] | undefined
  #seen = 0

  constructor(parts: PopTakeoverParts) {
    this.#parts = parts
    this.#startedMs = parts.wallClock()
    this.#mark = parts.store.writtenOffset
    this.#from = parts.offsets.coveredEnd
  }

  /** Nothing to be done until the log is shown so far, or it is too late for that. */
  get isWaiting(): boolean {
    const { store, wallClock } = this.#parts
    return store.dispatchedOffset < this.#mark && Math.abs(wallClock() - this.#startedMs) < WAIT_MS
  }

  /** Goes on with it. True when it is done. */
  step(): boolean {
    if (Number.isNaN(this.#from) || this.#from >= this.#mark) return true
    if (this.isWaiting) return false
    this.#sources ??= this.#allSources()
    const source = this.#sources.at(-1)
    if (source === undefined) return true
    if (Number.isNaN(source.next)) this.#seekBack(source)
    else this.#readOn(source)
    if (source.next >= source.end || this.#seen > UNITS_MAX) this.#sources.pop()
    return this.#sources.length === 0
  }

  /** Where check points go: nearly all wait in the timer topic. */
  #allSources(): Source[] {
    const { store, reviveTopic, reviveQueues } = this.#parts
    const places = Array.from({ length: reviveQueues }, (_, queueId) => ({ topic: reviveTopic, queueId }))
    return [...places, { topic: TIMER_TOPIC, queueId: TIMER_QUEUE }].map((place) => {
      const end = store.findQueue(place.topic, place.queueId)?.maxOffset ?? 0
      return { ...place, next: Number.NaN, end }
    })
  }

  /** To the first unit behind the covered end, from the last one back. */
  #seekBack(source: Source): void {
    const queue = this.#parts.store.findQueue(source.topic, source.queueId)
    let first = source.end
    for (let seen = 0; queue !== undefined && first > queue.minOffset && seen < UNITS_MAX; ) {
      const from = Math.max(queue.minOffset, first - UNITS_AT_ONCE)
      const count = queue.readUnits(from, first - from, this.#units)
      if (count < first - from) break
      let at = count
      while (at > 0 && this.#units.phyOffsets[at - 1]! >= this.#from) at--
      first = from + at
      seen += count
      if (at > 0) break
    }
    source.next = first
  }

  #readOn(source: Source): void {
    const { store } = this.#parts
    const count = store.findQueue(source.topic, source.queueId)?.readUnits(source.next, UNITS_AT_ONCE, this.#units) ?? 0
    for (let i = 0; i < count; i++) {
      const stored = store.read(this.#units.phyOffsets[i]!, this.#units.sizes[i]!)
      if (stored !== undefined && this.#record.load(stored) && this.#record.tag === CHECK_POINT_TAG) this.#goBehind()
    }
    this.#seen += count
    source.next = count === 0 ? source.end : source.next + count
  }

  #goBehind(): void {
    const point = readCheckPoint(this.#record.body)
    if (point === undefined) return
    const { offsets } = this.#parts
    const { topic, group, queueId, startOffset, diffs } = point
    const next = startOffset + (diffs.at(-1) ?? -1) + 1
    if (next > offsets.query(group, topic, queueId)) offsets.commit(group, topic, queueId, next)
  }
}
