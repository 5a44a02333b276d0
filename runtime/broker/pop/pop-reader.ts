import { RequestError } from '../../codec/remoting/request-error.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { PullStatus } from '../../store/pull.ts'
import type { Current } from '../metadata/current.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import { RETRY_TOPIC_PREFIX } from '../topics/topic-name.ts'
import type { ConsumerOrderInfo } from './consumer-order-info.ts'
import type { InflightCount } from './inflight-count.ts'
import type { PopAnswer } from './pop-answer.ts'
import { retryMark } from './pop-names.ts'
import type { PopPositions } from './pop-positions.ts'
import type { PopQueue } from './pop-queue.ts'
import type { PopSubject } from './pop-subject.ts'
import type { PopTask } from './pop-task.ts'
import type { ReviveLog } from './revive-log.ts'

interface PopReaderSettings {
  readonly brokerName: string
  readonly popResponseReturnActualRetryTopic: boolean
  readonly initPopOffsetByCheckMsgInMem: boolean
  readonly enablePopMessageThreshold: boolean
  readonly popInflightMessageThreshold: number
}

export interface PopReaderParts {
  readonly config: Current<PopReaderSettings>
  readonly store: Pick<MessageStore, 'queueToRead' | 'pull' | 'lastPull' | 'minOffsetOf'>
  readonly offsets: Pick<ConsumerOffsets, 'commit' | 'takeReset' | 'hasNoResets'>
  readonly positions: PopPositions
  readonly reviveLog: ReviveLog
  readonly order: ConsumerOrderInfo
  readonly inflight: InflightCount
  readonly stats: Pick<BrokerStats, 'groupGet'>
  /** Whether a new group that is to begin at the end of a queue may begin with its first message. */
  readonly startsAtZero: (topic: string, queueId: number) => boolean
  readonly wallClock: () => number
}

const PULL_BYTES_MAX = 128 * 1024 * 1024
/** ConsumeInitMode.MIN */
const FROM_FIRST = 0

/** Takes messages out of queues for one pop after the other, and writes their check points. */
export class PopReader {
  /** Why the store took no check point, if it took none. */
  refusal: RequestError | undefined
  /** When the first of the queues that are blocked, for their messages are under way in order, will be free; 0 without such. */
  freeMs = 0
  /** The group has moved on in some queue. */
  hasMoved = false
  readonly #parts: PopReaderParts
  readonly #answer: PopAnswer
  #task!: PopTask
  #subject!: PopSubject

  constructor(parts: PopReaderParts, answer: PopAnswer) {
    this.#parts = parts
    this.#answer = answer
  }

  begin(task: PopTask, subject: PopSubject): void {
    this.#task = task
    this.#subject = subject
    this.refusal = undefined
    this.freeMs = 0
    this.hasMoved = false
  }

  /** Adds what a queue has to the answer, as far as there is room. */
  read({ topicName }: TopicConfig, queueId: number): void {
    const queue = this.#subject.queue(topicName, queueId)
    if (queue.queue === undefined || queue.queue.isRemoved)
      queue.queue = this.#parts.store.queueToRead(topicName, queueId)
    if (queue.queue === undefined) return
    const { maxOffset } = queue.queue
    const isReset = this.#takeReset(queue)
    let offset = this.#positionOf(queue, maxOffset)
    if (!isReset && this.#isHeldBack(queue, maxOffset - offset)) return
    const room = this.#task.maxMsgNums - this.#answer.count
    if (room <= 0 || offset === maxOffset) {
      this.#answer.restNum += Math.max(0, maxOffset - offset)
      return
    }
    let status = this.#pull(queue, offset, room)
    const { nextOffset } = this.#parts.store.lastPull
    if (isWrongPosition(status) && nextOffset !== offset) {
      this.#parts.positions.set(this.#task.group, queue, nextOffset)
      offset = nextOffset
      status = this.#pull(queue, offset, room)
    }
    this.#take(queue, offset, status)
  }

  /** An administrator has set the position: all that is under way counts no more. */
  #takeReset(queue: PopQueue): boolean {
    const { offsets, positions, order, inflight } = this.#parts
    if (offsets.hasNoResets) return false
    const { group } = this.#task
    const reset = offsets.takeReset(group, queue.topic, queue.queueId)
    if (reset === undefined) return false
    order.clear({ topic: queue.topic, group, queueId: queue.queueId })
    inflight.clear(queue.topic, group, queue.queueId)
    positions.set(group, queue, reset)
    return true
  }

