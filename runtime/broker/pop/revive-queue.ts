import { RequestError } from '../../codec/remoting/request-error.ts'
import type { Logger } from '../../observe/logger.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import { ACK_TAG, BATCH_ACK_TAG, readAck } from './ack-message.ts'
import { CHECK_POINT_TAG, type CheckPoint, checkPointKey, readCheckPoint } from './check-point.ts'
import type { InflightCount } from './inflight-count.ts'
import { normalTopic, REVIVE_GROUP } from './pop-names.ts'
import type { RetryMessages } from './retry-messages.ts'
import type { ReviveLog } from './revive-log.ts'
import { ReviveRecord } from './revive-record.ts'

export interface ReviveQueueParts {
  readonly store: Pick<MessageStore, 'findQueue' | 'read' | 'writtenOffset' | 'dispatchedOffset'>
  readonly offsets: Pick<ConsumerOffsets, 'query' | 'commit'>
  readonly retries: RetryMessages
  readonly reviveLog: ReviveLog
  readonly inflight: InflightCount
  readonly brokerName: string
  /** Whether topic and group are still there. */
  readonly isWanted: (topic: string, group: string) => boolean
  /** Commits what is staged; what could not be written is gone. */
  readonly commit: () => void
  readonly logger: Logger
}

interface OpenPoint {
  readonly point: CheckPoint
  readonly reviveOffset: number
  readonly reviveMs: number
  readonly acked: Set<number>
}

/** Messages of the queue read in one step. */
const READ_AT_ONCE = 512
/** Check points gone through in one batch. */
const POINTS_AT_ONCE = 256
/** Acks come with the time of their check point: what comes so much later is of later ones. */
const AFTER_MS = 2_000
/** Check points between their coming and their time, at most; beyond, their messages come again before all acks were looked at. */
const OPEN_MAX = 400_000
/** How long a check point is put back whose message cannot be read here: longer from time to time. */
const PUT_BACK_SECONDS = [10, 20, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200]

/**
 * One queue of the revive topic. Check points come into it a second before the time of their messages, acks with it. When the
 * time of a check point is over and all acks have come, those of its messages that are not acknowledged go to the retry topic.
 */
export class ReviveQueue {
  readonly #parts: ReviveQueueParts
  readonly #queueId: number
  readonly #units = new QueueUnits(READ_AT_ONCE)
  readonly #record = new ReviveRecord()
  /** By key, in the order of the queue. */
  readonly #open = new Map<string, OpenPoint>()
  #readOffset = -1
  /** The latest time for which a message of the queue was meant. */
  #latestMs = 0
  /** Offsets of the group that count once the log shows what comes before `end`. */
  #pending: { readonly offset: number; readonly end: number }[] = []
  #committed = -1

  constructor(parts: ReviveQueueParts, queueId: number) {
    this.#parts = parts
    this.#queueId = queueId
  }

  get openPoints(): number {
    return this.#open.size
  }

  /** What is known counts no more: the role has changed, or a batch was lost. */
  reset(): void {
    this.#open.clear()
    this.#pending = []
    this.#readOffset = -1
    this.#latestMs = 0
    this.#committed = -1
  }

  /** `settledMs`: everything that was to come up to then has come. True when more can be done at once. */
  step(settledMs: number): boolean {
    this.#settle()
    const isReadOut = this.#read()
    const hasMore = this.#revive(isReadOut ? settledMs : 0)
    return hasMore || !isReadOut
  }

