import type { CommandView } from '../../codec/remoting/command-view.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { SqlFilter } from '../../filter/sql-filter.ts'
import { LMQ_QUEUE_ID } from '../../store/light/light-queues.ts'
import type { ConsumerRegistry } from '../clients/consumer-registry.ts'
import { buildSubscription, type SubscriptionData } from '../clients/subscription.ts'
import type { CompiledFilters } from '../filter/compiled-filters.ts'
import type { ConsumerFilters } from '../filter/consumer-filters.ts'
import type { SubscriptionGroupConfig } from '../groups/subscription-group.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import { isLiteTopic, LITE_NOT_SERVED } from '../lite/lite-access.ts'
import type { Current } from '../metadata/current.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { PullSource, type PullTask } from './pull-task.ts'

export interface PullRulesConfig {
  readonly brokerIP1: string
  readonly brokerPermission: number
  readonly litePullMessageEnable: boolean
  readonly enablePropertyFilter: boolean
  readonly rejectPullConsumerEnable: boolean
  readonly enableLmq: boolean
  readonly enableMultiDispatch: boolean
}

export interface PullRulesParts {
  readonly config: Current<PullRulesConfig>
  readonly topics: Pick<TopicTable, 'find'>
  readonly groups: Pick<SubscriptionGroupTable, 'find' | 'isForbidden'>
  readonly consumers: Pick<ConsumerRegistry, 'get' | 'findSubscription' | 'learn'>
  readonly compiledFilters: CompiledFilters
  readonly filters: Pick<ConsumerFilters, 'get'>
}

const PERM_READ = 4
const INDEX_PERM_READ = 2
const SEE_FAQ = '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.'

/** forbiddenType of a NO_PERMISSION answer (ForbiddenType). */
const Forbidden = { broker: 1, group: 2, topic: 3, broadcast: 4, subscription: 5 } as const

/** Refused, with the field that tells the client what is forbidden. */
export class PullForbidden extends RequestError {
  readonly forbiddenType: number

  constructor(forbiddenType: number, remark: string) {
    super(ResponseCode.NO_PERMISSION, remark)
    this.forbiddenType = forbiddenType
  }
}

/** Who may pull what, and by which subscription: the checks before a pull, in the order and words of Apache RocketMQ's PullMessageProcessor. */
export class PullRules {
  readonly #parts: PullRulesParts
  /** Of the pull that was admitted last. */
  group!: SubscriptionGroupConfig
  topic!: TopicConfig

  constructor(parts: PullRulesParts) {
    this.#parts = parts
  }

  /** The subscription by which the pull is answered. @throws RequestError */
  admit(task: PullTask): SubscriptionData {
    this.#checkTopicAndGroup(task)
    this.#learn(task)
    const subscription = task.subscription ?? this.#subscriptionFromHeartbeat(task)
    this.#checkPullConsumer(task)
    return subscription
  }

  /** The filter of a subscription by expression. @throws RequestError */
  filter(task: PullTask, { expressionType, subString }: SubscriptionData): SqlFilter {
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
    if (task.mapped?.isAway !== true && (task.queueId < 0 || task.queueId >= topic.readQueueNums)) {
      throw new RequestError(
        ResponseCode.INVALID_PARAMETER,
        `queueId[${task.queueId}] is illegal, topic:[${task.topic}] topicConfig.readQueueNums:[${topic.readQueueNums}] ` +
          `consumer:[${task.channel?.remoteText}]`,
      )
    }
    if (task.storeTopic !== task.topic) this.#checkLite(task, topic)
    this.group = group
    this.topic = topic
  }

  /** For pulls of a lite topic, by a `liteTopic` in the request. */
  #checkLite(task: PullTask, topic: TopicConfig): void {
    const { enableLmq, enableMultiDispatch } = this.#parts.config.current
    if (!enableLmq || !enableMultiDispatch) throw new PullForbidden(Forbidden.broker, LITE_NOT_SERVED)
    if (!isLiteTopic(topic)) {
      throw new RequestError(ResponseCode.INVALID_PARAMETER, `the topic [${task.topic}] message type not match`)
    }
    if (task.queueId !== LMQ_QUEUE_ID) {
      const remark = `queueId[${task.queueId}] is illegal: a lite topic has queue ${LMQ_QUEUE_ID} alone`
      throw new RequestError(ResponseCode.INVALID_PARAMETER, remark)
    }
  }

  #learn(task: PullTask): void {
    const { consumers } = this.#parts
    const type = task.requestSource === PullSource.proxyForStream ? 'CONSUME_ACTIVELY' : 'CONSUME_PASSIVELY'
    const model = task.requestSource === PullSource.proxyForBroadcast ? 'BROADCASTING' : 'CLUSTERING'
    consumers.learn(task.group, type, model, task.subscription)
  }

  #subscriptionFromHeartbeat(task: PullTask): SubscriptionData {
    const { consumers, groups } = this.#parts
    const members = consumers.get(task.group)
    if (members === undefined) {
      throw new RequestError(ResponseCode.SUBSCRIPTION_NOT_EXIST, `the consumer's group info not exist${SEE_FAQ}`)
    }
    if (!this.group.consumeBroadcastEnable && members.isBroadcasting) {
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

  #checkPullConsumer(task: PullTask): void {
    if (!this.#parts.config.current.rejectPullConsumerEnable) return
    const members = this.#parts.consumers.get(task.group)
    if (members !== undefined && members.consumeType !== 'CONSUME_ACTIVELY') return
    if (members !== undefined && task.channel !== undefined && members.members.has(task.channel)) return
    const remark = `the consumer's group info not exist, or the pull consumer is rejected by server.${SEE_FAQ}`
    throw new RequestError(ResponseCode.SUBSCRIPTION_NOT_EXIST, remark)
  }
}

/** What a pull that brings its own subscription wants. @throws RequestError */
export function subscriptionOf(request: CommandView, task: PullTask): SubscriptionData {
  const expression = request.text('subscription')
  const built = buildSubscription(task.topic, expression, request.text('expressionType'), task.subVersion)
  if (built !== undefined) return built
  throw new RequestError(ResponseCode.SUBSCRIPTION_PARSE_FAILED, "parse the consumer's subscription failed")
}
