import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { SerializeType } from '../../codec/remoting/frame.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { Current } from '../metadata/current.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import type { ConsumerOrderInfo } from './consumer-order-info.ts'
import { type LongPollLimits, LongPolls, type Poll } from './long-polls.ts'
import type { PopAccess } from './pop-access.ts'
import { type PopBacklog, retryTopicsOf } from './pop-backlog.ts'
import type { PopSubjects } from './pop-subject.ts'
import type { RequestAges } from './request-age.ts'

export interface NotificationParts {
  readonly config: Current<
    LongPollLimits & {
      readonly enableRetryTopicV2: boolean
      readonly retrieveMessageFromPopRetryTopicV1: boolean
    }
  >
  readonly access: PopAccess
  readonly topics: Pick<TopicTable, 'find'>
  readonly subjects: PopSubjects
  readonly ages: RequestAges
  readonly backlog: PopBacklog
  readonly order: ConsumerOrderInfo
  readonly isMaster: () => boolean
  readonly wallClock: () => number
}

class Waiting implements Poll<Waiting> {
  channel: Channel | undefined
  readonly opaque: number
  readonly serializeType: SerializeType
  readonly topic: string
  readonly group: string
  readonly queueId: number
  readonly isOrder: boolean
  readonly attemptId: string | undefined
  deadlineMs = 0
  next: Waiting | undefined

  constructor(request: CommandView, channel: Channel) {
    this.channel = channel
    this.opaque = request.opaque
    this.serializeType = request.serializeType
    this.topic = request.requiredText('topic')
    this.group = request.requiredText('consumerGroup')
    this.queueId = Math.max(request.requiredInteger('queueId'), -1)
    this.isOrder = request.flagField('order') === true
    this.attemptId = request.text('attemptId')
  }

  clear(): void {
    this.channel = undefined
    this.next = undefined
  }
}

/** NOTIFICATION: tells a client, which may wait for it, that a pop would find messages. For proxies, which pop for others. */
export class NotificationHandler {
  readonly polls: LongPolls<Waiting>
  readonly #parts: NotificationParts

  constructor(parts: NotificationParts) {
    this.#parts = parts
    this.polls = new LongPolls({
      limits: () => parts.config.current,
      serve: (waiting, isOver) => this.#serve(waiting, isOver),
      takesMessages: false,
    })
  }

  handle(request: CommandView, channel: Channel): Response | undefined {
    const { isMaster, wallClock, subjects, ages } = this.#parts
    const nowMs = wallClock()
    const waiting = new Waiting(request, channel)
    const pollMs = request.requiredInteger('pollTime')
    const bornMs = request.requiredInteger('bornTime')
    const ageMs = bornMs === 0 ? 0 : ages.of(channel, bornMs, nowMs)
    if (!isMaster()) throw new RequestError(ResponseCode.SLAVE_NOT_AVAILABLE, 'messages are popped from the master')
    if (this.#hasMessages(waiting)) return found(true, false)
    waiting.deadlineMs = nowMs - ageMs + pollMs
    if (pollMs <= 0 || waiting.deadlineMs <= nowMs) return found(false, false)
    const subject = subjects.of(waiting.topic, waiting.group, nowMs)
    if (!this.polls.hold(waiting, subject, waiting.queueId, nowMs)) return found(false, true)
    return undefined
  }

  /** Answers all that wait: the broker stops or its role changes. */
  releaseAll(): void {
    for (const waiting of this.polls.takeAll()) this.#answer(waiting, found(false, false))
  }

  #serve(waiting: Waiting, isOver: boolean): boolean {
    try {
      const has = this.#hasMessages(waiting)
      if (!has && !isOver) return false
      this.#answer(waiting, found(has, false))
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      this.#answer(waiting, { code: error.code, remark: error.message })
    }
    return true
  }

  #answer(waiting: Waiting, response: Response): void {
    if (waiting.channel?.isOpen === true) waiting.channel.respond(waiting.opaque, waiting.serializeType, response)
    waiting.clear()
  }

  /** @throws RequestError */
  #hasMessages(waiting: Waiting): boolean {
    const { access, config, topics } = this.#parts
    const { topic, group, queueId, channel } = waiting
    const config0 = access.check(topic, group, queueId, channel?.remoteText ?? '', 'peeking message')
    if (queueId >= 0 ? this.#hasInQueue(waiting, topic, queueId) : this.#hasInTopic(waiting, config0)) return true
    return retryTopicsOf(topic, group, config.current).some((name) => this.#hasInTopic(waiting, topics.find(name)))
  }

  #hasInTopic(waiting: Waiting, topic: TopicConfig | undefined): boolean {
    if (topic === undefined) return false
    for (let i = 0; i < topic.readQueueNums; i++) if (this.#hasInQueue(waiting, topic.topicName, i)) return true
    return false
  }

  #hasInQueue({ topic: asked, group, isOrder, attemptId }: Waiting, topic: string, queueId: number): boolean {
    const { order, backlog, wallClock } = this.#parts
    const queue = { topic: asked, group, queueId }
    if (isOrder && order.blockedUntil(queue, attemptId, 0, wallClock()) > 0) return false
    return backlog.of(topic, group, queueId) > 0
  }
}

function found(hasMsg: boolean, pollingFull: boolean): Response {
  return { code: ResponseCode.SUCCESS, fields: { hasMsg, pollingFull } }
}
