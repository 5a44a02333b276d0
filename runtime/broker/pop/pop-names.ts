import { RETRY_TOPIC_PREFIX } from '../topics/topic-name.ts'

/*
 * Names and numbers of POP, as Apache RocketMQ's KeyBuilder and PopAckConstants have them.
 */

/** The number of revive queue that stands for "consumed in order": such messages have no check points. */
export const ORDER_REVIVE_QUEUE = 999
/** The group under which it is kept how far check points have been gone through. */
export const REVIVE_GROUP = 'CID_RMQ_SYS_REVIVE_GROUP'
/** Messages of one answer: a check point has a bit for each in an int. */
export const POP_MESSAGES_MAX = 32

const SEPARATOR_V1 = '_'
const SEPARATOR_V2 = '+'

/** Where a topic's messages come again for a group, before version 5.2 and unless enableRetryTopicV2 is set. */
export function retryTopicV1(topic: string, group: string): string {
  return RETRY_TOPIC_PREFIX + group + SEPARATOR_V1 + topic
}

export function retryTopicV2(topic: string, group: string): string {
  return RETRY_TOPIC_PREFIX + group + SEPARATOR_V2 + topic
}

/** The topic whose messages lie in a retry topic of the group; the topic itself if it is none. */
export function normalTopic(topic: string, group: string): string {
  if (!topic.startsWith(RETRY_TOPIC_PREFIX)) return topic
  return topic.slice(RETRY_TOPIC_PREFIX.length + group.length + SEPARATOR_V1.length)
}

/** How handles and answers name the kind of topic: `0` normal, `1` and `2` for retry topics of that version. */
export function retryMark(topic: string): '0' | '1' | '2' {
  if (!topic.startsWith(RETRY_TOPIC_PREFIX)) return '0'
  return topic.includes(SEPARATOR_V2) ? '2' : '1'
}

/** The topic a mark stands for; undefined for what is no mark. */
export function markedTopic(mark: string, topic: string, group: string): string | undefined {
  if (mark === '0') return topic
  if (mark === '1') return retryTopicV1(topic, group)
  return mark === '2' ? retryTopicV2(topic, group) : undefined
}
