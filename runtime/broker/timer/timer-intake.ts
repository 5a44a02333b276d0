import { hashCodeOfUtf8, Property } from '../../codec/message/properties.ts'
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
import { type Placement, placeFor } from './timer-time.ts'

export interface TimerIntakeParts {
  readonly store: Pick<MessageStore, 'findQueue' | 'read'>
  readonly files: TimerStore
  /** timerRollWindowSlot times timerPrecisionMs */
  readonly windowMs: () => number
  readonly logger: Logger
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
  late(message: TimerMessage, draft: MessageDraft, phyOffset: number): boolean
}

/** Messages read in one go; others get their turn then. */
const MESSAGES_AT_ONCE = 256
/** A message was placed, to be rolled on, some time after it was stored. */
const ROLL_MARGIN_MS = 60_000

/** Reads the timer topic and places its messages in the wheel. */
export class TimerIntake {
  readonly #parts: TimerIntakeParts
  readonly #units = new QueueUnits(MESSAGES_AT_ONCE)
  readonly #draft = new MessageDraft()
  readonly #unit = new TimerUnit()
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
    const message = readTimerMessage(store, phyOffset, sizeBytes, this.#draft)
    if (message === undefined) {
      logger.error({ queueOffset, queue: TIMER_TOPIC }, 'timer message cannot be delivered, passed over')
      return true
    }
    const { precisionMs } = files.slots.wheel
    const writeMs = floor(nowMs, precisionMs)
    let place = placeFor(floor(message.slotMs, precisionMs), writeMs, windowMs(), precisionMs)
    if (queueOffset < listener.doneOffset) {
      const earlier = this.#placedEarlier(message, listener)
      if (earlier === undefined) return true
      place = earlier
    }
    if (place.slotMs < listener.readMs) return listener.late(message, this.#draft, phyOffset)
    this.#place(message, phyOffset, sizeBytes, place, writeMs, listener)
    return true
  }

  /** Where it was placed when it came; undefined when it has left from there. */
  #placedEarlier(message: TimerMessage, { doneMs, readMs }: IntakeListener): Placement | undefined {
    const { files, windowMs } = this.#parts
    const { precisionMs } = files.slots.wheel
    const slotMs = floor(message.slotMs, precisionMs)
    const place = placeFor(slotMs, floor(message.storedMs, precisionMs), windowMs(), precisionMs)
    if (place.slotMs < doneMs - (place.isRolled ? ROLL_MARGIN_MS : 0)) return undefined
    if (place.isRolled) place.slotMs = Math.max(place.slotMs, readMs)
    return place
  }

  #place(
    message: TimerMessage,
    phyOffset: number,
    sizeBytes: number,
    place: Placement,
    writeMs: number,
    listener: IntakeListener,
  ): void {
    const unit = this.#unit
    unit.magic = UnitMagic.plain | (place.isRolled ? UnitMagic.roll : 0)
    if (message.properties.has(Property.timerDeleteUniqueKey)) unit.magic |= UnitMagic.delete
    unit.writeMs = writeMs
    unit.delayMs = place.slotMs - writeMs
    unit.phyOffset = phyOffset
    unit.sizeBytes = sizeBytes
    const topic = Buffer.from(message.topic)
    unit.topicHash = hashCodeOfUtf8(topic, 0, topic.length)
    this.#parts.files.slots.place(unit)
    listener.placed(unit, message.topic)
  }
}

function floor(timeMs: number, precisionMs: number): number {
  return Math.floor(timeMs / precisionMs) * precisionMs
}
