import { PERM_READ_WRITE, Perm, type TopicConfig, topicConfig } from './topic-config.ts'
import {
  AUTO_CREATE_TOPIC,
  BENCHMARK_TOPIC,
  METADATA_TOPIC,
  OFFSET_MOVED_EVENT_TOPIC,
  REPLY_TOPIC_POSTFIX,
  REVIVE_TOPIC_PREFIX,
  ROCKSDB_TRANS_HALF_TOPIC,
  ROCKSDB_TRANS_OP_HALF_TOPIC,
  SCHEDULE_TOPIC,
  SELF_TEST_TOPIC,
  SYNC_BROKER_MEMBER_PREFIX,
  TIMER_TOPIC,
  TRANS_HALF_TOPIC,
  TRANS_OP_HALF_TOPIC,
} from './topic-name.ts'

/** What the topics a broker starts with depend on: keys of broker.conf. */
export interface SystemTopicSettings {
  readonly brokerClusterName: string
  readonly brokerName: string
  readonly autoCreateTopicEnable: boolean
  readonly defaultTopicQueueNums: number
  readonly clusterTopicEnable: boolean
  readonly brokerTopicEnable: boolean
  readonly traceTopicEnable: boolean
  readonly msgTraceTopicName: string
  readonly reviveQueueNum: number
  readonly timerWheelEnable: boolean
  readonly enableControllerMode: boolean
}

const BENCHMARK_QUEUE_NUMS = 1024
const SCHEDULE_QUEUE_NUMS = 18

/** The topics of a fresh broker, as `TopicConfigManager.init` makes them. */
export function systemTopics(settings: SystemTopicSettings): TopicConfig[] {
  const { brokerClusterName, brokerName } = settings
  const sized = (name: string, queueNums: number, perm = PERM_READ_WRITE) =>
    topicConfig(name, { readQueueNums: queueNums, writeQueueNums: queueNums, perm })
  const clusterPerm = settings.clusterTopicEnable ? Perm.INHERIT | PERM_READ_WRITE : Perm.INHERIT
  const brokerPerm = settings.brokerTopicEnable ? Perm.INHERIT | PERM_READ_WRITE : Perm.INHERIT
  const topics = [sized(SELF_TEST_TOPIC, 1)]
  if (settings.autoCreateTopicEnable) {
    topics.push(sized(AUTO_CREATE_TOPIC, settings.defaultTopicQueueNums, Perm.INHERIT | PERM_READ_WRITE))
  }
  topics.push(
    sized(BENCHMARK_TOPIC, BENCHMARK_QUEUE_NUMS),
    topicConfig(brokerClusterName, { perm: clusterPerm }),
    sized(brokerName, 1, brokerPerm),
    sized(OFFSET_MOVED_EVENT_TOPIC, 1),
    sized(SCHEDULE_TOPIC, SCHEDULE_QUEUE_NUMS),
  )
  if (settings.traceTopicEnable) topics.push(sized(settings.msgTraceTopicName, 1))
  topics.push(
    sized(`${brokerClusterName}_${REPLY_TOPIC_POSTFIX}`, 1),
    sized(REVIVE_TOPIC_PREFIX + brokerClusterName, settings.reviveQueueNum),
    sized(SYNC_BROKER_MEMBER_PREFIX + brokerName, 1, Perm.INHERIT),
    sized(TRANS_HALF_TOPIC, 1),
    sized(TRANS_OP_HALF_TOPIC, 1),
    sized(ROCKSDB_TRANS_HALF_TOPIC, 1),
    sized(ROCKSDB_TRANS_OP_HALF_TOPIC, 1),
  )
  if (settings.enableControllerMode) topics.push(sized(METADATA_TOPIC, 1, 0))
  if (settings.timerWheelEnable) topics.push(sized(TIMER_TOPIC, 1))
  return topics
}
