import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { ConsumerRegistry } from '../clients/consumer-registry.ts'
import type { CompiledFilters } from '../filter/compiled-filters.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { Current } from '../metadata/current.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { type LongPollLimits, LongPolls } from './long-polls.ts'
import type { PopAccess } from './pop-access.ts'
import { PopAnswer } from './pop-answer.ts'
import { ORDER_REVIVE_QUEUE, POP_MESSAGES_MAX } from './pop-names.ts'
import { PopReader, type PopReaderParts } from './pop-reader.ts'
import type { PopSubject, PopSubjects } from './pop-subject.ts'
import { PopTask } from './pop-task.ts'
import type { RequestAges } from './request-age.ts'

export interface PopSettings extends LongPollLimits {
  readonly brokerIP1: string
  readonly brokerName: string
  readonly enableRetryTopicV2: boolean
  readonly retrieveMessageFromPopRetryTopicV1: boolean
  readonly popFromRetryProbability: number
  readonly popFromRetryProbabilityForPriority: number
  readonly priorityOrderAsc: boolean
  readonly useSeparateRetryQueue: boolean
  readonly popResponseReturnActualRetryTopic: boolean
  readonly initPopOffsetByCheckMsgInMem: boolean
  readonly enablePopMessageThreshold: boolean
  readonly popInflightMessageThreshold: number
  readonly reviveQueueNum: number
  readonly timerMaxDelaySec: number
  readonly enableNotifyAfterPopOrderLockRelease: boolean
}

export interface PopParts extends PopReaderParts {
  readonly config: Current<PopSettings>
  readonly topics: Pick<TopicTable, 'find'>
  readonly groups: Pick<SubscriptionGroupTable, 'find'>
  readonly access: PopAccess
  readonly consumers: Pick<ConsumerRegistry, 'learn'>
  readonly compiledFilters: CompiledFilters
  readonly subjects: PopSubjects
  readonly ages: RequestAges
  /** Timers are served: check points wait in them. */
  readonly hasTimers: boolean
  readonly isMaster: () => boolean
  /** Whether it is known where groups stand: a broker that has just become master looks at what was popped last. */
  readonly isReady: () => boolean
  /** Makes sure that this turn ends with a batch. */
  readonly touch: () => void
}

/** A request that is this much older than it was to wait: its client does not wait for the answer any more. */
const TOO_LATE_MS = 500
const TASKS_KEPT = 256
const NOT_READY = 'this broker has just become master and still reads what was popped before'
/** Steps through the hundred in an order that looks like chance and takes each as often. */
const CHANCE_STEP = 37

/** POP_MESSAGE, with long polling. Rules and remarks as in Apache RocketMQ's PopMessageProcessor. */
export class PopHandler {
  readonly polls: LongPolls<PopTask>
  readonly #parts: PopParts
  readonly #answer = new PopAnswer()
  readonly #reader: PopReader
  readonly #idle: PopTask[] = []
  #chance = 0
  #pops = 0

  constructor(parts: PopParts) {
    this.#parts = parts
    this.#reader = new PopReader(parts, this.#answer)
    this.polls = new LongPolls({
      limits: () => parts.config.current,
      serve: (task, isOver) => this.#serveHeld(task, isOver),
      takesMessages: true,
    })
  }

  handle(request: CommandView, channel: Channel): Response | undefined {
    const { wallClock, isMaster } = this.#parts
    const nowMs = wallClock()
    const task = this.#idle.pop() ?? new PopTask()
    let isHeld = false
    try {
      task.read(request, channel)
      task.ageMs = task.bornMs === 0 ? 0 : this.#parts.ages.of(channel, task.bornMs, nowMs)
      if (!isMaster()) throw new RequestError(ResponseCode.SLAVE_NOT_AVAILABLE, 'messages are popped from the master')
      if (!this.#parts.isReady()) throw new RequestError(ResponseCode.SYSTEM_BUSY, NOT_READY)
      const subject = this.#check(task, nowMs)
      this.#pop(task, subject, nowMs)
      isHeld = this.#answer.count === 0 && this.#hold(task, subject, nowMs)
      if (!isHeld) this.#answer.send(task)
      return undefined
    } finally {
      if (!isHeld) this.#giveBack(task)
    }
  }

  /** Answers all that wait, without messages: the broker stops or its role changes. */
  releaseAll(): void {
    for (const task of this.polls.takeAll()) {
      this.#timedOut(task)
      this.#giveBack(task)
    }
  }

  #serveHeld(task: PopTask, isOver: boolean): boolean {
    const nowMs = this.#parts.wallClock()
    let isHeld = false
    try {
      const subject = this.#check(task, nowMs)
      this.#pop(task, subject, nowMs)
      isHeld = this.#answer.count === 0 && !isOver
      if (isHeld) return false
      if (this.#answer.count === 0) this.#answer.code = ResponseCode.POLLING_TIMEOUT
      this.#answer.send(task)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      task.channel?.respond(task.opaque, task.serializeType, { code: error.code, remark: error.message })
    } finally {
      if (!isHeld) this.#giveBack(task)
    }
    return true
  }

  #timedOut(task: PopTask): void {
    const answer = this.#answer
    answer.reset(undefined)
    answer.code = ResponseCode.POLLING_TIMEOUT
    answer.remark = 'NO_MESSAGE_IN_QUEUE'
    answer.popTime = this.#parts.wallClock()
    answer.reviveQueue = 0
    if (task.channel?.isOpen === true) answer.send(task)
  }

  #giveBack(task: PopTask): void {
    task.clear()
    if (this.#idle.length < TASKS_KEPT) this.#idle.push(task)
  }

