import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { HandlerResult } from '../../net/remoting-server.ts'
import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { PullStatus } from '../../store/pull.ts'
import { ALL_TAGS, isTagExpression, type SubscriptionData } from '../clients/subscription.ts'
import type { ColdAccounts } from '../cold/cold-accounts.ts'
import { ColdHeldPulls } from '../cold/cold-held-pulls.ts'
import { RecordFilter } from '../filter/record-filter.ts'
import { isSystemGroup } from '../groups/system-groups.ts'
import type { Current } from '../metadata/current.ts'
import type { BroadcastOffsets, BroadcastPull } from '../offsets/broadcast-offsets.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import { pullAway } from '../static-topics/away-pull.ts'
import { MappedPull } from '../static-topics/mapped-pull.ts'
import type { StaticTopics } from '../static-topics/static-requests.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import { HeldPulls } from './held-pulls.ts'
import { PullAnswer } from './pull-answer.ts'
import { PullForbidden, PullRules, type PullRulesConfig, type PullRulesParts, subscriptionOf } from './pull-rules.ts'
import { PullFlag, PullSource, PullTask } from './pull-task.ts'

interface PullConfig extends PullRulesConfig {
  readonly brokerId: number
  readonly brokerRole: 'ASYNC_MASTER' | 'SYNC_MASTER' | 'SLAVE'
  readonly longPollingEnable: boolean
  readonly shortPollingTimeMills: number
  readonly slaveReadEnable: boolean
  readonly offsetCheckInSlave: boolean
  readonly useServerSideResetOffset: boolean
  /** Pulls held at once. */
  readonly pullThreadPoolQueueCapacity: number
}

export interface PullParts extends PullRulesParts {
  readonly config: Current<PullConfig>
  readonly store: Pick<MessageStore, 'queueToRead' | 'pull' | 'lastPull' | 'read' | 'minOffsetOf' | 'isCold'>
  readonly offsets: Pick<ConsumerOffsets, 'commit' | 'commitPulled' | 'takeReset'>
  readonly broadcast: Pick<BroadcastOffsets, 'beginOf' | 'pulled'>
  readonly stats: Pick<BrokerStats, 'groupGet'>
  readonly statics: StaticTopics
  readonly coldAccounts: Pick<ColdAccounts, 'isOver' | 'read'>
  readonly monotonic: () => number
  readonly wallClock: () => number
  /** Slaves: whether the master can be read from now. */
  readonly isMasterUp: () => boolean
  /** A slave to which clients are led that look for the master: it serves them whatever slaveReadEnable says. */
  readonly standsIn: () => boolean
}

const MASTER_ID = 0
/** Status of a pull that is sent elsewhere in the queue. */
const OFFSET_RESET = 'OFFSET_RESET'
const MAX_PULL_BYTES = 128 * 1024 * 1024
const TASKS_KEPT = 256
/** A pull for more messages is served as one for so many: the filter looks at a multiple of the number. */
const MSG_NUMS_MAX = 4096

/** PULL_MESSAGE and LITE_PULL_MESSAGE, with long polling. Rules and remarks as in Apache RocketMQ's PullMessageProcessor. */
export class PullHandler {
  readonly held: HeldPulls
  readonly coldHeld: ColdHeldPulls
  readonly #parts: PullParts
  readonly #answer = new PullAnswer()
  readonly #idle: PullTask[] = []
  readonly #filters = new WeakMap<SubscriptionData, (tagsCode: number) => boolean>()
  readonly #rules: PullRules
  /** What a pull is being answered from. */
  #subscription!: SubscriptionData

  constructor(parts: PullParts) {
    this.#parts = parts
    this.#rules = new PullRules(parts)
    const max = parts.config.current.pullThreadPoolQueueCapacity
    const recordFilter = new RecordFilter()
    const wants = (task: PullTask, phyOffset: number, sizeBytes: number): boolean => {
      const record = parts.store.read(phyOffset, sizeBytes)
      if (record === undefined || task.filter === undefined) return true
      return recordFilter.matches(task.filter, record.bytes, record.start, record.length)
    }
    const serveHeld = (task: PullTask): void => this.#serveHeld(task)
    this.held = new HeldPulls(max, serveHeld, wants)
    this.coldHeld = new ColdHeldPulls(serveHeld)
  }

