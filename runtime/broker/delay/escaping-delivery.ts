import { Property } from '../../codec/message/properties.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import { type DelayLevels, SCHEDULE_TOPIC } from '../../store/delay-levels.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { EscapedMessage } from '../acting/escape-bridge.ts'
import type { DelayOffsets } from './delay-offsets.ts'
import { dueMs, readDelayed } from './delayed-message.ts'

export interface EscapingDeliveryParts {
  readonly store: Pick<MessageStore, 'findQueue' | 'read'>
  /** Rejects when no master has taken the message. */
  readonly put: (message: EscapedMessage) => Promise<void>
  readonly offsets: DelayOffsets
  readonly levels: DelayLevels
  readonly clock: Clock
  readonly logger: Logger
  /** Whether this broker acts as master, and nobody else is about to take over. */
  readonly isActing: () => boolean
}

/** After a message that no master took. */
const RETRY_AFTER_MS = 1000

/**
 * What an acting master does with delayed messages whose time has come: it may not write into its own log, which is a copy
 * of the absent master's, so they go to another master. One after the other in each level: the next one leaves when the one
 * before was taken, and one that nobody takes holds up its level, since a level's progress is a single offset.
 */
export class EscapingDelivery {
  readonly #parts: EscapingDeliveryParts
  readonly #units = new QueueUnits(1)
  /** By level: a message is under way. */
  readonly #isBusy: boolean[] = []
  /** By level: nothing is due before this. */
  readonly #nextMs: number[] = []
  #problem = ''

  constructor(parts: EscapingDeliveryParts) {
    this.#parts = parts
  }

  /** Called now and then. */
  tick(): void {
    if (!this.#parts.isActing()) {
      this.#nextMs.length = 0
      return
    }
    for (let level = 1; level <= this.#parts.levels.maxLevel; level++) this.#deliverNext(level)
  }

  #deliverNext(level: number): void {
    const { store, offsets, levels, clock, logger } = this.#parts
    const nowMs = clock.now()
    if (this.#isBusy[level] || (this.#nextMs[level] ?? 0) > nowMs) return
    const queue = store.findQueue(SCHEDULE_TOPIC, level - 1)
    if (queue === undefined) return
    const offset = Math.min(Math.max(offsets.get(level), queue.minOffset), queue.maxOffset)
    if (queue.readUnits(offset, 1, this.#units) === 0) return
    const due = dueMs(levels, level, this.#units.tagsCodes[0]!, nowMs)
    if (due > nowMs) {
      this.#nextMs[level] = due
      return
    }
    const message = this.#read(this.#units.phyOffsets[0]!, this.#units.sizes[0]!)
    if (message !== undefined) this.#put(level, offset, message)
    else {
      logger.error({ level, offset, queue: SCHEDULE_TOPIC }, 'delayed message cannot be delivered, passed over')
      offsets.set(level, offset + 1)
    }
  }

  #read(phyOffset: number, sizeBytes: number): EscapedMessage | undefined {
    // Of its own: it is sent later.
    const draft = new MessageDraft()
    const delayed = readDelayed(this.#parts.store, phyOffset, sizeBytes, draft)
    if (delayed === undefined) return undefined
    const { topic, message } = delayed
    const { properties, reconsumeTimes } = message
    // It would be delayed again where it goes.
    for (const name of [Property.delay, Property.timerDeliverMs, Property.timerDelaySec]) properties.delete(name)
    const { flag, sysFlag, bornTimestampMs, body } = draft
    return { topic, properties, reconsumeTimes, flag, sysFlag, bornTimestampMs, body: Buffer.from(body.bytes) }
  }

  #put(level: number, offset: number, message: EscapedMessage): void {
    this.#isBusy[level] = true
    const { put, offsets, clock, logger } = this.#parts
    put(message).then(
      () => {
        this.#isBusy[level] = false
        this.#problem = ''
        // Unless the offsets were replaced meanwhile by those of the master that is back.
        if (offsets.get(level) <= offset) offsets.set(level, offset + 1)
        if (this.#parts.isActing()) this.#deliverNext(level)
      },
      (error: unknown) => {
        this.#isBusy[level] = false
        this.#nextMs[level] = clock.now() + RETRY_AFTER_MS
        const problem = String(error)
        if (problem === this.#problem) return
        this.#problem = problem
        logger.warn({ level, topic: message.topic, problem }, 'delayed message not passed on, trying again')
      },
    )
  }
}
