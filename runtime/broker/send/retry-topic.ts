import { Property } from '../../codec/message/properties.ts'
import { ProtocolVersion } from '../../codec/remoting/protocol-version.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { MessageDraft } from '../../store/message-draft.ts'
import { PERM_READ_WRITE, type TopicConfig } from '../topics/topic-config.ts'
import { dlqTopic, RETRY_TOPIC_PREFIX } from '../topics/topic-name.ts'
import { propertiesOf, setProperties } from './rewritten-properties.ts'
import type { SendTopics } from './send-target.ts'

/** What sends read of a consumer group's configuration. */
export interface RetryGroup {
  readonly retryMaxTimes: number
  readonly retryQueueNums: number
}

export interface RetryGroups {
  /** Creates the group when that is allowed, as Java's findSubscriptionGroupConfig does. */
  find(group: string): RetryGroup | undefined
  /** Whether some member holds a lock on a queue: an orderly group, whose messages must not come again in another order. */
  consumesOrderly(group: string): boolean
}

/** A dead-letter topic has one queue. */
export const DLQ_QUEUE_NUMS = 1

export function noSuchGroup(group: string): RequestError {
  return new RequestError(
    ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
    `subscription group not exist, ${group} \nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.`,
  )
}

/** The group a retry topic is named after; retries of pop consumers carry the topic as well: `group+topic`. */
function groupOf(retryTopic: string): string {
  const name = retryTopic.slice(RETRY_TOPIC_PREFIX.length)
  const plus = name.indexOf('+')
  return plus < 0 ? name : name.slice(0, plus)
}

/**
 * A client that sends a message to its retry topic itself (it does when the broker cannot be asked to): after the last
 * attempt it goes to the dead-letter topic, which is returned then.
 * @throws RequestError
 */
export function deadLetterTopicFor(
  retryTopic: string,
  reconsumeTimes: number,
  maxReconsumeTimes: number,
  clientVersion: number,
  draft: MessageDraft,
  groups: RetryGroups,
  topics: SendTopics,
): TopicConfig | undefined {
  const group = groupOf(retryTopic)
  const config = groups.find(group)
  if (config === undefined) throw noSuchGroup(group)
  const isSaid = clientVersion >= ProtocolVersion.V3_4_9 && maxReconsumeTimes >= 0
  const max = isSaid ? maxReconsumeTimes : config.retryMaxTimes
  if (reconsumeTimes <= max && !groups.consumesOrderly(group)) return undefined
  const topic = dlqTopic(group)
  const created = topics.createForSendBack(topic, DLQ_QUEUE_NUMS, PERM_READ_WRITE, 0)
  if (created === undefined) throw new RequestError(ResponseCode.SYSTEM_ERROR, `topic[${topic}] not exist`)
  const properties = propertiesOf(draft)
  properties.set(Property.delay, '-1')
  setProperties(draft, properties)
  return created
}
