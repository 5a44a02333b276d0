import { integerOfAscii, type PropertyRanges, TimerKind } from '../../codec/message/properties.ts'
import { WHEEL_SLOTS } from '../../store/timer/timer-wheel.ts'

/** When the scanned message asks to be delivered, in ms; NaN when that is no whole number. */
export function deliverMsOf(bytes: Uint8Array, ranges: PropertyRanges, nowMs: number): number {
  const value = integerOfAscii(bytes, ranges.timerStart, ranges.timerLength)
  if (ranges.timerKind === TimerKind.deliverMs) return value
  return nowMs + (ranges.timerKind === TimerKind.delaySec ? value * 1000 : value)
}

/** The slot of a time of delivery, as in Java's `HookUtils`: the last one that begins before it. */
export function slotMsOf(deliverMs: number, precisionMs: number): number {
  return (Math.ceil(deliverMs / precisionMs) - 1) * precisionMs
}

/**
 * When a message of a slot is due, to the millisecond. Of one that was rolled on the time of its delay's beginning is no longer
 * known: it is due at the end of its slot, as all are with Apache's broker.
 */
export function dueMsOf(
  bytes: Uint8Array,
  ranges: PropertyRanges,
  storeTimestampMs: number,
  slotMs: number,
  precisionMs: number,
): number {
  const wanted = deliverMsOf(bytes, ranges, storeTimestampMs)
  if (!(wanted < slotMs + precisionMs)) return slotMs + precisionMs
  return Math.max(wanted, slotMs)
}

/** The wheel's last slots are left free, as in `TimerMessageStore`. */
export const BLANK_SLOTS = 60

/** How far ahead messages are placed; what is due later is rolled on. `slots`: timerRollWindowSlot. */
export function windowMsOf(slots: number, precisionMs: number): number {
  const most = WHEEL_SLOTS - BLANK_SLOTS
  return (slots < 2 || slots > most ? most : slots) * precisionMs
}

/** Where a message waits: in the slot of its time, or nearer, to be rolled on from there. */
export interface Placement {
  slotMs: number
  isRolled: boolean
}

/** As `TimerMessageStore.doEnqueue`: what is beyond the window is rolled on at its end, or half way when little would be left. */
export function placeFor(slotMs: number, fromMs: number, windowMs: number, precisionMs: number, into: Placement): void {
  const beyondMs = slotMs - fromMs - windowMs
  into.isRolled = beyondMs >= 0
  into.slotMs = slotMs
  if (!into.isRolled) return
  const slots = windowMs / precisionMs
  const isNear = beyondMs < Math.trunc(slots / 3) * precisionMs
  into.slotMs = fromMs + (isNear ? Math.trunc(slots / 2) * precisionMs : windowMs)
}