  /** @throws RequestError */
  #check(task: PopTask, nowMs: number): PopSubject {
    const { config, access, subjects, consumers, compiledFilters, hasTimers } = this.#parts
    const { brokerIP1, timerMaxDelaySec } = config.current
    const the = `the broker[${brokerIP1}] pop message`
    const { topic, group, queueId, invisibleMs, maxMsgNums } = task
    if (task.deadlineMs === 0 && task.ageMs - task.pollMs > TOO_LATE_MS) {
      throw new RequestError(ResponseCode.POLLING_TIMEOUT, `${the} is timeout too much`)
    }
    if (maxMsgNums > POP_MESSAGES_MAX) {
      throw new RequestError(ResponseCode.INVALID_PARAMETER, `${the}'s num is greater than ${POP_MESSAGES_MAX}`)
    }
    if (!hasTimers) {
      throw new RequestError(ResponseCode.SYSTEM_ERROR, `${the} is forbidden because timerWheelEnable is false`)
    }
    if (maxMsgNums < 1 || invisibleMs < 1 || invisibleMs > timerMaxDelaySec * 1000) {
      const remark = `${the} needs maxMsgNums from 1 on (${maxMsgNums}) and invisibleTime from 1 to ${timerMaxDelaySec * 1000} ms (${invisibleMs})`
      throw new RequestError(ResponseCode.INVALID_PARAMETER, remark)
    }
    access.check(topic, group, queueId, task.channel?.remoteText ?? '', 'pop message')
    const subject = subjects.of(topic, group, nowMs)
    subject.select(task.expression, task.expressionType, compiledFilters, nowMs)
    if (subject.isNewSubscription) {
      consumers.learn(group, 'CONSUME_POP', 'CLUSTERING', subject.subscription)
      subject.isNewSubscription = false
    }
    return subject
  }

  /** Fills the answer. @throws RequestError when the store takes no check points now, and there is nothing to answer */
  #pop(task: PopTask, subject: PopSubject, nowMs: number): void {
    const { config, topics } = this.#parts
    const answer = this.#answer
    this.#chance = (this.#chance + CHANCE_STEP) % 100
    const chance = this.#chance
    answer.reset(subject.filter)
    answer.popTime = nowMs
    answer.reviveQueue = task.isOrder ? ORDER_REVIVE_QUEUE : this.#pops++ % config.current.reviveQueueNum
    if (task.isOrder) answer.orderCountInfo = ''
    this.#reader.begin(task, subject)
    const topic = topics.find(task.topic)!
    const retry = task.isOrder ? undefined : topics.find(this.#retryTopic(subject, chance))
    const { popFromRetryProbability, popFromRetryProbabilityForPriority } = config.current
    const byPriority = this.#goesByPriority(topic, task, chance)
    const isRetryFirst = chance < (byPriority ? popFromRetryProbabilityForPriority : popFromRetryProbability)
    const first = byPriority ? 0 : chance
    if (isRetryFirst) this.#readTopic(retry, first)
    if (task.queueId >= 0) this.#reader.read(topic, task.queueId)
    else this.#readTopic(topic, first)
    if (!isRetryFirst) this.#readTopic(retry, first)
    const isFound = answer.count > 0
    answer.code = isFound ? ResponseCode.SUCCESS : ResponseCode.POLLING_TIMEOUT
    answer.remark = isFound ? 'FOUND' : 'NO_MESSAGE_IN_QUEUE'
    if (!isFound && this.#reader.refusal !== undefined) throw this.#reader.refusal
    if (answer.restNum <= 0 || !this.#reader.hasMoved || this.polls.count === 0) return
    this.polls.touchGroup(subject, task.queueId)
    this.#parts.touch()
  }

  /** One of the two per request, as the fields of the answer have it. */
  #retryTopic({ retryV1, retryV2 }: PopSubject, chance: number): string {
    const { enableRetryTopicV2, retrieveMessageFromPopRetryTopicV1 } = this.#parts.config.current
    if (!enableRetryTopicV2) return retryV1
    return retrieveMessageFromPopRetryTopicV1 && chance % 2 === 0 ? retryV1 : retryV2
  }

  /** Of a topic with priorities the higher ones come first; so often that the lower ones are not starved, if the group wants that. */
  #goesByPriority({ attributes }: TopicConfig, { isOrder, group }: PopTask, chance: number): boolean {
    if (isOrder || attributes.get('message.type') !== 'PRIORITY') return false
    return chance < priorityFactor(this.#parts.groups.find(group)?.attributes.get('priority.factor'))
  }

  /** Queues from `first` on, the one that counts most of the hindmost or of the foremost. */
  #readTopic(topic: TopicConfig | undefined, first: number): void {
    if (topic === undefined) return
    const { readQueueNums } = topic
    const isFromLast = this.#parts.config.current.priorityOrderAsc
    for (let i = 0; i < readQueueNums; i++) {
      this.#reader.read(topic, ((isFromLast ? readQueueNums - 1 - i : i) + first) % readQueueNums)
    }
  }

  /** False when it is to be answered now. */
  #hold(task: PopTask, subject: PopSubject, nowMs: number): boolean {
    if (task.pollMs <= 0) return false
    task.deadlineMs = nowMs - task.ageMs + task.pollMs
    if (task.deadlineMs <= nowMs) return false
    if (!this.polls.hold(task, subject, task.queueId, nowMs)) {
      this.#answer.code = ResponseCode.POLLING_FULL
      return false
    }
    const { freeMs } = this.#reader
    const notifies = this.#parts.config.current.enableNotifyAfterPopOrderLockRelease
    if (freeMs > 0 && notifies) this.polls.touchGroupAt(subject, task.queueId, freeMs)
    return true
  }
}

/** Pops of a hundred that go by priority. */
const priorityFactor = (attribute: string | undefined): number => (attribute === undefined ? 100 : Number(attribute))
