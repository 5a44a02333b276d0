import { Property } from '../../codec/message/properties.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Logger } from '../../observe/logger.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { rolls } from '../../store/timer/timer-unit.ts'
import { setProperties } from '../send/rewritten-properties.ts'
import type { SendTarget, SendTargets, SendTopics } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { topicConfig } from '../topics/topic-config.ts'
import { TIMER_TOPIC } from '../topics/topic-name.ts'
import type { DoubtfulTimers } from './doubtful-timers.ts'
import type { DueMessage } from './open-slot.ts'
import { TIMER_QUEUE } from './timer-entrance.ts'
import { readTimerMessage, type TimerMessage } from './timer-message.ts'
import { TimerRecord } from './timer-record.ts'

export interface TimerDeliveryParts {
  readonly store: Pick<MessageStore, 'read'>
  readonly gate: StoreGate
  readonly topics: Pick<SendTopics, 'find'>
  readonly targets: SendTargets
  readonly doubts: DoubtfulTimers
  /** appendTopicForTimerDeleteKey */
  readonly namesTopicInDeletions: () => boolean
  readonly wallClock: () => number
  readonly logger: Logger
}

/** TIMER_ENQUEUE_MS of a message that came too late for the wheel: Java's Long.MAX_VALUE. */
const NEVER_PLACED = '9223372036854775807'
const TIMER_CONFIG = topicConfig(TIMER_TOPIC, { readQueueNums: 1, writeQueueNums: 1 })

/** What became of a message whose time has come. */
export interface Outcome {
  /** Where its record ends in the log; 0 when there is none to be written; -1 when the log takes none now. */
  end: number
  /** For which topic one message less waits; '' when that does not change. */
  topic: string
}

/** Puts messages whose time has come into the queue they were sent to, or back into the timer topic when they are rolled on. */
export class TimerDelivery {
  readonly outcome: Outcome = { end: 0, topic: '' }
  readonly #parts: TimerDeliveryParts
  readonly #draft = new MessageDraft()
  readonly #record = new TimerRecord()
  #copy = Buffer.alloc(0)
  #extra = Buffer.alloc(0)

  constructor(parts: TimerDeliveryParts) {
    this.#parts = parts
  }

