import { accepted, flag, implemented, int, LIVE, long, MS, text } from '../conf-key.ts'

export const topics = {
  title: 'Topics and groups',
  about: 'What is created without being asked for, and how tables are kept.',
  keys: {
    ...implemented({
      autoCreateTopicEnable: flag(true, 'Create a topic when the first message for it arrives.', LIVE),
      defaultTopicQueueNums: int(8, 'Queues of a topic created that way at most.', { min: 1, live: true }),
      autoCreateSubscriptionGroup: flag(true, 'Create a consumer group when its first consumer arrives.', LIVE),
      clusterTopicEnable: flag(true, 'Keep a topic named after the cluster.'),
      brokerTopicEnable: flag(true, 'Keep a topic named after the broker group.'),
      traceTopicEnable: flag(false, 'Keep a topic for message traces.'),
      msgTraceTopicName: text('RMQ_SYS_TRACE_TOPIC', 'Name of that topic.'),
      traceOn: flag(true, 'Tell producers to trace their messages.', LIVE),
      validateSystemTopicWhenUpdateTopic: flag(true, 'Refuse changes to system topics.', LIVE),
      clearRetryTopicWhenDeleteTopic: flag(true, 'Delete the retry topics of a topic with it.', LIVE),
      enableCreateSysGroup: flag(true, 'Allow consumer groups with names kept for the system.', LIVE),
      consumerOffsetUpdateVersionStep: long(500, 'Commits of consumer offsets per data version.'),
      forwardTimeout: long(3000, 'Longest wait for another broker that has a part of a static topic.', MS),
      delayOffsetUpdateVersionStep: long(200, 'Commits of delay offsets per data version.'),
    }),
    ...accepted({
      enableMixedMessageType: flag(false, 'Let a topic hold messages of several types.'),
      configManagerVersion: text('v1', 'Layout of tables kept in RocksDB: v1 or v2.'),
      useSingleRocksDBForAllConfigs: flag(false, 'One RocksDB for all tables.'),
      realTimePersistRocksDBConfig: flag(true, 'Save tables at each change.'),
      persistConsumerOffsetIncrementally: flag(false, 'Save changed consumer offsets only.'),
      useStaticSubscription: flag(false, 'Fixed subscriptions.'),
    }),
  },
}