  handle(request: CommandView, channel: Channel): HandlerResult {
    const { brokerRole, slaveReadEnable } = this.#parts.config.current
    if (brokerRole === 'SLAVE' && !slaveReadEnable && !this.#parts.standsIn()) {
      throw new RequestError(ResponseCode.SYSTEM_BUSY, '[REJECTREQUEST]system busy, start flow control for a while')
    }
    const task = this.#idle.pop() ?? new PullTask()
    let isHeld = false
    try {
      task.read(request, channel)
      if (task.has(PullFlag.subscription)) task.subscription = subscriptionOf(request, task)
      if (!this.#parts.statics.mappings.isEmpty) this.#map(task, request)
      if (task.mapped?.isAway) return this.#pullAway(task, task.mapped, request)
      isHeld = this.#serve(task, true)
      return undefined
    } catch (error) {
      if (error instanceof PullForbidden) return forbidden(error)
      throw error
    } finally {
      if (!isHeld) this.#giveBack(task)
    }
  }

  /** Aims the pull at the queue of this broker that a queue of a static topic is here. @throws RequestError */
  #map(task: PullTask, request: CommandView): void {
    const detail = this.#parts.statics.mappings.find(task.topic)
    if (detail === undefined || request.flagField('lo') === false) return
    const mapped = new MappedPull(detail, task.queueId, task.queueOffset)
    task.mapped = mapped
    task.queueId = mapped.item.queueId
    task.queueOffset = mapped.physicalOffset
    task.maxMsgNums = mapped.countMax(task.maxMsgNums)
    const committed = mapped.committed(task.commitOffset)
    if (committed === undefined) task.sysFlag &= ~PullFlag.commitOffset
    else task.commitOffset = committed
  }

  /** @throws RequestError */
  #pullAway(task: PullTask, mapped: MappedPull, request: CommandView): Promise<Response> {
    this.#rules.admit(task)
    return pullAway(mapped, request.allFields(), this.#parts.statics.others)
  }

  /** Whether the queue no longer lies where it lay when the pull began to wait: the consumer is told to ask again then. */
  #hasMoved({ mapped, topic, channel, opaque, serializeType }: PullTask): boolean {
    if (mapped === undefined || this.#parts.statics.mappings.find(topic) === mapped.detail) return false
    const { offset: nextBeginOffset } = mapped
    const fields = { nextBeginOffset, minOffset: 0, maxOffset: nextBeginOffset, suggestWhichBrokerId: MASTER_ID }
    channel?.respond(opaque, serializeType, { code: ResponseCode.PULL_RETRY_IMMEDIATELY, fields })
    return true
  }

  /** A held pull gets what there is now; it is not held again. */
  #serveHeld(task: PullTask): void {
    try {
      if (this.#hasMoved(task)) return
      this.#serve(task, false)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      const response = error instanceof PullForbidden ? forbidden(error) : { code: error.code, remark: error.message }
      task.channel?.respond(task.opaque, task.serializeType, response)
    } finally {
      this.#giveBack(task)
    }
  }

  #giveBack(task: PullTask): void {
    task.clear()
    if (this.#idle.length < TASKS_KEPT) this.#idle.push(task)
  }