  /** One that was in the wheel; `deleted` names those that were recalled. Fills {@link outcome}. */
  deliver(due: DueMessage, atMs: number, deleted: ReadonlySet<string>): void {
    const { phyOffset, sizeBytes } = due
    if (deleted.size === 0 && !rolls(due.magic) && this.#deliverPlain(due)) return
    const message = readTimerMessage(this.#parts.store, phyOffset, sizeBytes, this.#draft)
    this.outcome.end = 0
    this.outcome.topic = message?.topic ?? ''
    if (message === undefined) this.#passOver(phyOffset)
    else if (deleted.size === 0 || !deleted.has(this.deletionKey(message))) {
      this.#put(message, phyOffset, String(due.writeMs), rolls(due.magic), atMs)
    }
  }

  /**
   * The way of nearly every message: its properties, copied as they are, get two more. False for one that has to be looked at
   * more closely.
   */
  #deliverPlain({ phyOffset, sizeBytes, writeMs }: DueMessage): boolean {
    const { store, doubts } = this.#parts
    const record = this.#record
    if (phyOffset < doubts.mark || !record.load(store, phyOffset, sizeBytes)) return false
    if (record.ranges.hasTimerRoll || record.ranges.hasTimerDelete) return false
    const draft = this.#copyDraft(sizeBytes)
    const end = this.#append(draft, this.#target(record.topic), record.queueId, this.#trace(writeMs))
    if (end === undefined) return false
    this.outcome.end = end
    this.outcome.topic = record.topic
    return true
  }

  /** What the store has lent ends with the next call into it. */
  #copyDraft(sizeBytes: number): MessageDraft {
    const { view, bytes } = this.#record
    const { start } = this.#record
    if (this.#copy.length < sizeBytes) this.#copy = Buffer.allocUnsafeSlow(sizeBytes * 2)
    const copy = this.#copy
    copy.set(bytes.subarray(start, start + sizeBytes))
    const draft = this.#draft
    draft.flag = view.flag
    draft.sysFlag = view.sysFlag
    draft.bornTimestampMs = view.bornTimestampMs
    draft.bornHost = copy.subarray(view.bornHostStart - start, view.bornHostStart - start + view.bornHostLength)
    draft.storeHost = copy.subarray(view.storeHostStart - start, view.storeHostStart - start + view.storeHostLength)
    draft.reconsumeTimes = view.reconsumeTimes
    draft.preparedTransactionOffset = 0
    draft.body.bytes = copy
    draft.body.start = view.bodyStart - start
    draft.body.length = view.bodyLength
    draft.properties.bytes = copy
    draft.properties.start = view.propertiesStart - start
    draft.properties.length = view.propertiesLength
    draft.isScanned = false
    return draft
  }

  /** When the message went into the wheel and out of it. */
  #trace(writeMs: number): Buffer {
    const text = `TIMER_ENQUEUE_MS\x01${writeMs}\x02TIMER_DEQUEUE_MS\x01${this.#parts.wallClock()}\x02`
    if (this.#extra.length !== text.length) this.#extra = Buffer.allocUnsafeSlow(text.length)
    this.#extra.write(text, 0, 'latin1')
    return this.#extra
  }

  /** One whose slot is over already. */
  deliverLate(message: TimerMessage, draft: MessageDraft, phyOffset: number, isRolled: boolean): void {
    this.outcome.end = 0
    this.outcome.topic = ''
    if (message.properties.has(Property.timerDeleteUniqueKey) && !isRolled) return
    this.#put(message, phyOffset, NEVER_PLACED, isRolled, message.slotMs, draft)
    this.outcome.topic = ''
  }

  /** As the messages that delete others name them. */
  deletionKey({ topic, uniqueKey }: TimerMessage): string {
    return this.#parts.namesTopicInDeletions() ? `${topic}+${uniqueKey}` : uniqueKey
  }

  #put(
    message: TimerMessage,
    phyOffset: number,
    placedMs: string,
    isRolled: boolean,
    atMs: number,
    draft = this.#draft,
  ): void {
    const { doubts, wallClock } = this.#parts
    if (doubts.wasDelivered(message, phyOffset, isRolled, atMs)) return
    const { properties } = message
    // What named its topic and queue stays, as with Apache's broker.
    if (isRolled) properties.set(Property.timerRollTimes, String(message.rolledTimes + 1))
    const traced = new Map(properties)
    traced.set(Property.timerEnqueueMs, placedMs)
    traced.set(Property.timerDequeueMs, String(wallClock()))
    const target = isRolled ? this.#parts.targets.of(TIMER_CONFIG) : this.#target(message.topic)
    const queueId = isRolled ? TIMER_QUEUE : message.queueId
    this.outcome.end =
      this.#stage(draft, traced, target, queueId) ?? this.#stageBare(draft, properties, target, queueId)
  }

  /** -1 when the log takes nothing now; undefined for a message it will never take. */
  #stage(
    draft: MessageDraft,
    properties: ReadonlyMap<string, string>,
    target: SendTarget,
    queueId: number,
  ): number | undefined {
    setProperties(draft, properties)
    return this.#append(draft, target, queueId, undefined)
  }

  /** -1 when the log takes nothing now; undefined for a message it will never take. */
  #append(draft: MessageDraft, target: SendTarget, queueId: number, extra: Buffer | undefined): number | undefined {
    const { gate, logger } = this.#parts
    try {
      gate.putAsIs(draft, target, queueId, extra)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      if (error.code === ResponseCode.MESSAGE_ILLEGAL) return undefined
      logger.warn({ topic: target.topicName, reason: error.message }, 'timer message not delivered, trying again')
      return -1
    }
    return gate.log.lastAppend.phyOffset + gate.log.lastAppend.sizeBytes
  }

  /** Its own properties leave no room for the times at which it went in and out of the wheel. */
  #stageBare(
    draft: MessageDraft,
    properties: ReadonlyMap<string, string>,
    target: SendTarget,
    queueId: number,
  ): number {
    const end = this.#stage(draft, properties, target, queueId)
    if (end !== undefined) return end
    this.#parts.logger.error({ topic: target.topicName }, 'timer message cannot be stored, passed over')
    return 0
  }

  #passOver(phyOffset: number): void {
    this.#parts.logger.error({ phyOffset, queue: TIMER_TOPIC }, 'timer message cannot be delivered, passed over')
  }

  /** A topic that was deleted meanwhile still gets its message, as with official brokers. */
  #target(topic: string): SendTarget {
    const { topics, targets } = this.#parts
    return targets.of(topics.find(topic) ?? topicConfig(topic))
  }
}