  #settle(): void {
    const { store, offsets, reviveLog } = this.#parts
    const shown = store.dispatchedOffset
    let done = 0
    while (done < this.#pending.length && this.#pending[done]!.end <= shown) done++
    if (done === 0) return
    this.#committed = this.#pending[done - 1]!.offset
    offsets.commit(REVIVE_GROUP, reviveLog.topic, this.#queueId, this.#committed)
    this.#pending.splice(0, done)
  }

  /** Reads on. True when there is nothing more to be read. */
  #read(): boolean {
    const { store, offsets, reviveLog } = this.#parts
    const queue = store.findQueue(reviveLog.topic, this.#queueId)
    if (queue === undefined) return true
    if (this.#readOffset < 0) {
      this.#committed = offsets.query(REVIVE_GROUP, reviveLog.topic, this.#queueId)
      this.#readOffset = Math.min(this.#committed + 1, queue.maxOffset)
    }
    if (this.#readOffset < queue.minOffset) this.#readOffset = queue.minOffset
    if (this.#readOffset >= queue.maxOffset) return true
    if (this.#open.size >= OPEN_MAX) return false
    const count = queue.readUnits(this.#readOffset, READ_AT_ONCE, this.#units)
    for (let i = 0; i < count; i++) {
      const stored = store.read(this.#units.phyOffsets[i]!, this.#units.sizes[i]!)
      if (stored !== undefined && this.#record.load(stored)) this.#take(this.#readOffset + i)
    }
    this.#readOffset += count
    return count === 0 || this.#readOffset >= queue.maxOffset
  }

  #take(reviveOffset: number): void {
    const { tag, body, deliverMs } = this.#record
    this.#latestMs = Math.max(this.#latestMs, deliverMs)
    if (tag === CHECK_POINT_TAG) {
      const point = readCheckPoint(body)
      if (point === undefined) return
      const { topic, group, queueId, startOffset, popTime, invisibleMs, brokerName } = point
      const key = checkPointKey(topic, group, queueId, startOffset, popTime, brokerName || this.#parts.brokerName)
      // Stored twice, by a broker that was killed in between, it counts once.
      if (this.#open.has(key)) return
      this.#open.set(key, { point, reviveOffset, reviveMs: popTime + invisibleMs, acked: new Set() })
    } else if (tag === ACK_TAG || tag === BATCH_ACK_TAG) {
      const ack = readAck(body)
      if (ack === undefined) return
      const { topic, group, queueId, startOffset, popTime, brokerName, offsets } = ack
      const key = checkPointKey(topic, group, queueId, startOffset, popTime, brokerName || this.#parts.brokerName)
      const open = this.#open.get(key)
      for (const offset of offsets) open?.acked.add(offset)
    }
  }

  /** Goes through the check points whose time is over. True when there are more of them. */
  #revive(settledMs: number): boolean {
    const { commit, store, logger } = this.#parts
    let end = 0
    let count = 0
    let last = -1
    const isFull = this.#open.size >= OPEN_MAX
    try {
      for (const [key, open] of this.#open) {
        const { reviveMs } = open
        if (reviveMs > settledMs && this.#latestMs - reviveMs <= AFTER_MS && !isFull) break
        if (count === POINTS_AT_ONCE) break
        end = Math.max(end, this.#reviveOne(open))
        last = open.reviveOffset
        this.#open.delete(key)
        count++
      }
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      logger.warn({ reason: error.message }, 'popped messages cannot come again now, trying again')
      commit()
      this.reset()
      return false
    }
    return this.#finish(count, end, last, store.writtenOffset)
  }

  #finish(count: number, end: number, last: number, writtenBefore: number): boolean {
    const { commit, store } = this.#parts
    if (end > writtenBefore) commit()
    // The role may have changed with the commit.
    if (this.#readOffset < 0) return false
    if (end > store.writtenOffset) {
      this.reset()
      return false
    }
    const offset = this.#open.size === 0 ? this.#readOffset - 1 : last
    if (offset > this.#lastOffset) this.#pending.push({ offset, end: Math.max(end, this.#pending.at(-1)?.end ?? 0) })
    this.#settle()
    return count === POINTS_AT_ONCE
  }

  get #lastOffset(): number {
    return this.#pending.at(-1)?.offset ?? this.#committed
  }

  /** Returns where what it wrote ends, 0 if it wrote nothing. @throws RequestError */
  #reviveOne({ point, acked }: OpenPoint): number {
    const { retries, inflight, brokerName, isWanted } = this.#parts
    const { topic, group, queueId, startOffset, popTime, diffs } = point
    const isForeign = point.brokerName !== '' && point.brokerName !== brokerName
    if (acked.size >= diffs.length && diffs.every((diff) => acked.has(startOffset + diff))) return 0
    if (!isWanted(normalTopic(topic, group), group)) return 0
    let end = 0
    for (const diff of diffs) {
      const offset = startOffset + diff
      if (acked.has(offset)) continue
      end = Math.max(end, isForeign ? this.#putBack(point, offset) : retries.put(point, offset))
      inflight.remove(topic, group, queueId, popTime, 1)
    }
    return end
  }

  /** A message of another broker of this group's, whose check point escaped to here, is there again when that broker is. */
  #putBack(point: CheckPoint, offset: number): number {
    const { reviveLog } = this.#parts
    const seconds = PUT_BACK_SECONDS[Math.min(point.putBackTimes, PUT_BACK_SECONDS.length - 1)]!
    const again = {
      ...{ ...point, startOffset: offset, diffs: [0] },
      ...{ invisibleMs: point.invisibleMs + seconds * 1000, putBackTimes: point.putBackTimes + 1 },
    }
    return reviveLog.putCheckPoint(again, this.#queueId)
  }
}
