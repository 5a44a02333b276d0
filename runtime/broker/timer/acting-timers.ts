import { Property } from '../../codec/message/properties.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { rolls, type TimerUnit, UnitMagic } from '../../store/timer/timer-unit.ts'
import type { EscapedMessage } from '../acting/escape-bridge.ts'
import type { DoubtfulTimers } from './doubtful-timers.ts'
import type { DueMessage } from './open-slot.ts'
import type { WalkState } from './slot-walk.ts'
import type { IntakeListener } from './timer-intake.ts'
import { readTimerMessage, type TimerMessage } from './timer-message.ts'
import type { Timers } from './timers.ts'

export interface ActingTimersParts {
  readonly store: Pick<MessageStore, 'read'>
  readonly timers: Timers
  readonly doubts: DoubtfulTimers
  /** As messages that delete others name them. */
  readonly deletionKey: (message: TimerMessage) => string
  /** Rejects when no master has taken the message. */
  readonly put: (message: EscapedMessage) => Promise<void>
  readonly precisionMs: number
  /** Whether this broker acts as master, and nobody else is about to take over. */
  readonly isActing: () => boolean
  readonly clock: Clock
  readonly logger: Logger
}

/** Messages that are on their way to another master at a time. */
const UNDER_WAY_MAX = 32
/** After a message that no master took. */
const RETRY_AFTER_MS = 1_000
const STEPS_AT_ONCE = 256

/**
 * What an acting master does with messages whose time has come: it may not write into its own log, which is a copy of the
 * absent master's, so they go to another master. A slot is over when all of its messages were taken.
 */
export class ActingTimers {
  readonly #parts: ActingTimersParts
  readonly #due: DueMessage = { phyOffset: 0, sizeBytes: 0, magic: 0, writeMs: 0, dueMs: 0 }
  #isActing = false
  #underWay = 0
  /** Grows when acting begins or ends: what was under way before does not count. */
  #time = 0
  #retryMs = 0
  #problem = ''

  constructor(parts: ActingTimersParts) {
    this.#parts = parts
  }

  /** Whether it is this broker's turn to deliver. */
  get isActing(): boolean {
    return this.#isActing
  }

  /** Called often. */
  tick(): void {
    const { isActing, timers, clock } = this.#parts
    const nowMs = clock.now()
    if (isActing() !== this.#isActing) {
      this.#isActing = !this.#isActing
      this.#time++
      this.#underWay = 0
      if (this.#isActing) timers.reset(nowMs)
    }
    if (!this.#isActing) return
    timers.noteChanged()
    if (nowMs < this.#retryMs && nowMs >= this.#retryMs - RETRY_AFTER_MS) return
    for (let i = 0; i < STEPS_AT_ONCE && this.#underWay < UNDER_WAY_MAX; i++) {
      const state = this.#step(nowMs)
      if (state === 'due') this.#escape(nowMs)
      else if (state === 'idle') return
    }
  }

  #step(nowMs: number): WalkState {
    const { walk, intake, doneOffset, doneMs } = this.#parts.timers
    const state = walk.step(nowMs, this.#underWay > 0)
    if (state !== 'idle') return state
    const { readMs, slot } = walk
    const late: IntakeListener['late'] = ({ properties }, _draft, { phyOffset, sizeBytes, isRolled }) => {
      if (properties.has(Property.timerDeleteUniqueKey)) return true
      const magic = UnitMagic.plain | (isRolled ? UnitMagic.roll : 0)
      if (Number.isNaN(slot.slotMs)) return false
      slot.open.add({ phyOffset, sizeBytes, magic, writeMs: nowMs, dueMs: nowMs })
      return true
    }
    const listener = { readMs, doneOffset, doneMs, late, placed: (unit: TimerUnit) => walk.placed(unit) }
    const hasMore = intake.step(nowMs, Number.POSITIVE_INFINITY, listener)
    return hasMore || slot.open.firstDueMs <= nowMs ? 'more' : 'idle'
  }

  #escape(nowMs: number): void {
    const { timers, logger, doubts, deletionKey, store } = this.#parts
    const { slot } = timers.walk
    slot.open.take(this.#due)
    // Of its own: it is sent later.
    const draft = new MessageDraft()
    const { phyOffset, sizeBytes, magic } = this.#due
    const message = readTimerMessage(store, phyOffset, sizeBytes, draft)
    if (message === undefined) {
      logger.error({ phyOffset }, 'timer message cannot be delivered, passed over')
      return
    }
    const isDeleted = slot.deleted.size > 0 && slot.deleted.has(deletionKey(message))
    if (isDeleted || doubts.wasDelivered(message, phyOffset, rolls(magic), slot.slotMs)) return
    this.#put(this.#escaped(message, draft, nowMs), { ...this.#due })
  }

  #escaped(message: TimerMessage, draft: MessageDraft, nowMs: number): EscapedMessage {
    const { precisionMs } = this.#parts
    const { properties, topic } = message
    const { writeMs, magic } = this.#due
    properties.delete(Property.realTopic)
    properties.delete(Property.realQueueId)
    if (rolls(magic)) {
      // Its time has not come: it waits for it where it goes.
      for (const name of [Property.timerOutMs, Property.timerDelayMs, Property.timerDelaySec]) properties.delete(name)
      properties.set(Property.timerDeliverMs, String(message.slotMs + precisionMs))
    } else {
      properties.set(Property.timerEnqueueMs, String(writeMs))
      properties.set(Property.timerDequeueMs, String(nowMs))
    }
    const { flag, sysFlag, bornTimestampMs, reconsumeTimes, body } = draft
    return { topic, properties, reconsumeTimes, flag, sysFlag, bornTimestampMs, body: Buffer.from(body.bytes) }
  }

  #put(message: EscapedMessage, due: DueMessage): void {
    const { put, clock, timers, logger } = this.#parts
    const time = this.#time
    this.#underWay++
    put(message).then(
      () => {
        if (time !== this.#time) return
        this.#underWay--
        this.#problem = ''
        this.tick()
      },
      (error: unknown) => {
        if (time !== this.#time) return
        this.#underWay--
        timers.walk.slot.open.add(due)
        this.#retryMs = clock.now() + RETRY_AFTER_MS
        const problem = String(error)
        if (problem === this.#problem) return
        this.#problem = problem
        logger.warn({ topic: message.topic, problem }, 'timer message not passed on, trying again')
      },
    )
  }
}
