import { hashCodeOfUtf8 } from '../../codec/message/properties.ts'
import type { Logger } from '../../observe/logger.ts'
import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { TimerStore } from '../../store/timer/timer-store.ts'
import { TimerUnit, UnitMagic } from '../../store/timer/timer-unit.ts'
import { TIMER_TOPIC } from '../topics/topic-name.ts'
import { TIMER_QUEUE } from './timer-entrance.ts'
import { readTimerMessage, type TimerMessage } from './timer-message.ts'
import { TimerRecord } from './timer-record.ts'
import { type Placement, placeFor } from './timer-time.ts'

export interface TimerIntakeParts {
  readonly store: Pick<MessageStore, 'findQueue' | 'read'>
  readonly files: TimerStore
  /** timerRollWindowSlot times timerPrecisionMs */
  readonly windowMs: () => number
  readonly logger: Logger
}

/** A message whose slot is over. */
export interface LateMessage {
  readonly phyOffset: number
  readonly sizeBytes: number
  /** It was to be rolled on. */
  readonly isRolled: boolean
}

/** Who is told what became of the messages. */
export interface IntakeListener {
  /** Slots before it are over. */
  readonly readMs: number
  /** Of messages below this offset of the queue, those with a slot before `doneMs` were delivered earlier. */
  readonly doneOffset: number
  readonly doneMs: number
  placed(unit: TimerUnit, topic: string): void
  /** The slot is over. False when it cannot be delivered now: it is read again later. */
  late(message: TimerMessage, draft: MessageDraft, where: LateMessage): boolean
}

/** Messages read in one go; others get their turn then. */
const MESSAGES_AT_ONCE = 256
/** Apache's broker rolls messages on by the time at which it placed them. */
const ROLL_MARGIN_MS = 60_000

/** Reads the timer topic and places its messages in the wheel. */
export class TimerIntake {
  readonly #parts: TimerIntakeParts
  readonly #units = new QueueUnits(MESSAGES_AT_ONCE)
  readonly #draft = new MessageDraft()
  readonly #unit = new TimerUnit()
  readonly #record = new TimerRecord()
  readonly #place: Placement = { slotMs: 0, isRolled: false }
  #queue: ConsumeQueue | undefined

  constructor(parts: TimerIntakeParts) {
    this.#parts = parts
  }

  get queue(): ConsumeQueue | undefined {
    if (this.#queue === undefined || this.#queue.isRemoved) {
      this.#queue = this.#parts.store.findQueue(TIMER_TOPIC, TIMER_QUEUE)
    }
    return this.#queue
  }

  /** Messages that are not placed yet. */
  get behind(): number {
    return Math.max(0, (this.queue?.maxOffset ?? 0) - this.#parts.files.queueOffset)
  }

  /**
   * Places what is new, up to `endOffset` of the queue. True when there is more. @throws the operating system's error when the
   * timer log cannot be written; what was placed stays so
   */
  step(nowMs: number, endOffset: number, listener: IntakeListener): boolean {
    const { queue } = this
    if (queue === undefined) return false
    const { files } = this.#parts
    const from = Math.min(Math.max(files.queueOffset, queue.minOffset), queue.maxOffset)
    files.queueOffset = from
    const count = queue.readUnits(from, Math.min(MESSAGES_AT_ONCE, endOffset - from), this.#units)
    let taken = 0
    while (taken < count && this.#take(from + taken, taken, nowMs, listener)) taken++
    files.queueOffset = from + taken
    files.slots.log.write()
    return taken === MESSAGES_AT_ONCE
  }

  /** False for one that has to wait. */
  #take(queueOffset: number, at: number, nowMs: number, listener: IntakeListener): boolean {
    const { store, files, windowMs, logger } = this.#parts
    const phyOffset = this.#units.phyOffsets[at]!
    const sizeBytes = this.#units.sizes[at]!
    const record = this.#record
    if (!record.load(store, phyOffset, sizeBytes)) {
      logger.error({ queueOffset, queue: TIMER_TOPIC }, 'timer message cannot be delivered, passed over')
      return true
    }
    const { precisionMs } = files.slots.wheel
    // By the time at which it was stored, so that every replica has it in the same slot whenever it gets to it.
    const storedMs = floor(record.view.storeTimestampMs, precisionMs)
    const place = this.#place
    placeFor(floor(record.slotMs, precisionMs), storedMs, windowMs(), precisionMs, place)
    const doneMs = listener.doneMs - (place.isRolled ? ROLL_MARGIN_MS : 0)
    if (queueOffset < listener.doneOffset && place.slotMs < doneMs) return true
    if (place.slotMs < listener.readMs) return this.#late(phyOffset, sizeBytes, place.isRolled, listener)
    const unit = this.#unit
    unit.magic = UnitMagic.plain | (place.isRolled ? UnitMagic.roll : 0)
    if (record.ranges.hasTimerDelete) unit.magic |= UnitMagic.delete
    unit.writeMs = floor(nowMs, precisionMs)
    unit.delayMs = place.slotMs - unit.writeMs
    unit.phyOffset = phyOffset
    unit.sizeBytes = sizeBytes
    unit.topicHash = hashCodeOfUtf8(record.bytes, record.ranges.realTopicStart, record.ranges.realTopicLength)
    files.slots.place(unit)
    listener.placed(unit, record.topic)
    return true
  }

  #late(phyOffset: number, sizeBytes: number, isRolled: boolean, listener: IntakeListener): boolean {
    const message = readTimerMessage(this.#parts.store, phyOffset, sizeBytes, this.#draft)
    return message === undefined || listener.late(message, this.#draft, { phyOffset, sizeBytes, isRolled })
  }
}

function floor(timeMs: number, precisionMs: number): number {
  return Math.floor(timeMs / precisionMs) * precisionMs
}
