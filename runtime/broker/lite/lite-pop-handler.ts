import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { Current } from '../metadata/current.ts'
import { type LongPollLimits, LongPolls } from '../pop/long-polls.ts'
import { PopAnswer } from '../pop/pop-answer.ts'
import { ORDER_REVIVE_QUEUE, POP_MESSAGES_MAX } from '../pop/pop-names.ts'
import type { RequestAges } from '../pop/request-age.ts'
import type { LiteAccess } from './lite-access.ts'
import type { LiteEvents } from './lite-events.ts'
import { LitePopTask } from './lite-pop-task.ts'
import { LiteReader, type LiteReaderParts } from './lite-reader.ts'
import type { LiteSubscriptions } from './lite-subscriptions.ts'

export interface LitePopSettings extends LongPollLimits {
  readonly brokerIP1: string
  readonly timerMaxDelaySec: number
  readonly initPopOffsetByCheckMsgInMem: boolean
  readonly enableLiteEventMode: boolean
}

export interface LitePopParts extends LiteReaderParts {
  readonly config: Current<LitePopSettings>
  readonly access: LiteAccess
  readonly events: LiteEvents
  readonly subscriptions: LiteSubscriptions
  readonly ages: RequestAges
  readonly touch: () => void
}

/** A request that is this much older than it was to wait: its client does not wait for the answer any more. */
const TOO_LATE_MS = 500
/** All polls of a client stand in one line. */
const ANY_QUEUE = -1

/**
 * POP_LITE_MESSAGE, with long polling: messages of those lite topics of which the client was told that they have some. Rules and
 * remarks as in Apache RocketMQ's PopLiteMessageProcessor.
 */
export class LitePopHandler {
  readonly #polls: LongPolls<LitePopTask>
  readonly #parts: LitePopParts
  readonly #answer = new PopAnswer(false)
  readonly #reader: LiteReader

  constructor(parts: LitePopParts) {
    this.#parts = parts
    this.#reader = new LiteReader(parts, this.#answer)
    this.#polls = new LongPolls({
      limits: () => parts.config.current,
      serve: (task, isOver) => this.#serveHeld(task, isOver),
      takesMessages: true,
    })
  }

  handle(request: CommandView, channel: Channel): Response | undefined {
    const { access, ages, wallClock } = this.#parts
    const nowMs = wallClock()
    const task = new LitePopTask()
    task.read(request, channel)
    access.checkServed()
    const bornMs = request.requiredInteger('bornTime')
    const ageMs = bornMs === 0 ? 0 : ages.of(channel, bornMs, nowMs)
    this.#check(task, ageMs)
    access.check(task.topic, task.group)
    this.#pop(task, nowMs)
    if (this.#answer.count === 0 && this.#hold(task, nowMs - ageMs + task.pollMs, nowMs)) return undefined
    this.#answer.send(task)
    return undefined
  }

  /** There may be something for the client. {@link wakeAll} follows. */
  touch(clientId: string): void {
    this.#polls.touchGroup({ topic: clientId, group: '' }, ANY_QUEUE)
    this.#parts.touch()
  }

  /** Serves those who wait and for whom there is something now. */
  wakeAll(): void {
    while (this.#polls.wake());
  }

  sweep(nowMs: number): void {
    this.#polls.sweep(nowMs)
  }

  /** Answers all that wait, without messages: the broker stops or its role changes. */
  releaseAll(): void {
    for (const task of this.#polls.takeAll()) {
      this.#begin(this.#parts.wallClock())
      if (task.channel?.isOpen === true) this.#answer.send(task)
      task.clear()
    }
  }

  /** @throws RequestError */
  #check({ maxMsgNum, invisibleMs, pollMs }: LitePopTask, ageMs: number): void {
    const { brokerIP1, timerMaxDelaySec } = this.#parts.config.current
    const the = `the broker[${brokerIP1}] pop message`
    if (ageMs - pollMs > TOO_LATE_MS) {
      throw new RequestError(ResponseCode.POLLING_TIMEOUT, `${the} is timeout too much`)
    }
    if (maxMsgNum > POP_MESSAGES_MAX) {
      throw new RequestError(ResponseCode.INVALID_PARAMETER, `${the}'s num is greater than ${POP_MESSAGES_MAX}`)
    }
    const invisibleMaxMs = timerMaxDelaySec * 1000
    if (maxMsgNum >= 1 && invisibleMs >= 1 && invisibleMs <= invisibleMaxMs) return
    const remark = `${the} needs maxMsgNum from 1 on (${maxMsgNum}) and invisibleTime from 1 to ${invisibleMaxMs} ms (${invisibleMs})`
    throw new RequestError(ResponseCode.INVALID_PARAMETER, remark)
  }

  #begin(nowMs: number): void {
    const answer = this.#answer
    answer.reset(undefined)
    answer.popTime = nowMs
    answer.reviveQueue = ORDER_REVIVE_QUEUE
    answer.orderCountInfo = ''
    answer.code = ResponseCode.POLLING_TIMEOUT
    answer.remark = 'NO_MESSAGE_IN_QUEUE'
  }

  /** Fills the answer. */
  #pop(task: LitePopTask, nowMs: number): void {
    this.#begin(nowMs)
    const answer = this.#answer
    if (this.#parts.config.current.enableLiteEventMode) this.#popNoted(task)
    else this.#popAny(task)
    if (answer.count === 0) return
    answer.code = ResponseCode.SUCCESS
    answer.remark = 'FOUND'
  }

  #popNoted(task: LitePopTask): void {
    while (this.#answer.count < task.maxMsgNum) {
      const queue = this.#parts.events.take(task.clientId, task.group)
      if (queue === undefined) return
      this.#reader.read(task, queue)
    }
  }

  /** Without events every lite topic is looked at. */
  #popAny(task: LitePopTask): void {
    const client = this.#parts.subscriptions.find(task.clientId)
    for (const queue of client?.group === task.group ? client.queues : []) {
      if (this.#answer.count >= task.maxMsgNum) return
      this.#reader.read(task, queue)
    }
  }

  /** False when it is to be answered now. */
  #hold(task: LitePopTask, deadlineMs: number, nowMs: number): boolean {
    if (task.pollMs <= 0 || deadlineMs <= nowMs) return false
    task.deadlineMs = deadlineMs
    if (this.#polls.hold(task, { topic: task.clientId, group: '', retryTopics: [] }, ANY_QUEUE, nowMs)) return true
    this.#answer.code = ResponseCode.POLLING_FULL
    return false
  }

  #serveHeld(task: LitePopTask, isOver: boolean): boolean {
    try {
      this.#parts.access.check(task.topic, task.group)
      this.#pop(task, this.#parts.wallClock())
      if (this.#answer.count === 0 && !isOver) return false
      this.#answer.send(task)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      task.channel?.respond(task.opaque, task.serializeType, { code: error.code, remark: error.message })
    }
    task.clear()
    return true
  }
}
