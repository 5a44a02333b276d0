import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { SubscriptionGroupConfig } from '../groups/subscription-group.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { Current } from '../metadata/current.ts'
import { isBatchTopic } from '../topics/batch-topics.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import { Perm } from '../topics/topic-config.ts'
import type { TopicTable } from '../topics/topic-table.ts'

export interface PopAccessParts {
  readonly config: Current<{ readonly brokerPermission: number; readonly brokerIP1: string }>
  readonly topics: Pick<TopicTable, 'find'>
  readonly groups: Pick<SubscriptionGroupTable, 'find'>
}

const SEE_FAQ = '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.'

/** Whether a topic's messages may be had by a group: checks and remarks that all POP requests share. */
export class PopAccess {
  readonly #parts: PopAccessParts

  constructor(parts: PopAccessParts) {
    this.#parts = parts
  }

  /** @throws RequestError. `verb`: what is forbidden, for the remark about the broker. */
  check(topicName: string, group: string, queueId: number, peer: string, verb: string): TopicConfig {
    const { brokerPermission, brokerIP1 } = this.#parts.config.current
    if ((brokerPermission & Perm.READ) === 0) {
      throw new RequestError(ResponseCode.NO_PERMISSION, `the broker[${brokerIP1}] ${verb} is forbidden`)
    }
    const topic = this.topic(topicName)
    if ((topic.perm & Perm.READ) === 0) {
      throw new RequestError(ResponseCode.NO_PERMISSION, `the topic[${topicName}] peeking message is forbidden`)
    }
    if (isBatchTopic(topic)) throw notForBatches(topicName)
    if (queueId >= topic.readQueueNums) throw illegalQueue(ResponseCode.INVALID_PARAMETER, topic, queueId, peer)
    const config = this.group(group)
    if (!config.consumeEnable) {
      throw new RequestError(ResponseCode.NO_PERMISSION, `subscription group no permission, ${group}`)
    }
    return topic
  }

  /** @throws RequestError TOPIC_NOT_EXIST */
  topic(name: string): TopicConfig {
    const topic = this.#parts.topics.find(name)
    if (topic !== undefined) return topic
    throw new RequestError(ResponseCode.TOPIC_NOT_EXIST, `topic[${name}] not exist, apply first please! ${SEE_FAQ}`)
  }

  /** @throws RequestError SUBSCRIPTION_GROUP_NOT_EXIST */
  group(name: string): SubscriptionGroupConfig {
    const group = this.#parts.groups.find(name)
    if (group !== undefined) return group
    const remark = `subscription group [${name}] does not exist, ${SEE_FAQ}`
    throw new RequestError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark)
  }

  /** The topic of messages that were popped from its queue. @throws RequestError */
  queueOf(topicName: string, queueId: number, peer: string): TopicConfig {
    const topic = this.topic(topicName)
    if (queueId >= 0 && queueId < topic.readQueueNums) return topic
    throw illegalQueue(ResponseCode.MESSAGE_ILLEGAL, topic, queueId, peer)
  }
}

/**
 * Apache RocketMQ's broker hands out the record of a batch, which clients that pop do not take apart: they get what is no
 * message anybody sent.
 */
function notForBatches(topicName: string): RequestError {
  return new RequestError(
    ResponseCode.NO_PERMISSION,
    `the topic[${topicName}] has queue.type=BatchCQ: batches cannot be popped, use a consumer that pulls`,
  )
}

function illegalQueue(code: ResponseCode, topic: TopicConfig, queueId: number, peer: string): RequestError {
  return new RequestError(
    code,
    `queueId[${queueId}] is illegal, topic:[${topic.topicName}] topicConfig.readQueueNums:[${topic.readQueueNums}] ` +
      `consumer:[${peer}]`,
  )
}
