import { accepted, BYTES, flag, implemented, int, long, MS, oneOf, SECONDS, text } from '../conf-key.ts'

export const messages = {
  title: 'Messages',
  about: 'What may be sent.',
  keys: implemented({
    maxMessageSize: int(4_194_304, 'Largest body; 0: no limit.', { ...BYTES, min: 0 }),
    enableMessageBodyEmptyCheck: flag(true, 'Refuse messages with an empty body.'),
    maxUserPropertySize: int(16_384, 'What properties, tag and keys of a message may take together.', {
      ...BYTES,
      min: 0,
    }),
    userPropertyMaxNum: int(128, 'Properties of a message.', { min: 0 }),
    maxMessageGroupSize: int(64, 'A message group has to be shorter than this; 0: no limit.', { ...BYTES, min: 0 }),
    maxLiteTopicSize: int(64, 'Longest name of a lite topic.', { ...BYTES, min: 1 }),
    maxDelayTimeMills: long(86_400_000, 'How far ahead a time of delivery may be; 0: no limit.', { ...MS, min: 0 }),
    maxTransactionRecoverySecond: long(
      3600,
      'How long a transaction may ask to be left alone before it is checked; 0: no limit.',
      { ...SECONDS, min: 0 },
    ),
    enableTopicMessageTypeCheck: flag(true, "Refuse messages that are not of the topic's type (message.type)."),
    useDelayLevel: flag(false, 'Give messages with a time of delivery the delay level that comes closest, too.'),
    messageDelayLevel: text(
      '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h',
      'The delay levels of the brokers, for useDelayLevel.',
    ),
  }),
}

export const consuming = {
  title: 'Consuming',
  about: 'How messages are given out, and kept from others meanwhile.',
  keys: implemented({
    defaultInvisibleTimeMills: long(60_000, 'How long a message that is renewed is invisible to others at a time.', {
      ...MS,
      min: 1000,
    }),
    minInvisibleTimeMillsForRecv: long(10_000, 'Shortest time that a client may ask for.', { ...MS, min: 0 }),
    maxInvisibleTimeMills: long(43_200_000, 'Longest one; 0: no limit.', { ...MS, min: 0 }),
    grpcClientConsumerMinLongPollingTimeoutMillis: long(5000, 'Shortest wait for a message.', { ...MS, min: 0 }),
    grpcClientConsumerMaxLongPollingTimeoutMillis: long(20_000, 'Longest one.', { ...MS, min: 1 }),
    grpcClientConsumerLongPollingBatchSize: int(32, 'Messages that consumers are told to ask for at a time.', {
      min: 1,
    }),
    enableProxyAutoRenew: flag(true, 'Keep messages invisible as long as a push consumer works on them.'),
    renewSchedulePeriodMillis: long(5000, 'How often to look which have to be renewed.', { ...MS, min: 100 }),
    renewAheadTimeMillis: long(10_000, 'How long before a message would be seen by others it is renewed.', {
      ...MS,
      min: 0,
    }),
    renewMaxTimeMillis: long(10_800_000, 'How long a message is renewed at most.', { ...MS, min: 0 }),
    maxRenewRetryTimes: int(3, 'Failures in a row after which a message is not renewed any more.', { min: 1 }),
    invisibleTimeMillisWhenClear: long(1000, 'When messages of a client that is gone are seen by others.', {
      ...MS,
      min: 0,
    }),
  }),
}

export const settings = {
  title: 'What clients are told',
  about: 'Settings that go out to every client when it connects.',
  keys: implemented({
    grpcClientProducerMaxAttempts: int(3, 'How often a producer tries to send a message.', { min: 1 }),
    grpcClientProducerBackoffInitialMillis: long(10, 'Its first pause.', { ...MS, min: 0 }),
    grpcClientProducerBackoffMaxMillis: long(1000, 'Its longest pause.', { ...MS, min: 0 }),
    grpcClientProducerBackoffMultiplier: int(2, 'By how much each pause is longer than the one before.', { min: 1 }),
    metricCollectorMode: oneOf(['off', 'on', 'proxy'], 'off', 'Where clients send their metrics.'),
    metricCollectorAddress: text('', 'host:port for metricCollectorMode = on.'),
  }),
}

export const caches = {
  title: 'What is remembered',
  about: 'Routes and settings that were asked of name servers and brokers.',
  keys: {
    ...implemented({
      topicRouteServiceCacheRefreshSeconds: int(20, 'A route older than this is asked for again.', {
        ...SECONDS,
        min: 1,
      }),
      topicRouteServiceCacheExpiredSeconds: int(300, 'One that nobody uses for this long is forgotten.', {
        ...SECONDS,
        min: 1,
      }),
      topicRouteServiceCacheMaxNum: int(20_000, 'Routes.', { min: 1 }),
      topicConfigCacheRefreshSeconds: int(20, 'The same for types of topics.', { ...SECONDS, min: 1 }),
      topicConfigCacheExpiredSeconds: int(300, 'Likewise.', { ...SECONDS, min: 1 }),
      topicConfigCacheMaxNum: int(20_000, 'Types of topics.', { min: 1 }),
      subscriptionGroupConfigCacheRefreshSeconds: int(20, 'The same for consumer groups.', { ...SECONDS, min: 1 }),
      subscriptionGroupConfigCacheExpiredSeconds: int(300, 'Likewise.', { ...SECONDS, min: 1 }),
      subscriptionGroupConfigCacheMaxNum: int(20_000, 'Consumer groups.', { min: 1 }),
      userCacheRefreshSeconds: int(
        20,
        'How often users and policies are asked for, all of them; and at once, once a second at most, when somebody is refused. In local mode: every second.',
        { ...SECONDS, min: 1 },
      ),
    }),
    ...accepted({
      userCacheExpiredSeconds: int(300, 'Users in memory: all are.', SECONDS),
      userCacheMaxNum: int(20_000, 'Likewise.'),
      aclCacheExpiredSeconds: int(300, 'Policies in memory: all are.', SECONDS),
      aclCacheRefreshSeconds: int(20, 'Asked for with users.', SECONDS),
      aclCacheMaxNum: int(20_000, 'Likewise.'),
    }),
  },
}

export const transactions = {
  title: 'Transactions',
  about: 'Brokers ask the proxy what became of transactions; it asks the producers.',
  keys: implemented({
    transactionHeartbeatPeriodSecond: int(20, 'How often brokers are told which producers are there.', {
      ...SECONDS,
      min: 1,
    }),
    transactionHeartbeatBatchNum: int(100, 'Groups of producers in one heartbeat.', { min: 1 }),
  }),
}
