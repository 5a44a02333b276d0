import type { TimerSlots } from '../../store/timer/timer-slots.ts'
import type { TimerUnit } from '../../store/timer/timer-unit.ts'
import { SlotReader, type SlotReaderParts } from './slot-reader.ts'

/** A slot is read this long before its time comes. */
const AHEAD_MS = 1_000
/** Slots without messages that are gone through one by one. */
const EMPTY_AT_ONCE = 4_096

/** What there is to do: messages are `due`; there is `more` to read, at once; or nothing for now. */
export type WalkState = 'due' | 'more' | 'idle'

/** Goes through the wheel slot by slot. */
export class SlotWalk {
  readonly #slots: TimerSlots
  #slot: SlotReader
  /** Of the slot that comes next. */
  #ahead: SlotReader
  #readMs: number

  constructor(parts: SlotReaderParts, readMs: number) {
    this.#slots = parts.slots
    this.#slot = new SlotReader(parts)
    this.#ahead = new SlotReader(parts)
    this.#readMs = readMs
  }

  /** The slot that is delivered, or comes next: those before it are over. */
  get readMs(): number {
    return this.#readMs
  }

  get slot(): SlotReader {
    return this.#slot
  }

  /** When the next message is due, as far as that is known; infinite while none of the present slot is left. */
  get nextDueMs(): number {
    return this.#slot.isRead ? this.#slot.open.firstDueMs : Number.POSITIVE_INFINITY
  }

  /**
   * When {@link step} has something to do that cannot be done yet, if that is before `untilMs`, in ms; infinite otherwise, and
   * while a slot that is over is not left, for that waits for something else than the time.
   */
  nextBefore(untilMs: number, nowMs: number): number {
    const { nextDueMs } = this
    const precisionMs = this.#precisionMs
    if (nextDueMs < untilMs) return nextDueMs
    if (this.#readMs + precisionMs <= nowMs) return Number.POSITIVE_INFINITY
    let slotMs = this.#readMs > nowMs ? this.#readMs : this.#readMs + precisionMs
    for (; slotMs < untilMs; slotMs += precisionMs) {
      const dueMs = this.#firstDueIn(slotMs)
      if (dueMs < untilMs) return dueMs
    }
    return Number.POSITIVE_INFINITY
  }

  /** Of a slot that is not read all that is known is when it begins. */
  #firstDueIn(slotMs: number): number {
    if (this.#ahead.slotMs === slotMs && this.#ahead.isRead) return this.#ahead.open.firstDueMs
    return this.#slots.wheel.find(slotMs) ? slotMs : Number.POSITIVE_INFINITY
  }

  /** A unit was placed: it may belong to a slot that has been read. */
  placed(unit: TimerUnit): void {
    if (unit.slotMs === this.#slot.slotMs) this.#slot.take(unit)
    else if (unit.slotMs === this.#ahead.slotMs) this.#ahead.take(unit)
  }

  /** Forgets what it has read, to read it again. */
  close(): void {
    this.#slot.close()
    this.#ahead.close()
  }

  /** At the end: what was delivered of the slot is noted, for it is read again. @throws the operating system's error */
  markDelivered(): void {
    const { slot } = this
    if (Number.isNaN(slot.slotMs) || !slot.isRead || slot.taken === 0) return
    const left = new Set<number>()
    const due = { phyOffset: 0, sizeBytes: 0, magic: 0, writeMs: 0, dueMs: 0 }
    while (slot.open.count > 0) {
      slot.open.take(due)
      left.add(due.phyOffset)
    }
    this.#slots.markDelivered(slot.slotMs, ({ phyOffset }) => !left.has(phyOffset))
  }

  moveTo(readMs: number): void {
    this.close()
    this.#readMs = readMs
  }

  /** Goes on to the next message that is due. `isHeld`: messages of the present slot are still under way. */
  step(nowMs: number, isHeld = false): WalkState {
    for (let i = 0; i < EMPTY_AT_ONCE; i++) {
      if (this.#readMs > nowMs) return 'idle'
      if (Number.isNaN(this.#slot.slotMs)) this.#slot.begin(this.#readMs)
      if (!this.#slot.isRead && !this.#slot.read()) return 'more'
      if (this.#slot.open.firstDueMs <= nowMs) return 'due'
      if (nowMs < this.#readMs + this.#precisionMs) return this.#readAhead(nowMs)
      if (isHeld) return 'idle'
      this.#next()
    }
    this.#skipEmpty(nowMs)
    return 'more'
  }

  get #precisionMs(): number {
    return this.#slots.wheel.precisionMs
  }

  #readAhead(nowMs: number): WalkState {
    const nextMs = this.#readMs + this.#precisionMs
    if (nowMs < nextMs - AHEAD_MS) return 'idle'
    if (this.#ahead.slotMs !== nextMs) this.#ahead.begin(nextMs)
    return this.#ahead.isRead || this.#ahead.read() ? 'idle' : 'more'
  }

  #next(): void {
    this.#slot.close()
    this.#readMs += this.#precisionMs
    if (this.#ahead.slotMs !== this.#readMs) return
    const done = this.#slot
    this.#slot = this.#ahead
    this.#ahead = done
  }

  /** To the next slot that has messages, or to the present. */
  #skipEmpty(nowMs: number): void {
    const next = this.#slots.wheel.firstFrom(this.#readMs)
    const present = Math.floor(nowMs / this.#precisionMs) * this.#precisionMs
    this.#readMs = Math.max(this.#readMs, Math.min(next, present))
  }
}
