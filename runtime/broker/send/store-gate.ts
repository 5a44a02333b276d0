import { integerOfAscii, type PropertyRanges } from '../../codec/message/properties.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import type { DelayLevels } from '../../store/delay-levels.ts'
import { SCHEDULE_TOPIC } from '../../store/delay-levels.ts'
import { AppendStatus, type MessageDraft } from '../../store/message-draft.ts'
import type { TimerEntrance } from '../timer/timer-entrance.ts'
import { replaceDelay, withoutTimer } from './rewritten-properties.ts'
import type { SendLog } from './send-log.ts'
import type { SendTarget } from './send-target.ts'

const SCHEDULE_TOPIC_BYTES = Buffer.from(SCHEDULE_TOPIC)

/** The batch of the current turn. */
export interface TurnBatch {
  /** Makes sure that what was staged is committed at the end of this turn. */
  touch(): void
  /** Commits what was gathered so far: the store has no room for more in one batch. */
  commit(): void
  /** A message was staged for this queue. */
  staged(queue: ConsumeQueue): void
}

/** What {@link StoreGate.put} needs of the configuration. */
export interface StoreGateConfig {
  readonly maxMessageSize: number
  /** A master takes messages, a slave refuses them. */
  readonly isMaster: () => boolean
  /** What is under way gets its answer, nothing new is begun. */
  readonly isStopping: () => boolean
}

/**
 * The way of every message into the store: sends, retries and messages whose delay is over. Messages with a delay level
 * are diverted to the schedule topic.
 */
export class StoreGate {
  readonly #log: SendLog
  readonly #levels: DelayLevels
  readonly #config: StoreGateConfig
  readonly #batch: TurnBatch
  readonly #timers: TimerEntrance | undefined
  readonly #scheduleQueues: (ConsumeQueue | undefined)[] = []
  #timerSlotMs = Number.NaN

  /** Without `timers` messages with a time of delivery are refused. */
  constructor(log: SendLog, levels: DelayLevels, config: StoreGateConfig, batch: TurnBatch, timers?: TimerEntrance) {
    this.#log = log
    this.#levels = levels
    this.#config = config
    this.#batch = batch
    this.#timers = timers
  }

  /** The slot in which the message that {@link put} staged last waits for its time; NaN when it does not wait in one. */
  get timerSlotMs(): number {
    return this.#timerSlotMs
  }

  get log(): SendLog {
    return this.#log
  }

  get maxMessageSize(): number {
    return this.#config.maxMessageSize
  }

  /**
   * Stages the draft (scanned, everything filled in but topic and queue) for the target's queue.
   * @throws RequestError when the store takes no message, or not this one
   */
  put(draft: MessageDraft, target: SendTarget, queueId: number, extra: Buffer | undefined): void {
    const { ranges } = draft
    const level = ranges.delayStart < 0 ? 0 : levelOf(draft.properties.bytes, ranges)
    this.#timerSlotMs = Number.NaN
    if (level > 0) this.#divert(draft, target, queueId, level, extra)
    // One that has been through the timer keeps the properties that asked for it.
    else if (!ranges.hasTimer || ranges.timerOutStart >= 0) this.#aim(draft, target, queueId, extra)
    else this.#divertToTimer(draft, target, queueId, extra)
    this.#append(draft)
  }