  /** Answers, or holds: true then. @throws RequestError */
  #serve(task: PullTask, maySuspend: boolean): boolean {
    const subscription = this.#rules.admit(task)
    task.filter = isTagExpression(subscription.expressionType) ? undefined : this.#rules.filter(task, subscription)
    this.#subscription = subscription
    const queue = this.#parts.store.queueToRead(task.storeTopic, task.queueId)
    if (queue === undefined) {
      const remark = `topic[${task.storeTopic}] not exist: no message was sent to it, and there are as many light queues as may be`
      throw new RequestError(ResponseCode.TOPIC_NOT_EXIST, `${remark} (maxLmqConsumeQueueNum)`)
    }
    if (this.#parts.coldAccounts.isOver(task.group) && this.#slowDown(task, queue, maySuspend)) return true
    task.broadcast = this.#broadcastOf(task)
    const status = this.#pull(task, queue)
    const answer = this.#answer
    answer.remark = status
    this.#decide(task, status)
    this.#noteBroadcast(task)
    const { offsets, config, stats } = this.#parts
    offsets.commitPulled(task.group, task.storeTopic, task.queueId, answer.nextBeginOffset)
    if (maySuspend && task.has(PullFlag.commitOffset)) {
      offsets.commit(task.group, task.storeTopic, task.queueId, task.commitOffset)
    }
    task.mapped?.rewrite(answer, status === OFFSET_RESET)
    if (answer.code === ResponseCode.PULL_NOT_FOUND && maySuspend && task.has(PullFlag.suspend)) {
      if (this.held.isFull) {
        throw new RequestError(ResponseCode.SYSTEM_BUSY, '[OVERLOAD]system busy, start flow control for a while')
      }
      const { longPollingEnable, shortPollingTimeMills } = config.current
      const waitMs = longPollingEnable ? task.suspendTimeoutMs : shortPollingTimeMills
      task.accepts = this.#tagFilterOf(subscription)
      this.held.hold(task, queue, this.#parts.monotonic() + waitMs)
      return true
    }
    if (answer.code === ResponseCode.PULL_OFFSET_MOVED) this.#offsetMoved()
    if (answer.code === ResponseCode.SUCCESS) {
      const { count, bytes } = this.#parts.store.lastPull
      const traffic = stats.groupGet(task.topic, task.group)
      traffic.messages += count
      traffic.bytes += bytes
      traffic.times++
    }
    answer.send(task)
    return false
  }

  /**
   * The group has read enough cold data for now. Whoever pushes what it pulls asks again later, by itself; others are held
   * (true then), and have one message each time after that until the group may read again.
   * @throws RequestError
   */
  #slowDown(task: PullTask, queue: ConsumeQueue, mayHold: boolean): boolean {
    const { store, consumers, monotonic } = this.#parts
    if (isSystemGroup(task.group) || !store.isCold(queue, task.queueOffset)) return false
    const consumeType = consumers.get(task.group)?.consumeType ?? 'CONSUME_PASSIVELY'
    const isRefused = consumeType === 'CONSUME_PASSIVELY' || (mayHold && this.coldHeld.isFull)
    if (isRefused) {
      const remark = 'This consumer group is reading cold data. It has been flow control'
      throw new RequestError(ResponseCode.SYSTEM_BUSY, remark)
    }
    if (consumeType !== 'CONSUME_ACTIVELY') return false
    if (mayHold) this.coldHeld.hold(task, monotonic())
    else task.maxMsgNums = 1
    return mayHold
  }

