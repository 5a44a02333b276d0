import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { SqlFilter } from '../../filter/sql-filter.ts'
import type { Channel } from '../../net/channel.ts'
import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { PullStatus } from '../../store/pull.ts'
import type { ConsumerRegistry } from '../clients/consumer-registry.ts'
import { ALL_TAGS, buildSubscription, isTagExpression, type SubscriptionData } from '../clients/subscription.ts'
import type { CompiledFilters } from '../filter/compiled-filters.ts'
import type { ConsumerFilters } from '../filter/consumer-filters.ts'
import { RecordFilter } from '../filter/record-filter.ts'
import type { SubscriptionGroupConfig } from '../groups/subscription-group.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { Current } from '../metadata/current.ts'
import type { BroadcastOffsets, BroadcastPull } from '../offsets/broadcast-offsets.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { HeldPulls } from './held-pulls.ts'
import { PullAnswer } from './pull-answer.ts'
import { PullFlag, PullTask } from './pull-task.ts'

interface PullConfig {
  readonly brokerId: number
  readonly brokerIP1: string
  readonly brokerRole: 'ASYNC_MASTER' | 'SYNC_MASTER' | 'SLAVE'
  readonly brokerPermission: number
  readonly litePullMessageEnable: boolean
  readonly longPollingEnable: boolean
  readonly shortPollingTimeMills: number
  readonly slaveReadEnable: boolean
  readonly offsetCheckInSlave: boolean
  readonly enablePropertyFilter: boolean
  readonly rejectPullConsumerEnable: boolean
  readonly useServerSideResetOffset: boolean
  /** Pulls held at once. */
  readonly pullThreadPoolQueueCapacity: number
}

export interface PullParts {
  readonly config: Current<PullConfig>
  readonly store: Pick<MessageStore, 'queueToRead' | 'pull' | 'lastPull' | 'read'>
  readonly topics: Pick<TopicTable, 'find'>
  readonly groups: Pick<SubscriptionGroupTable, 'find' | 'isForbidden'>
  readonly consumers: Pick<ConsumerRegistry, 'get' | 'findSubscription' | 'learn'>
  readonly compiledFilters: CompiledFilters
  readonly filters: Pick<ConsumerFilters, 'get'>
  readonly offsets: Pick<ConsumerOffsets, 'commit' | 'commitPulled' | 'takeReset'>
  readonly broadcast: Pick<BroadcastOffsets, 'beginOf' | 'pulled'>
  readonly stats: Pick<BrokerStats, 'groupGet'>
  readonly monotonic: () => number
  /** Slaves: whether the master can be read from now. */
  readonly isMasterUp: () => boolean
}

const PERM_READ = 4
const INDEX_PERM_READ = 2
const MASTER_ID = 0
const MAX_PULL_BYTES = 128 * 1024 * 1024
const SEE_FAQ = '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.'
const TASKS_KEPT = 256
/** A pull for more messages is served as one for so many: the filter looks at a multiple of the number. */
const MSG_NUMS_MAX = 4096

/** forbiddenType of a NO_PERMISSION answer (ForbiddenType). */
const Forbidden = { broker: 1, group: 2, topic: 3, broadcast: 4, subscription: 5 } as const

/** requestSource of pulls that a proxy makes for others (RequestSource). */
const PROXY_FOR_BROADCAST = 1
const PROXY_FOR_STREAM = 2

/** Refused, with the field that tells the client what is forbidden. */
class PullForbidden extends RequestError {
  readonly forbiddenType: number

  constructor(forbiddenType: number, remark: string) {
    super(ResponseCode.NO_PERMISSION, remark)
    this.forbiddenType = forbiddenType
  }
}

/** PULL_MESSAGE and LITE_PULL_MESSAGE, with long polling. Rules and remarks as in Apache RocketMQ's PullMessageProcessor. */
export class PullHandler {
  readonly held: HeldPulls
  readonly #parts: PullParts
  readonly #answer = new PullAnswer()
  readonly #idle: PullTask[] = []
  readonly #filters = new WeakMap<SubscriptionData, (tagsCode: number) => boolean>()
  /** What a pull is being answered from. */
  #group!: SubscriptionGroupConfig
  #topic!: TopicConfig
  #subscription!: SubscriptionData

