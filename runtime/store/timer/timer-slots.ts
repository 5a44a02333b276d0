import { TimerLog, type TimerLogOptions } from './timer-log.ts'
import { deletes, TimerUnit, UnitMagic } from './timer-unit.ts'
import { TimerWheel, type WheelOptions } from './timer-wheel.ts'

export interface TimerSlotsOptions {
  readonly log: TimerLogOptions
  readonly wheel: WheelOptions
}

/** Where the wheel's file stands in relation to the timer log. */
export interface SlotsBasis {
  /** The wheel holds all units below; those behind it are placed again. */
  readonly logPosition: number
  /** Slots before it were delivered: their units do not matter. */
  readonly readMs: number
}

/**
 * Timer log and wheel together: which messages are due when. Units have ascending positions in the commit log, so that the
 * newest can be taken back when the messages they stand for are.
 */
export class TimerSlots {
  readonly wheel: TimerWheel
  readonly log: TimerLog
  readonly #unit = new TimerUnit()

  constructor(options: TimerSlotsOptions, wheelFrom = options.wheel.path) {
    this.wheel = new TimerWheel(options.wheel, wheelFrom)
    this.log = new TimerLog(options.log)
  }

  /** After opening: brings the wheel up to the timer log. */
  recover({ logPosition, readMs }: SlotsBasis): void {
    const { log } = this
    const before = log.before(logPosition)
    const isKnown = logPosition <= log.start || (before >= 0 && log.hasUnit(before))
    const from = isKnown ? Math.max(logPosition, log.start) : log.start
    log.recover(from, (position, unit) => this.#replay(position, unit, readMs))
  }

  #replay(position: number, unit: TimerUnit, readMs: number): void {
    const { wheel } = this
    const { slotMs } = unit
    if (slotMs < readMs || wheel.isTakenByLater(slotMs)) return
    if (wheel.find(slotMs) && wheel.slot.lastPos >= position) return
    this.#link(slotMs, position, unit.weight)
  }

  /** Places what `unit` says; `previous` is filled in. Returns its position. @throws the operating system's error */
  place(unit: TimerUnit): number {
    this.wheel.find(unit.slotMs)
    unit.previous = this.wheel.slot.lastPos
    const position = this.log.append(unit)
    // Appending may have written, but found no other slot.
    this.#link(unit.slotMs, position, unit.weight)
    return position
  }

  #link(slotMs: number, position: number, weight: number): void {
    const { slot } = this.wheel
    if (slot.lastPos < 0) slot.firstPos = position
    slot.lastPos = position
    slot.count += weight
    this.wheel.put(slotMs)
  }

  /**
   * Takes back the units of messages at or behind `phyOffset`. Returns whether there were any. Durable when it returns: first
   * the wheel without them, then the end of the log.
   */
  takeBackFrom(phyOffset: number): boolean {
    const { log, wheel } = this
    const unit = this.#unit
    let cut = -1
    for (let position = log.before(log.end); position >= 0; position = log.before(position)) {
      if (!log.read(position, unit) || unit.phyOffset < phyOffset) break
      cut = position
      if (!wheel.find(unit.slotMs) || wheel.slot.lastPos !== position) continue
      const { slot } = wheel
      slot.lastPos = unit.previous
      if (unit.previous < 0) slot.firstPos = -1
      slot.count -= unit.weight
      wheel.put(unit.slotMs)
    }
    if (cut < 0) return false
    log.write()
    log.syncNow()
    wheel.write(wheel.takeDirty(Number.POSITIVE_INFINITY))
    wheel.syncNow()
    log.cutTo(cut)
    return true
  }

  /**
   * Makes messages of a slot that were delivered look like such that delete others, and name none: neither engine delivers them
   * again. For a stop in the middle of a slot. @throws the operating system's error
   */
  markDelivered(slotMs: number, isDelivered: (unit: TimerUnit) => boolean): void {
    const { log, wheel } = this
    const unit = this.#unit
    if (!wheel.find(slotMs)) return
    for (let position = wheel.slot.lastPos; position >= 0 && log.read(position, unit); position = unit.previous) {
      if (!deletes(unit.magic) && isDelivered(unit)) log.remark(position, UnitMagic.plain | UnitMagic.delete)
    }
  }

  /** The newest unit; false without one. */
  last(unit: TimerUnit): boolean {
    const position = this.log.before(this.log.end)
    return position >= 0 && this.log.read(position, unit)
  }

  /** Nothing is placed any more. Durable when it returns. */
  clear(): void {
    this.wheel.clear()
    this.log.clear()
  }

  close(): void {
    this.log.close()
    this.wheel.close()
  }
}