  /** Whether {@link put} would take a message that asks for a time of delivery. @throws RequestError */
  checkTimer(draft: MessageDraft): void {
    if (this.#timers === undefined) throw noTimer()
    this.#timers.check(draft)
  }

  /** Whether the light queues that a message names can take it. @throws RequestError */
  checkLightQueues(draft: MessageDraft): void {
    const refusal = this.#log.lightRefusal(draft)
    if (refusal === undefined) return
    if (refusal.kind === 'names') throw new RequestError(ResponseCode.MESSAGE_ILLEGAL, refusal.reason)
    const remark = `[LMQ_CONSUME_QUEUE_NUM_EXCEEDED]${refusal.reason}: raise it, or delete light queues`
    throw new RequestError(ResponseCode.LMQ_QUOTA_EXCEEDED, remark)
  }

  #divertToTimer(draft: MessageDraft, target: SendTarget, queueId: number, extra: Buffer | undefined): void {
    if (this.#timers === undefined) throw noTimer()
    if (this.#timers.divert(draft, target, queueId, extra)) this.#timerSlotMs = this.#timers.lastSlotMs
    else this.#aim(draft, target, queueId, extra)
  }

  /** Like {@link put} for a message whose delay is over: it keeps the property that asked for it. */
  putAsIs(draft: MessageDraft, target: SendTarget, queueId: number, extra: Buffer | undefined): void {
    this.#aim(draft, target, queueId, extra)
    this.#append(draft)
  }

  /** Like {@link putAsIs} for what a message calls for that was taken before: a broker that stops takes it, too. */
  putToFollow(draft: MessageDraft, target: SendTarget, queueId: number): void {
    this.#aim(draft, target, queueId, undefined)
    this.#appendAlways(draft)
  }

  /** Runs `stage`; when that throws, nothing it put is kept. `sizeBytes`: of all its records, or more. */
  putTogether(count: number, sizeBytes: number, stage: () => void): void {
    if (!this.#log.beginGroup(count, sizeBytes)) {
      this.#batch.commit()
      this.#log.beginGroup(count, sizeBytes)
    }
    let isKept = false
    try {
      stage()
      isKept = true
    } finally {
      this.#log.endGroup(isKept)
    }
  }

  #aim(draft: MessageDraft, target: SendTarget, queueId: number, extra: Buffer | undefined): void {
    draft.topicBytes = target.topicBytes
    draft.queueId = queueId
    draft.queue = target.queue(queueId)
    draft.extraProperties = extra
  }

  #divert(draft: MessageDraft, target: SendTarget, queueId: number, level: number, extra: Buffer | undefined): void {
    // A delay level wins over the delays of version 5.
    if (draft.ranges.hasTimer) withoutTimer(draft)
    const known = Math.min(level, this.#levels.maxLevel)
    if (known !== level) replaceDelay(draft, known)
    draft.topicBytes = SCHEDULE_TOPIC_BYTES
    draft.queueId = known - 1
    draft.queue = this.#scheduleQueue(known - 1)
    draft.extraProperties = target.delayExtra(queueId, extra)
  }

  #append(draft: MessageDraft): void {
    if (this.#config.isStopping()) throw unavailable('this broker is being stopped')
    this.#appendAlways(draft)
  }

  #appendAlways(draft: MessageDraft): void {
    if (!this.#config.isMaster()) throw unavailable('this broker is a slave')
    let status = this.#log.append(draft)
    if (status === AppendStatus.batchFull) {
      this.#batch.commit()
      status = this.#log.append(draft)
    }
    if (status !== AppendStatus.ok) throw this.#refusal(status)
    this.#batch.touch()
    this.#batch.staged(draft.queue!)
    const { light } = this.#log.lastAppend
    for (let i = 0; i < light.count; i++) this.#batch.staged(light.queues[i]!)
  }

  #scheduleQueue(queueId: number): ConsumeQueue {
    const known = this.#scheduleQueues[queueId]
    if (known !== undefined && !known.isRemoved) return known
    const queue = this.#log.queue(SCHEDULE_TOPIC, queueId)
    this.#scheduleQueues[queueId] = queue
    return queue
  }

  #refusal(status: AppendStatus): RequestError {
    switch (status) {
      case AppendStatus.messageIllegal:
      case AppendStatus.propertiesSizeExceeded:
        return illegal(this.#config.maxMessageSize)
      case AppendStatus.serviceNotAvailable:
        return unavailable(this.#log.refusal ?? 'the message store has been shut down')
      case AppendStatus.createFileFailed:
        return new RequestError(ResponseCode.SYSTEM_ERROR, 'create mapped file failed, server is busy or broken.')
      default:
        return new RequestError(
          ResponseCode.SYSTEM_BUSY,
          '[PC_SYNCHRONIZED]broker busy, start flow control for a while',
        )
    }
  }
}

/** The level a DELAY property asks for; one that is no number counts as none. */
export function levelOf(bytes: Uint8Array, ranges: PropertyRanges): number {
  const level = integerOfAscii(bytes, ranges.delayStart, ranges.delayLength)
  return Number.isNaN(level) ? 0 : level
}

function illegal(maxMessageSize: number): RequestError {
  return new RequestError(
    ResponseCode.MESSAGE_ILLEGAL,
    'the message is illegal, maybe msg body or properties length not matched. ' +
      `msg body length limit ${maxMessageSize}B, msg properties length limit 32KB.`,
  )
}

function unavailable(why: string): RequestError {
  return new RequestError(
    ResponseCode.SERVICE_NOT_AVAILABLE,
    `service not available now. It may be caused by one of the following reasons: ${why}`,
  )
}

function noTimer(): RequestError {
  return new RequestError(ResponseCode.SYSTEM_ERROR, 'accurate timer message is not enabled, timerWheelEnable is false')
}
