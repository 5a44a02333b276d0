import { viewOf } from '../../codec/bytes.ts'
import { decodeProperties, Property, PropertyRanges, scanProperties } from '../../codec/message/properties.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { Logger } from '../../observe/logger.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { TimerSlots } from '../../store/timer/timer-slots.ts'
import { deletes, rolls, TimerUnit } from '../../store/timer/timer-unit.ts'
import { type DueMessage, OpenSlot } from './open-slot.ts'
import { dueMsOf } from './timer-time.ts'

export interface SlotReaderParts {
  readonly store: Pick<MessageStore, 'read'>
  readonly slots: TimerSlots
  readonly logger: Logger
  /** A message was found that deletes another one of a topic. */
  readonly onDeletion: (topic: string) => void
}

/** Units read in one go; others get their turn then. */
const UNITS_AT_ONCE = 512

/** Gathers the messages of one slot: its chain is followed from the newest to the oldest. */
export class SlotReader {
  readonly open = new OpenSlot()
  /** Unique keys, as deleting messages name them, of messages that are not to be delivered. */
  readonly deleted = new Set<string>()
  readonly #parts: SlotReaderParts
  readonly #unit = new TimerUnit()
  readonly #record = new RecordView()
  readonly #ranges = new PropertyRanges()
  readonly #due: DueMessage = { phyOffset: 0, sizeBytes: 0, magic: 0, writeMs: 0, dueMs: 0 }
  /** Messages that were gathered. */
  #gathered = 0
  #slotMs = Number.NaN
  #cursor = -1

  constructor(parts: SlotReaderParts) {
    this.#parts = parts
  }

  /** The slot that is read; NaN when none is. */
  get slotMs(): number {
    return this.#slotMs
  }

  get isRead(): boolean {
    return this.#cursor < 0
  }

  /** Messages of the slot that are gone from {@link open}. */
  get taken(): number {
    return this.#gathered - this.open.count
  }

  begin(slotMs: number): void {
    this.close()
    const { wheel } = this.#parts.slots
    this.#slotMs = slotMs
    this.#cursor = wheel.find(slotMs) ? wheel.slot.lastPos : -1
  }

  close(): void {
    this.open.clear()
    this.deleted.clear()
    this.#gathered = 0
    this.#slotMs = Number.NaN
    this.#cursor = -1
  }

  /** Reads on. False when there is more. */
  read(): boolean {
    const { slots, logger } = this.#parts
    const unit = this.#unit
    for (let i = 0; i < UNITS_AT_ONCE && this.#cursor >= 0; i++) {
      const position = this.#cursor
      if (!slots.log.read(position, unit)) {
        logger.error({ position, slotMs: this.#slotMs }, 'timer log ends within a slot: its older messages are lost')
        this.#cursor = -1
        return true
      }
      this.#cursor = unit.previous < position ? unit.previous : -1
      this.take(unit)
    }
    return this.#cursor < 0
  }

  /** A unit of the slot that is being read, or was placed in it meanwhile. */
  take(unit: TimerUnit): void {
    const { store, logger, slots } = this.#parts
    const { phyOffset, sizeBytes } = unit
    const stored = store.read(phyOffset, sizeBytes)
    const record = this.#record
    const isThere =
      stored !== undefined && record.parse(viewOf(stored.bytes), stored.start, sizeBytes) === RecordState.ok
    if (!isThere || record.phyOffset !== phyOffset) {
      logger.error({ phyOffset, slotMs: this.#slotMs }, 'the message of a timer is gone')
      return
    }
    if (deletes(unit.magic)) {
      this.#noteDeletion(stored.bytes)
      return
    }
    scanProperties(stored.bytes, record.propertiesStart, record.propertiesLength, this.#ranges)
    const due = this.#due
    due.phyOffset = phyOffset
    due.sizeBytes = sizeBytes
    due.magic = unit.magic
    due.writeMs = unit.writeMs
    const { precisionMs } = slots.wheel
    if (rolls(unit.magic)) due.dueMs = this.#slotMs + precisionMs
    else due.dueMs = dueMsOf(stored.bytes, this.#ranges, record.storeTimestampMs, this.#slotMs, precisionMs)
    this.open.add(due)
    this.#gathered++
  }

  #noteDeletion(bytes: Uint8Array): void {
    const { propertiesStart, propertiesLength } = this.#record
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + propertiesStart, propertiesLength).toString()
    const properties = decodeProperties(text)
    const key = properties.get(Property.timerDeleteUniqueKey)
    if (key === undefined) return
    this.deleted.add(key)
    this.#parts.onDeletion(properties.get(Property.realTopic) ?? '')
  }
}