  constructor(parts: PullParts) {
    this.#parts = parts
    const max = parts.config.current.pullThreadPoolQueueCapacity
    const recordFilter = new RecordFilter()
    const wants = (task: PullTask, phyOffset: number, sizeBytes: number): boolean => {
      const record = parts.store.read(phyOffset, sizeBytes)
      if (record === undefined || task.filter === undefined) return true
      return recordFilter.matches(task.filter, record.bytes, record.start, record.length)
    }
    this.held = new HeldPulls(max, (task) => this.#serveHeld(task), wants)
  }

  handle(request: CommandView, channel: Channel): Response | undefined {
    const { brokerRole, slaveReadEnable } = this.#parts.config.current
    if (brokerRole === 'SLAVE' && !slaveReadEnable) {
      throw new RequestError(ResponseCode.SYSTEM_BUSY, '[REJECTREQUEST]system busy, start flow control for a while')
    }
    const task = this.#idle.pop() ?? new PullTask()
    let isHeld = false
    try {
      task.read(request, channel)
      if (task.has(PullFlag.subscription)) task.subscription = subscriptionOf(request, task)
      isHeld = this.#serve(task, true)
      return undefined
    } catch (error) {
      if (error instanceof PullForbidden) return forbidden(error)
      throw error
    } finally {
      if (!isHeld) this.#giveBack(task)
    }
  }

  /** A held pull gets what there is now; it is not held again. */
  #serveHeld(task: PullTask): void {
    try {
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
    this.#checkTopicAndGroup(task)
    this.#learn(task)
    const subscription = task.subscription ?? this.#subscriptionFromHeartbeat(task)
    this.#checkPullConsumer(task)
    task.filter = isTagExpression(subscription.expressionType) ? undefined : this.#filter(task, subscription)
    this.#subscription = subscription
    const queue = this.#parts.store.queueToRead(task.topic, task.queueId)
    if (queue === undefined) {
      const remark = `topic[${task.topic}] not exist: no message was sent to it, and there are as many light queues as may be`
      throw new RequestError(ResponseCode.TOPIC_NOT_EXIST, `${remark} (maxLmqConsumeQueueNum)`)
    }
    task.broadcast = this.#broadcastOf(task)
    const status = this.#pull(task, queue)
    const answer = this.#answer
    answer.remark = status
    this.#decide(task, status)
    this.#noteBroadcast(task)
    const { offsets, config, stats } = this.#parts
    offsets.commitPulled(task.group, task.topic, task.queueId, answer.nextBeginOffset)
    if (maySuspend && task.has(PullFlag.commitOffset)) {
      offsets.commit(task.group, task.topic, task.queueId, task.commitOffset)
    }
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

  #pull(task: PullTask, queue: ConsumeQueue): string {
    const { store, offsets, config, broadcast } = this.#parts
    const answer = this.#answer
    answer.reset(task.filter)
    const reset = config.current.useServerSideResetOffset
      ? offsets.takeReset(task.group, task.topic, task.queueId)
      : undefined
    const begin = reset ?? (task.broadcast && broadcast.beginOf(task.broadcast))
    if (begin !== undefined) {
      answer.nextBeginOffset = begin
      answer.minOffset = queue.minOffset
      answer.maxOffset = queue.maxOffset
      return 'OFFSET_RESET'
    }
    const accepts = this.#tagFilterOf(this.#subscription)
    const maxCount = Math.min(Math.max(task.maxMsgNums, 1), MSG_NUMS_MAX)
    const status = store.pull(queue, task.queueOffset, maxCount, MAX_PULL_BYTES, accepts, answer)
    const { nextOffset, minOffset, maxOffset } = store.lastPull
    answer.nextBeginOffset = nextOffset
    answer.minOffset = minOffset
    answer.maxOffset = maxOffset
    return status
  }

  /** Who pulls, if the group broadcasts; undefined also for a connection that has sent no heartbeat. */
  #broadcastOf(task: PullTask): BroadcastPull | undefined {
    const isFromProxy = task.requestSource === PROXY_FOR_BROADCAST
    const clientId = isFromProxy ? task.proxyClientId : this.#broadcastingMember(task)
    if (clientId === undefined) return undefined
    const { topic, group, queueId, queueOffset } = task
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
    const group = this.#group
    answer.code = codeOf(status, task.queueOffset)
    answer.topicSysFlag = this.#topic.topicSysFlag
    answer.groupSysFlag = group.groupSysFlag
    const suggestsSlave = status !== 'OFFSET_RESET' && store.lastPull.suggestSlave
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
    this.#answer.suggestWhichBrokerId = this.#group.brokerId
    this.#answer.code = ResponseCode.PULL_RETRY_IMMEDIATELY
  }

