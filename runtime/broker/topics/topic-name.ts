/*
 * Rules for names of topics and groups, with the remarks of Apache RocketMQ's TopicValidator.
 */

export const RETRY_TOPIC_PREFIX = '%RETRY%'
const DLQ_TOPIC_PREFIX = '%DLQ%'

/** Auto-created topics take their perm and at most their number of queues from this one. */
export const AUTO_CREATE_TOPIC = 'TBW102'
export const SCHEDULE_TOPIC = 'SCHEDULE_TOPIC_XXXX'
export const BENCHMARK_TOPIC = 'BenchmarkTest'
export const SELF_TEST_TOPIC = 'SELF_TEST_TOPIC'
export const OFFSET_MOVED_EVENT_TOPIC = 'OFFSET_MOVED_EVENT'
const TRACE_TOPIC = 'RMQ_SYS_TRACE_TOPIC'
export const TRANS_HALF_TOPIC = 'RMQ_SYS_TRANS_HALF_TOPIC'
export const TRANS_OP_HALF_TOPIC = 'RMQ_SYS_TRANS_OP_HALF_TOPIC'
export const ROCKSDB_TRANS_HALF_TOPIC = 'RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC'
export const ROCKSDB_TRANS_OP_HALF_TOPIC = 'RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC'
export const TRANS_CHECK_MAX_TIME_TOPIC = 'TRANS_CHECK_MAX_TIME_TOPIC'
export const TIMER_TOPIC = 'rmq_sys_wheel_timer'
const CHECKPOINT_TOPIC = 'CHECKPOINT_TOPIC'
export const SYSTEM_TOPIC_PREFIX = 'rmq_sys_'
export const SYNC_BROKER_MEMBER_PREFIX = 'rmq_sys_SYNC_BROKER_MEMBER_'
/** Changes of topics and groups in controller mode; ours, unknown to Apache RocketMQ, which takes it for a system topic. */
export const METADATA_TOPIC = 'rmq_sys_GANTRY_METADATA'
export const REVIVE_TOPIC_PREFIX = 'rmq_sys_REVIVE_LOG_'
export const REPLY_TOPIC_POSTFIX = 'REPLY_TOPIC'

const TOPIC_LENGTH_MAX = 127
/** Retry and dead-letter topics carry a group's name besides their prefix. */
const RETRY_OR_DLQ_TOPIC_LENGTH_MAX = 255
const GROUP_LENGTH_MAX = 120

/** System topics every broker knows, whatever its configuration. */
export const COMMON_SYSTEM_TOPICS: readonly string[] = [
  AUTO_CREATE_TOPIC,
  SCHEDULE_TOPIC,
  BENCHMARK_TOPIC,
  TRANS_HALF_TOPIC,
  TRACE_TOPIC,
  TRANS_OP_HALF_TOPIC,
  TRANS_CHECK_MAX_TIME_TOPIC,
  SELF_TEST_TOPIC,
  OFFSET_MOVED_EVENT_TOPIC,
  CHECKPOINT_TOPIC,
  ROCKSDB_TRANS_HALF_TOPIC,
  ROCKSDB_TRANS_OP_HALF_TOPIC,
]

const NOT_ALLOWED_TO_SEND: ReadonlySet<string> = new Set([
  SCHEDULE_TOPIC,
  TRANS_HALF_TOPIC,
  TRANS_OP_HALF_TOPIC,
  TRANS_CHECK_MAX_TIME_TOPIC,
  SELF_TEST_TOPIC,
  OFFSET_MOVED_EVENT_TOPIC,
  ROCKSDB_TRANS_HALF_TOPIC,
  ROCKSDB_TRANS_OP_HALF_TOPIC,
])

export function retryTopic(group: string): string {
  return RETRY_TOPIC_PREFIX + group
}

export function dlqTopic(group: string): string {
  return DLQ_TOPIC_PREFIX + group
}

/** Topics that belong to the broker's own machinery: clients may not send to them. */
export function isNotAllowedToSend(topic: string): boolean {
  return NOT_ALLOWED_TO_SEND.has(topic)
}

/** What is wrong with the name of a topic, undefined if nothing. */
export function topicNameProblem(topic: string): string | undefined {
  if (isBlank(topic)) return 'The specified topic is blank.'
  if (hasIllegalCharacter(topic)) {
    return `The specified topic: ${topic}, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$`
  }
  if (topic.startsWith(RETRY_TOPIC_PREFIX) || topic.startsWith(DLQ_TOPIC_PREFIX)) {
    if (topic.length <= RETRY_OR_DLQ_TOPIC_LENGTH_MAX) return undefined
    return `The specified topic is DLQ or Retry topic: ${topic}, and it's longer than topic max length: ${RETRY_OR_DLQ_TOPIC_LENGTH_MAX}`
  }
  if (topic.length <= TOPIC_LENGTH_MAX) return undefined
  return `The specified topic: ${topic}, is longer than topic max length: ${TOPIC_LENGTH_MAX}`
}

/** What is wrong with the name of a group, undefined if nothing. */
export function groupNameProblem(group: string): string | undefined {
  if (isBlank(group)) return 'The specified group is blank.'
  if (hasIllegalCharacter(group)) {
    return `The specified group: ${group}, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$`
  }
  if (group.length <= GROUP_LENGTH_MAX) return undefined
  return `The specified group: ${group}, is longer than group max length: ${GROUP_LENGTH_MAX}`
}

function isBlank(text: string): boolean {
  return text.trim() === ''
}

function hasIllegalCharacter(name: string): boolean {
  return !/^[%|a-zA-Z0-9_-]*$/.test(name)
}
