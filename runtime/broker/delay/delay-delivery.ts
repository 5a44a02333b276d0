import { RequestError } from '../../codec/remoting/request-error.ts'
import type { Logger } from '../../observe/logger.ts'
import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import { type DelayLevels, SCHEDULE_TOPIC } from '../../store/delay-levels.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { setProperties } from '../send/rewritten-properties.ts'
import type { SendTarget, SendTargets, SendTopics } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { topicConfig } from '../topics/topic-config.ts'
import type { DelayOffsets } from './delay-offsets.ts'
import { dueMs, readDelayed } from './delayed-message.ts'
import { DeliveredSteps } from './delivered-steps.ts'

export interface DelayDeliveryParts {
  readonly store: Pick<MessageStore, 'findQueue' | 'read' | 'writtenOffset' | 'confirmOffset'>
  readonly gate: StoreGate
  readonly topics: Pick<SendTopics, 'find'>
  readonly targets: SendTargets
  readonly offsets: DelayOffsets
  readonly levels: DelayLevels
  readonly logger: Logger
  /** Commits what is staged; what could not be written is gone. */
  readonly commit: () => void
}

/** Messages delivered per level and round; when more are due, another round follows in the next turn. */
const ROUND_MAX = 256
/** After a message that could not be delivered, as official brokers wait. */
const RETRY_AFTER_MS = 100

/**
 * Delivers delayed messages whose time has come: from the queue of their level in the schedule topic to the topic they
 * were sent to. In a level's queue messages are due in the order in which they stand there, so one deadline per level is
 * all there is to watch.
 */
export class DelayDelivery {
  readonly #parts: DelayDeliveryParts
  readonly #units = new QueueUnits(ROUND_MAX)
  readonly #draft = new MessageDraft()
  /** By level: nothing is due before this. */
  readonly #nextMs: Float64Array
  readonly #queues: (ConsumeQueue | undefined)[] = []
  readonly #unconfirmed: DeliveredSteps[]

  constructor(parts: DelayDeliveryParts) {
    this.#parts = parts
    this.#nextMs = new Float64Array(parts.levels.maxLevel + 1)
    this.#unconfirmed = Array.from(this.#nextMs, () => new DeliveredSteps())
  }

  /** Called by the broker's coarse timer while it is master. True when more is due at once: call again soon. */
  tick(nowMs: number): boolean {
    let hasMore = false
    for (let level = 1; level <= this.#parts.levels.maxLevel; level++) {
      this.#settle(level)
      // A level's queue that was empty may have got a message: its delay is the soonest it can be due.
      if (this.#nextMs[level]! > nowMs && !this.#hasJumpedBack(level, nowMs)) continue
      hasMore = this.#deliverLevel(level, nowMs) || hasMore
    }
    return hasMore
  }

  /** The broker became a slave's master, or the offsets were replaced: look at everything again. */
  reset(): void {
    this.#nextMs.fill(0)
    this.#queues.length = 0
    for (const level of this.#unconfirmed) level.clear()
  }

  /** The wall clock was set back: deadlines further away than the level's delay are wrong. */
  #hasJumpedBack(level: number, nowMs: number): boolean {
    return this.#nextMs[level]! > nowMs + this.#parts.levels.delayMs(level)
  }

  #deliverLevel(level: number, nowMs: number): boolean {
    const queue = this.#queue(level)
    if (queue === undefined) return false
    const from = this.#startIn(queue, level)
    const units = this.#units
    const count = queue.readUnits(from, ROUND_MAX, units)
    let delivered = 0
    let lastEnd = 0
    while (delivered < count && this.#dueMs(level, units.tagsCodes[delivered]!, nowMs) <= nowMs) {
      const end = this.#deliver(units.phyOffsets[delivered]!, units.sizes[delivered]!)
      if (end === undefined) {
        this.#nextMs[level] = nowMs + RETRY_AFTER_MS
        break
      }
      if (end > 0 && end <= lastEnd) {
        // The log went back: what this round had put into it so far could not be written.
        this.#parts.commit()
        this.#nextMs[level] = nowMs + RETRY_AFTER_MS
        delivered = 0
        break
      }
      lastEnd = Math.max(lastEnd, end)
      delivered++
    }
    if (delivered < count && this.#nextMs[level]! <= nowMs) {
      this.#nextMs[level] = this.#dueMs(level, units.tagsCodes[delivered]!, nowMs)
    }
    if (delivered > 0) this.#advance(level, from + delivered, lastEnd)
    // Tools read the level's progress as soon as messages wait in it.
    else if (count > 0 && this.#unconfirmed[level]!.isEmpty) this.#parts.offsets.set(level, from)
    return delivered === ROUND_MAX
  }

  /** Only what is in the log for good counts as delivered: written, and in controller mode confirmed. */
  #advance(level: number, offset: number, lastEnd: number): void {
    this.#parts.commit()
    if (this.#parts.store.writtenOffset < lastEnd) return
    this.#unconfirmed[level]!.add(offset, lastEnd)
    this.#settle(level)
  }

  #settle(level: number): void {
    const offset = this.#unconfirmed[level]!.take(this.#parts.store.confirmOffset)
    if (offset >= 0) this.#parts.offsets.set(level, offset)
  }

  #startIn(queue: ConsumeQueue, level: number): number {
    const { offsets, logger } = this.#parts
    const unconfirmed = this.#unconfirmed[level]!
    if (!unconfirmed.isEmpty) return unconfirmed.offset
    const offset = offsets.get(level)
    const within = Math.min(Math.max(offset, queue.minOffset), queue.maxOffset)
    if (within !== offset) {
      logger.warn({ level, offset, corrected: within }, 'delay offset outside the queue of its level, corrected')
      offsets.set(level, within)
    }
    return within
  }

  #dueMs(level: number, tagsCode: number, nowMs: number): number {
    return dueMs(this.#parts.levels, level, tagsCode, nowMs)
  }

  /** Returns where the new record ends, 0 for a message that is passed over; undefined when the log takes none now. */
  #deliver(phyOffset: number, sizeBytes: number): number | undefined {
    const { store, gate, logger } = this.#parts
    const draft = this.#draft
    const delayed = readDelayed(store, phyOffset, sizeBytes, draft)
    if (delayed === undefined) {
      logger.error({ phyOffset, queue: SCHEDULE_TOPIC }, 'delayed message cannot be delivered, passed over')
      return 0
    }
    const { message, topic, queueId } = delayed
    draft.storeHost = storeHostOf(message.msgId)
    setProperties(draft, message.properties)
    try {
      gate.putAsIs(draft, this.#target(topic), queueId, undefined)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      logger.warn({ topic, reason: error.message }, 'delayed message not delivered, trying again')
      return undefined
    }
    return gate.log.lastAppend.phyOffset + gate.log.lastAppend.sizeBytes
  }

  /** A topic that was deleted meanwhile still gets its message, as with official brokers. */
  #target(topic: string): SendTarget {
    const { topics, targets } = this.#parts
    return targets.of(topics.find(topic) ?? topicConfig(topic))
  }

  #queue(level: number): ConsumeQueue | undefined {
    const known = this.#queues[level]
    if (known !== undefined && !known.isRemoved) return known
    const queue = this.#parts.store.findQueue(SCHEDULE_TOPIC, level - 1)
    this.#queues[level] = queue
    return queue
  }
}

/** The broker that took the message stays its store host. */
function storeHostOf(msgId: string): Uint8Array {
  return Buffer.from(msgId, 'hex').subarray(0, -8)
}