  #positionOf(queue: PopQueue, maxOffset: number): number {
    const { positions, config, startsAtZero } = this.#parts
    const { group, initMode } = this.#task
    const known = positions.of(group, queue)
    if (known >= 0) return known
    let first = this.#parts.store.minOffsetOf(queue.queue!)
    if (initMode !== FROM_FIRST && !queue.topic.startsWith(RETRY_TOPIC_PREFIX)) {
      const mayStart = config.current.initPopOffsetByCheckMsgInMem && startsAtZero(queue.topic, queue.queueId)
      first = mayStart ? 0 : Math.max(0, maxOffset - 1)
    }
    positions.set(group, queue, first)
    return first
  }

  /** Whether nothing may be popped from the queue now. */
  #isHeldBack(queue: PopQueue, rest: number): boolean {
    const { config, inflight, order, wallClock } = this.#parts
    const { group, isOrder, attemptId, invisibleMs } = this.#task
    const { topic, queueId } = queue
    const { enablePopMessageThreshold, popInflightMessageThreshold } = config.current
    if (enablePopMessageThreshold && inflight.of(topic, group, queueId) > popInflightMessageThreshold) {
      this.#answer.restNum += rest
      return true
    }
    if (!isOrder) return false
    const freeMs = order.blockedUntil({ topic, group, queueId }, attemptId, invisibleMs, wallClock())
    // What a blocked queue has counts for nothing: it would wake who waits again and again.
    if (freeMs > 0) this.freeMs = this.freeMs === 0 ? freeMs : Math.min(this.freeMs, freeMs)
    else inflight.clear(topic, group, queueId)
    return freeMs > 0
  }

  #pull(queue: PopQueue, offset: number, room: number): PullStatus {
    this.#answer.beginQueue()
    return this.#parts.store.pull(queue.queue, offset, room, PULL_BYTES_MAX, this.#subject.accepts, this.#answer)
  }

  #take(queue: PopQueue, offset: number, status: PullStatus): void {
    const { positions, offsets, inflight } = this.#parts
    const answer = this.#answer
    const { group, isOrder } = this.#task
    const { nextOffset, maxOffset, count, bytes } = this.#parts.store.lastPull
    answer.restNum += maxOffset - nextOffset
    if (count === 0) {
      if (nextOffset <= offset || isWrongPosition(status)) return
      this.hasMoved = true
      if (isOrder) offsets.commit(group, queue.topic, queue.queueId, nextOffset)
      else positions.passed(group, queue, nextOffset)
      return
    }
    if (!this.#note(queue, offset, nextOffset)) {
      answer.dropQueue()
      answer.restNum += nextOffset - offset
      return
    }
    this.hasMoved = true
    const traffic = this.#parts.stats.groupGet(queue.topic, group)
    traffic.messages += count
    traffic.bytes += bytes
    traffic.times++
    if (this.#parts.config.current.enablePopMessageThreshold) inflight.add(queue.topic, group, queue.queueId, count)
    this.#handOut(queue, offset)
  }

  /** Makes sure that the messages come again if nobody acknowledges them. False when that cannot be had now. */
  #note(queue: PopQueue, offset: number, nextOffset: number): boolean {
    const { order, offsets, positions, reviveLog, config, wallClock } = this.#parts
    const { group, isOrder, attemptId, invisibleMs } = this.#task
    const { topic, queueId } = queue
    const answer = this.#answer
    if (isOrder) {
      const subject = { topic, group, queueId }
      const info = order.popped(subject, attemptId, answer.popTime, invisibleMs, answer.offsets, wallClock())
      answer.orderCountInfo = answer.orderCountInfo ? `${answer.orderCountInfo};${info}` : info
      offsets.commit(group, topic, queueId, offset)
      return true
    }
    const point = {
      ...{ topic, group, queueId, startOffset: offset, popTime: answer.popTime, invisibleMs },
      diffs: answer.offsets.map((one) => one - offset),
      ...{ brokerName: config.current.brokerName, putBackTimes: 0, isSuspended: false },
    }
    try {
      positions.popped(group, queue, nextOffset, reviveLog.putCheckPoint(point, answer.reviveQueue))
      return true
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      this.refusal = error
      return false
    }
  }

  #handOut(queue: PopQueue, offset: number): void {
    const { config } = this.#parts
    const answer = this.#answer
    const { topic, queueId } = queue
    if (topic !== this.#task.topic && !config.current.popResponseReturnActualRetryTopic) {
      answer.readdressQueue(this.#task.topic, {
        ...{ startOffset: offset, popTime: answer.popTime, invisibleMs: this.#task.invisibleMs, queueId },
        reviveQueue: answer.reviveQueue,
        retryMark: retryMark(topic),
        brokerName: config.current.brokerName,
      })
    }
    answer.keepQueue(topic, queueId, offset)
  }
}

/** The group stands where there is nothing, and never will be. */
function isWrongPosition(status: PullStatus): boolean {
  return (
    status === PullStatus.offsetTooSmall ||
    status === PullStatus.offsetOverflowBadly ||
    status === PullStatus.offsetFoundNull
  )
}
