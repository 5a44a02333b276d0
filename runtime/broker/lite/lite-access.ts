import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { Current } from '../metadata/current.ts'
import { Perm, type TopicConfig } from '../topics/topic-config.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { type LiteGroup, liteGroupOf } from './lite-group.ts'

export interface LiteAccessParts {
  readonly config: Current<{ readonly brokerPermission: number; readonly brokerIP1: string }>
  readonly topics: Pick<TopicTable, 'find'>
  readonly groups: Pick<SubscriptionGroupTable, 'find'>
  /** Whether light queues are kept: enableLmq and enableMultiDispatch. */
  readonly isServed: boolean
  readonly isMaster: () => boolean
}

export const LITE_NOT_SERVED =
  'this broker serves no lite topics: they need enableLmq=true and enableMultiDispatch=true'
const SEE_FAQ = '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.'

/** The topic's type is LITE: its messages belong to lite topics. */
export function isLiteTopic(topic: TopicConfig | undefined): boolean {
  return topic?.attributes.get('message.type') === 'LITE'
}

/** Whether a group may consume lite topics of a topic: checks that requests share, with remarks as in PopLiteMessageProcessor. */
export class LiteAccess {
  readonly #parts: LiteAccessParts

  constructor(parts: LiteAccessParts) {
    this.#parts = parts
  }

  /** @throws RequestError */
  checkServed(): void {
    const { isServed, isMaster } = this.#parts
    if (!isMaster()) throw new RequestError(ResponseCode.SLAVE_NOT_AVAILABLE, 'lite topics are consumed at the master')
    if (isServed) return
    throw new RequestError(ResponseCode.NO_PERMISSION, LITE_NOT_SERVED)
  }

  /** @throws RequestError */
  check(topicName: string, group: string): LiteGroup {
    const { brokerPermission, brokerIP1 } = this.#parts.config.current
    this.checkServed()
    if ((brokerPermission & Perm.READ) === 0) {
      throw new RequestError(ResponseCode.NO_PERMISSION, `the broker[${brokerIP1}] pop message is forbidden`)
    }
    this.#checkTopic(topicName)
    return this.#checkGroup(topicName, group)
  }

  #checkTopic(name: string): void {
    const topic = this.#parts.topics.find(name)
    if (topic === undefined) {
      throw new RequestError(ResponseCode.TOPIC_NOT_EXIST, `topic [${name}] not exist, apply first please! ${SEE_FAQ}`)
    }
    if ((topic.perm & Perm.READ) === 0) {
      throw new RequestError(ResponseCode.NO_PERMISSION, `the topic [${name}] peeking message is forbidden`)
    }
    if (!isLiteTopic(topic)) {
      throw new RequestError(ResponseCode.INVALID_PARAMETER, `the topic [${name}] message type not match`)
    }
  }

  #checkGroup(topic: string, name: string): LiteGroup {
    const config = this.#parts.groups.find(name)
    if (config === undefined) {
      const remark = `subscription group [${name}] not exist, ${SEE_FAQ}`
      throw new RequestError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark)
    }
    if (!config.consumeEnable) {
      throw new RequestError(ResponseCode.NO_PERMISSION, `subscription group no permission, ${name}`)
    }
    const group = liteGroupOf(config)
    if (group?.bindTopic === topic) return group
    throw new RequestError(ResponseCode.INVALID_PARAMETER, `subscription bind topic not match, ${name}`)
  }
}
