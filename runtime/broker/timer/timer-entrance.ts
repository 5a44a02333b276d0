import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Random } from '../../io/random.ts'
import type { MessageDraft } from '../../store/message-draft.ts'
import type { SendLog } from '../send/send-log.ts'
import type { SendTarget } from '../send/send-target.ts'
import { TIMER_TOPIC } from '../topics/topic-name.ts'
import { deliverMsOf, slotMsOf } from './timer-time.ts'

export interface TimerEntranceParts {
  readonly log: Pick<SendLog, 'queue'>
  /** timerPrecisionMs */
  readonly precisionMs: number
  readonly maxDelaySec: () => number
  /** timerCongestNumEachSlot */
  readonly congestedFrom: () => number
  /** Messages that wait for a slot. */
  readonly waitingIn: (slotMs: number) => number
  readonly random: Random
  readonly wallClock: () => number
}

const TOPIC_BYTES = Buffer.from(TIMER_TOPIC)
export const TIMER_QUEUE = 0

/** The way of messages with a time of delivery into the timer topic; rules and remarks as in Apache RocketMQ's `HookUtils`. */
export class TimerEntrance {
  readonly #parts: TimerEntranceParts
  #extra = Buffer.alloc(0)
  #slotMs = 0

  constructor(parts: TimerEntranceParts) {
    this.#parts = parts
  }

  /** The slot of the message that was diverted last. */
  get lastSlotMs(): number {
    return this.#slotMs
  }

  /**
   * Aims the scanned draft, meant for `queueId` of `target`, at the timer topic. False when its time has come already.
   * @throws RequestError when it asks for too much, or too many wait for the same slot
   */
  divert(draft: MessageDraft, target: SendTarget, queueId: number, extra: Buffer | undefined): boolean {
    const slotMs = this.#slotOf(draft)
    if (slotMs === undefined) return false
    this.#refuseCongested(slotMs)
    this.#slotMs = slotMs
    draft.topicBytes = TOPIC_BYTES
    draft.queueId = TIMER_QUEUE
    draft.queue = this.#parts.log.queue(TIMER_TOPIC, TIMER_QUEUE)
    draft.extraProperties = this.#extraOf(target.delayExtra(queueId, extra), slotMs)
    return true
  }

  /** Whether it may be stored, for a message that is diverted later. @throws RequestError */
  check(draft: MessageDraft): void {
    this.#slotOf(draft)
  }

  /** Undefined when the time has come. @throws RequestError */
  #slotOf({ properties, ranges }: MessageDraft): number | undefined {
    const { wallClock, maxDelaySec, precisionMs } = this.#parts
    const nowMs = wallClock()
    const deliverMs = deliverMsOf(properties.bytes, ranges, nowMs)
    if (!Number.isSafeInteger(deliverMs)) throw this.#illegal()
    if (deliverMs > nowMs) {
      if (deliverMs - nowMs > maxDelaySec() * 1000) throw this.#illegal()
      return slotMsOf(deliverMs, precisionMs)
    }
    // It comes too late to delete anything.
    if (ranges.hasTimerDelete) throw this.#illegal()
    return undefined
  }

  /** @throws RequestError: more and more often from the limit to its double, always from there. */
  #refuseCongested(slotMs: number): void {
    const { congestedFrom, waitingIn, random } = this.#parts
    const limit = congestedFrom()
    const waiting = waitingIn(slotMs)
    if (waiting <= limit) return
    const isSpared = waiting < limit * 2 && random.below(1000) <= (1000 * (limit * 2 - waiting)) / (limit + 0.1)
    if (isSpared) return
    throw new RequestError(
      ResponseCode.SYSTEM_ERROR,
      `timer message is under flow control, max num limit is ${limit * 2} or the current value is greater than ${limit} ` +
        `and less than ${limit * 2}, trigger random flow control`,
    )
  }

  #illegal(): RequestError {
    return new RequestError(
      ResponseCode.MESSAGE_ILLEGAL,
      'timer message illegal, the delay time should not be bigger than the max delay ' +
        `${this.#parts.maxDelaySec() * 1000}ms; or if set del msg, the delay time should be bigger than the current time`,
    )
  }

  #extraOf(fixed: Buffer, slotMs: number): Buffer {
    const out = `TIMER_OUT_MS\x01${slotMs}\x02`
    const length = fixed.length + out.length
    // Nearly every message finds one of the length it needs.
    if (this.#extra.length !== length) this.#extra = Buffer.allocUnsafeSlow(length)
    this.#extra.set(fixed, 0)
    this.#extra.write(out, fixed.length, 'latin1')
    return this.#extra
  }
}