  #checkTopicAndGroup(task: PullTask): void {
    const { config, groups, topics } = this.#parts
    const { brokerPermission, brokerIP1, litePullMessageEnable } = config.current
    if ((brokerPermission & PERM_READ) === 0) {
      throw new PullForbidden(Forbidden.broker, `the broker[${brokerIP1}] pulling message is forbidden`)
    }
    if (task.code === RequestCode.LITE_PULL_MESSAGE && !litePullMessageEnable) {
      throw new PullForbidden(Forbidden.broker, `the broker[${brokerIP1}] for lite pull consumer is forbidden`)
    }
    const group = groups.find(task.group)
    if (group === undefined) {
      const remark = `subscription group [${task.group}] does not exist, ${SEE_FAQ}`
      throw new RequestError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark)
    }
    if (!group.consumeEnable) {
      throw new PullForbidden(Forbidden.group, `subscription group no permission, ${task.group}`)
    }
    const topic = topics.find(task.topic)
    if (topic === undefined) {
      const remark = `topic[${task.topic}] not exist, apply first please! ${SEE_FAQ}`
      throw new RequestError(ResponseCode.TOPIC_NOT_EXIST, remark)
    }
    if ((topic.perm & PERM_READ) === 0) {
      throw new PullForbidden(Forbidden.topic, `the topic[${task.topic}] pulling message is forbidden`)
    }
    if (task.queueId < 0 || task.queueId >= topic.readQueueNums) {
      throw new RequestError(
        ResponseCode.INVALID_PARAMETER,
        `queueId[${task.queueId}] is illegal, topic:[${task.topic}] topicConfig.readQueueNums:[${topic.readQueueNums}] ` +
          `consumer:[${task.channel?.remoteText}]`,
      )
    }
    this.#group = group
    this.#topic = topic
  }

  #learn(task: PullTask): void {
    const { consumers } = this.#parts
    const type = task.requestSource === PROXY_FOR_STREAM ? 'CONSUME_ACTIVELY' : 'CONSUME_PASSIVELY'
    const model = task.requestSource === PROXY_FOR_BROADCAST ? 'BROADCASTING' : 'CLUSTERING'
    consumers.learn(task.group, type, model, task.subscription)
  }

  #subscriptionFromHeartbeat(task: PullTask): SubscriptionData {
    const { consumers, groups } = this.#parts
    const members = consumers.get(task.group)
    if (members === undefined) {
      throw new RequestError(ResponseCode.SUBSCRIPTION_NOT_EXIST, `the consumer's group info not exist${SEE_FAQ}`)
    }
    if (!this.#group.consumeBroadcastEnable && members.isBroadcasting) {
      const remark = `the consumer group[${task.group}] can not consume by broadcast way`
      throw new PullForbidden(Forbidden.broadcast, remark)
    }
    if (groups.isForbidden(task.group, task.topic, INDEX_PERM_READ)) {
      const remark = `the consumer group[${task.group}] is forbidden for topic[${task.topic}]`
      throw new PullForbidden(Forbidden.subscription, remark)
    }
    const subscription = consumers.findSubscription(task.group, task.topic)
    if (subscription === undefined) {
      throw new RequestError(ResponseCode.SUBSCRIPTION_NOT_EXIST, `the consumer's subscription not exist${SEE_FAQ}`)
    }
    if (subscription.subVersion < task.subVersion) {
      throw new RequestError(ResponseCode.SUBSCRIPTION_NOT_LATEST, "the consumer's subscription not latest")
    }
    return subscription
  }

  /** The filter of a subscription by expression. @throws RequestError */
  #filter(task: PullTask, { expressionType, subString }: SubscriptionData): SqlFilter {
    const { config, compiledFilters, filters } = this.#parts
    if (!config.current.enablePropertyFilter) {
      const remark = `The broker does not support consumer to filter message by ${expressionType}`
      throw new RequestError(ResponseCode.SYSTEM_ERROR, remark)
    }
    if (task.subscription !== undefined) return compiledFilters.get(subString, expressionType)
    const known = filters.get(task.topic, task.group)
    if (known?.compiled === undefined) {
      const reason = compiledFilters.reasonAgainst(subString, expressionType)
      const remark = `The broker's consumer filter data is not exist!Your expression may be wrong!${reason}`
      throw new RequestError(ResponseCode.FILTER_DATA_NOT_EXIST, remark)
    }
    if (known.clientVersion < task.subVersion) {
      throw new RequestError(ResponseCode.FILTER_DATA_NOT_LATEST, "the consumer's consumer filter data not latest")
    }
    return known.compiled
  }

  #checkPullConsumer(task: PullTask): void {
    if (!this.#parts.config.current.rejectPullConsumerEnable) return
    const members = this.#parts.consumers.get(task.group)
    if (members !== undefined && members.consumeType !== 'CONSUME_ACTIVELY') return
    if (members !== undefined && task.channel !== undefined && members.members.has(task.channel)) return
    const remark = `the consumer's group info not exist, or the pull consumer is rejected by server.${SEE_FAQ}`
    throw new RequestError(ResponseCode.SUBSCRIPTION_NOT_EXIST, remark)
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

function subscriptionOf(request: CommandView, task: PullTask): SubscriptionData {
  const expression = request.text('subscription')
  const built = buildSubscription(task.topic, expression, request.text('expressionType'), task.subVersion)
  if (built !== undefined) return built
  throw new RequestError(ResponseCode.SUBSCRIPTION_PARSE_FAILED, "parse the consumer's subscription failed")
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