  #pull(task: PullTask, queue: ConsumeQueue): string {
    const { store, offsets, config, broadcast } = this.#parts
    const answer = this.#answer
    answer.reset(task.filter)
    const reset = config.current.useServerSideResetOffset
      ? offsets.takeReset(task.group, task.storeTopic, task.queueId)
      : undefined
    const begin = reset ?? (task.broadcast && broadcast.beginOf(task.broadcast))
    if (begin !== undefined) {
      answer.nextBeginOffset = begin
      answer.minOffset = store.minOffsetOf(queue)
      answer.maxOffset = queue.maxOffset
      return OFFSET_RESET
    }
    const accepts = this.#tagFilterOf(this.#subscription)
    const maxCount = Math.min(Math.max(task.maxMsgNums, 1), MSG_NUMS_MAX)
    const status = store.pull(queue, task.queueOffset, maxCount, MAX_PULL_BYTES, accepts, answer)
    const { nextOffset, minOffset, maxOffset, coldBytes } = store.lastPull
    if (coldBytes > 0 && !isSystemGroup(task.group)) {
      this.#parts.coldAccounts.read(task.group, coldBytes, this.#parts.wallClock())
    }
    answer.nextBeginOffset = nextOffset
    answer.minOffset = minOffset
    answer.maxOffset = maxOffset
    return status
  }

  /** Who pulls, if the group broadcasts; undefined also for a connection that has sent no heartbeat. */
  #broadcastOf(task: PullTask): BroadcastPull | undefined {
    const isFromProxy = task.requestSource === PullSource.proxyForBroadcast
    const clientId = isFromProxy ? task.proxyClientId : this.#broadcastingMember(task)
    if (clientId === undefined) return undefined
    const { storeTopic: topic, group, queueId, queueOffset } = task
    return { topic, group, queueId, queueOffset, clientId, isFromProxy }
  }

  #broadcastingMember({ group, channel }: PullTask): string | undefined {
    const members = this.#parts.consumers.get(group)
    if (!members?.isBroadcasting || members.consumeType !== 'CONSUME_PASSIVELY') return undefined
    return channel && members.members.get(channel)?.clientId
  }

  #noteBroadcast({ broadcast, queueOffset }: PullTask): void {
    if (broadcast === undefined) return
    const { code, nextBeginOffset } = this.#answer
    this.#parts.broadcast.pulled(broadcast, code === ResponseCode.PULL_OFFSET_MOVED ? nextBeginOffset : queueOffset)
  }

  /** Code and suggested broker (composeResponseHeader). */
  #decide(task: PullTask, status: string): void {
    const answer = this.#answer
    const { config, store } = this.#parts
    const { group } = this.#rules
    answer.code = codeOf(status, task.queueOffset)
    answer.topicSysFlag = this.#rules.topic.topicSysFlag
    answer.groupSysFlag = group.groupSysFlag
    const suggestsSlave = status !== OFFSET_RESET && store.lastPull.suggestSlave
    const { slaveReadEnable, brokerId } = config.current
    answer.suggestWhichBrokerId = MASTER_ID
    if (slaveReadEnable) {
      answer.suggestWhichBrokerId = suggestsSlave ? group.whichBrokerWhenConsumeSlowly : group.brokerId
    }
    // A slave sends its consumers back to the master as soon as that one is there. While it is not, they stay and wait
    // here for messages; official slaves let them ask again at once, and again.
    if (brokerId === MASTER_ID || suggestsSlave || !this.#parts.isMasterUp()) return
    answer.suggestWhichBrokerId = MASTER_ID
    if (status !== PullStatus.found) answer.code = ResponseCode.PULL_RETRY_IMMEDIATELY
  }

  /** A slave that lags must not move a consumer's offset back. */
  #offsetMoved(): void {
    const { brokerRole, offsetCheckInSlave } = this.#parts.config.current
    if (brokerRole !== 'SLAVE' || offsetCheckInSlave) return
    this.#answer.suggestWhichBrokerId = this.#rules.group.brokerId
    this.#answer.code = ResponseCode.PULL_RETRY_IMMEDIATELY
  }

  /** Undefined when tags do not matter. */
  #tagFilterOf(subscription: SubscriptionData): ((tagsCode: number) => boolean) | undefined {
    if (!isTagExpression(subscription.expressionType)) return undefined
    if (subscription.subString === ALL_TAGS || subscription.classFilterMode) return undefined
    let filter = this.#filters.get(subscription)
    if (filter === undefined) {
      const { codeSet } = subscription
      filter = (tagsCode) => codeSet.has(tagsCode)
      this.#filters.set(subscription, filter)
    }
    return filter
  }
}

function forbidden(error: PullForbidden): Response {
  return { code: error.code, remark: error.message, fields: { forbiddenType: error.forbiddenType } }
}

function codeOf(status: string, queueOffset: number): ResponseCode {
  switch (status) {
    case PullStatus.found:
      return ResponseCode.SUCCESS
    case PullStatus.messageWasRemoving:
    case PullStatus.noMatchedMessage:
      return ResponseCode.PULL_RETRY_IMMEDIATELY
    case PullStatus.noMatchedLogicQueue:
    case PullStatus.noMessageInQueue:
      return queueOffset === 0 ? ResponseCode.PULL_NOT_FOUND : ResponseCode.PULL_OFFSET_MOVED
    case PullStatus.offsetFoundNull:
    case PullStatus.offsetOverflowOne:
      return ResponseCode.PULL_NOT_FOUND
    default:
      return ResponseCode.PULL_OFFSET_MOVED
  }
}
