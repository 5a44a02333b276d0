import type { ConfigProblem } from '../config-problem.ts'
import type { ClusterConfig, TopicConfig } from '../schema/cluster-config.ts'
import { suggestName } from '../suggest-name.ts'
import { duplicateNames, problemAt } from './problem-at.ts'

/** Topics a broker keeps for itself and refuses to create or change on request (source: TopicValidator). */
const systemTopics: ReadonlySet<string> = new Set([
  'TBW102',
  'SCHEDULE_TOPIC_XXXX',
  'BenchmarkTest',
  'RMQ_SYS_TRANS_HALF_TOPIC',
  'RMQ_SYS_TRACE_TOPIC',
  'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  'TRANS_CHECK_MAX_TIME_TOPIC',
  'SELF_TEST_TOPIC',
  'OFFSET_MOVED_EVENT',
  'CHECKPOINT_TOPIC',
  'RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC',
  'RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC',
])
const systemTopicPrefix = 'rmq_sys_'
/** Topics that belong to a consumer group: its retries and dead letters (source: MixAll). */
const groupTopicPrefixes = ['%RETRY%', '%DLQ%']
/** Consumer groups of brokers and proxies themselves (source: MixAll.isSysConsumerGroup). */
const systemGroupPrefix = 'CID_RMQ_SYS_'

const checkTopic = (topic: TopicConfig, index: number, groups: readonly string[]): ConfigProblem[] => {
  const problems: ConfigProblem[] = []
  if (systemTopics.has(topic.name) || topic.name.startsWith(systemTopicPrefix)) {
    const fix = 'Brokers create and keep their system topics by themselves: remove the entry or choose another name.'
    problems.push(problemAt(['topics', index, 'name'], topic.name, 'is a system topic', fix))
  }
  if (groupTopicPrefixes.some((prefix) => topic.name.startsWith(prefix))) {
    const fix = 'Brokers create it when the group needs it: remove the entry; retryQueues of the group sets its queues.'
    problems.push(problemAt(['topics', index, 'name'], topic.name, 'belongs to a consumer group', fix))
  }
  if (typeof topic.queues === 'number') return problems
  for (const [group, count] of Object.entries(topic.queues)) {
    if (groups.includes(group)) continue
    const path = ['topics', index, 'queues', group]
    problems.push(problemAt(path, count, `names no broker group of this config`, suggestName(group, groups)))
  }
  if (Object.values(topic.queues).every((count) => count === 0)) {
    const fix = 'Give at least one broker group one queue or more.'
    problems.push(problemAt(['topics', index, 'queues'], topic.queues, 'gives the topic no queue at all', fix))
  }
  return problems
}

export const checkTopics = (config: ClusterConfig): ConfigProblem[] => {
  const groups = config.groups.map((group) => group.name)
  return [
    ...duplicateNames(
      config.topics.map((topic) => topic.name),
      (index) => ['topics', index, 'name'],
      'topic',
    ),
    ...duplicateNames(
      config.consumerGroups.map((group) => group.name),
      (index) => ['consumerGroups', index, 'name'],
      'consumer group',
    ),
    ...config.topics.flatMap((topic, index) => checkTopic(topic, index, groups)),
    ...config.consumerGroups.flatMap(({ name }, index) => {
      if (!name.startsWith(systemGroupPrefix)) return []
      return [problemAt(['consumerGroups', index, 'name'], name, 'is a system group', 'Choose another name.')]
    }),
  ]
}
