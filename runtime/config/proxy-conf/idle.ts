import { accepted, derived, flag, implemented, int, long, MS, oneOf, PORT, path, SECONDS, text } from '../conf-key.ts'

const threads = (byDefault: number | ReturnType<typeof perProcessor>) => int(byDefault, 'Threads.')
const perProcessor = (factor: number, more = 0) =>
  derived(`${more > 0 ? `${more} + ` : ''}${factor} per processor`, (env) => more + factor * env.processors)
const queue = (byDefault: number) => int(byDefault, 'Requests that may wait for a thread.')
const underWay = (byDefault: number, what: string) =>
  int(byDefault, `${what} under way. One more is answered SYSTEM_BUSY.`, { min: 1 })
const wait = (byDefault: number) => long(byDefault, 'How long a request may wait for a thread.', MS)

export const names = {
  title: 'Names and duties of the original',
  about: 'What this engine needs no setting for, or does not do.',
  keys: accepted({
    proxyClusterName: text('DefaultCluster', 'Name of the group of proxies, for metrics.'),
    proxyName: text(
      derived('the name of the host', (env) => env.hostName),
      'Name of the proxy, for metrics.',
    ),
    localServeAddr: text('', 'Own address, for other proxies.'),
    namesrvDomain: text('', 'Host that tells where the name servers are.'),
    namesrvDomainSubgroup: text('', 'Which of them.'),
    brokerConfigPath: path(
      derived('$ROCKETMQ_HOME/conf/broker.conf', (env) => `${env.rocketmqHome ?? env.workingFolder}/conf/broker.conf`),
      'Conf file of the broker that runs in the same process.',
    ),
    heartbeatSyncerTopicClusterName: text('', 'Cluster of the topic by which proxies tell one another of consumers.'),
    heartbeatSyncerTopicName: text('DefaultHeartBeatSyncerTopic', 'Name of that topic.'),
    channelExpiredInSeconds: int(60, 'Has no effect in the original either.', SECONDS),
    contextExpiredInSeconds: int(30, 'Has no effect in the original either.', SECONDS),
    longPollingReserveTimeInMillis: long(100, 'Has no effect in the original either.', MS),
    transactionDataExpireScanPeriodMillis: long(10_000, 'Here transaction ids hold what the end of one needs.', MS),
    transactionDataMaxWaitClearMillis: long(30_000, 'Likewise.', MS),
    transactionDataExpireMillis: long(30_000, 'Likewise.', MS),
    transactionDataMaxNum: int(15, 'Likewise.'),
    enableBatchAck: flag(
      false,
      'Send acknowledgements of one request to a broker together. Here they go out side by side.',
    ),
    regionId: text('', 'Region that messages carry.'),
    traceOn: flag(false, 'Trace.'),
    enableAclRpcHookForClusterMode: flag(
      false,
      'Sign requests to brokers: here done with innerClientAuthenticationCredentials.',
    ),
    sendLatencyEnable: flag(false, 'Avoid brokers that were slow.'),
    startDetectorEnable: flag(false, 'Look after them.'),
    detectTimeout: int(200, 'How long to wait for one.', MS),
    detectInterval: int(2000, 'How often.', MS),
    tlsCertWatchIntervalMs: int(3_600_000, 'How often to look for new certificates; here every two seconds.', MS),
    lockTimeoutMsInHandleGroup: long(3000, 'How long to wait for a lock.', MS),
  }),
}

export const remotingPort = {
  title: 'Remoting port',
  about:
    'For clients of the remoting protocol, which take the proxy for their name server: [proxy.md](../proxy.md#clients-of-remoting).',
  keys: {
    ...implemented({
      remotingListenPort: int(8080, 'Port; 0 for any free one.', PORT),
      remotingAccessAddr: text(
        '',
        'Host, or host:port where the port is mapped, that routes give for every broker. Left out: the host that the client has connected to.',
      ),
      remotingSendThreadPoolQueueCapacity: underWay(10_000, 'Sends'),
      remotingPullThreadPoolQueueCapacity: underWay(50_000, 'Requests for messages'),
      remotingUpdateOffsetThreadPoolQueueCapacity: underWay(10_000, 'Commits of offsets and acknowledgements'),
      remotingHeartbeatThreadPoolQueueCapacity: underWay(50_000, 'Heartbeats'),
      remotingTopicRouteThreadPoolQueueCapacity: underWay(50_000, 'Requests for routes'),
      remotingDefaultThreadPoolQueueCapacity: underWay(50_000, 'Others'),
    }),
    ...accepted({
      enableRemotingLocalProxyGrpc: flag(true, 'Take gRPC there, too.'),
      localProxyConnectTimeoutMs: int(3000, 'How long that may take.', MS),
      remotingHeartbeatThreadPoolNums: threads(perProcessor(2)),
      remotingTopicRouteThreadPoolNums: threads(perProcessor(2)),
      remotingSendMessageThreadPoolNums: threads(perProcessor(4)),
      remotingPullMessageThreadPoolNums: threads(perProcessor(4)),
      remotingUpdateOffsetThreadPoolNums: threads(perProcessor(4)),
      remotingDefaultThreadPoolNums: threads(perProcessor(4)),
      remotingWaitTimeMillsInSendQueue: wait(3000),
      remotingWaitTimeMillsInPullQueue: wait(5000),
      remotingWaitTimeMillsInHeartbeatQueue: wait(31_000),
      remotingWaitTimeMillsInUpdateOffsetQueue: wait(3000),
      remotingWaitTimeMillsInTopicRouteQueue: wait(3000),
      remotingWaitTimeMillsInDefaultQueue: wait(3000),
    }),
  },
}

export const metrics = {
  title: 'Metrics',
  about: 'Not served yet.',
  keys: accepted({
    metricsExporterType: oneOf(['DISABLE', 'OTLP_GRPC', 'PROM', 'LOG'], 'DISABLE', 'How metrics are given out.'),
    metricsGrpcExporterTarget: text('', 'Collector.'),
    metricsGrpcExporterHeader: text('', 'Headers for it.'),
    metricGrpcExporterTimeOutInMills: long(3000, 'How long it may take.', MS),
    metricGrpcExporterIntervalInMills: long(60_000, 'How often.', MS),
    metricLoggingExporterIntervalInMills: long(10_000, 'How often, in the log.', MS),
    metricsPromExporterPort: int(5557, 'Port for Prometheus.', PORT),
    metricsPromExporterHost: text('', 'Its address.'),
    metricsLabel: text('', 'Labels.'),
    metricsInDelta: flag(false, 'Differences in place of sums.'),
  }),
}

export const threadPools = {
  title: 'Threads',
  about: 'This engine has one.',
  keys: accepted({
    grpcBossLoopNum: threads(1),
    grpcWorkerLoopNum: threads(perProcessor(2)),
    enableGrpcEpoll: flag(false, 'How sockets are watched.'),
    grpcThreadPoolNums: threads(perProcessor(2, 16)),
    grpcThreadPoolQueueCapacity: queue(100_000),
    rocketmqMQClientNum: int(6, 'Connections to each broker.'),
    grpcProducerThreadPoolNums: threads(perProcessor(1)),
    grpcConsumerThreadPoolNums: threads(perProcessor(1)),
    grpcRouteThreadPoolNums: threads(perProcessor(1)),
    grpcClientManagerThreadPoolNums: threads(perProcessor(1)),
    grpcTransactionThreadPoolNums: threads(perProcessor(1)),
    producerProcessorThreadPoolNums: threads(perProcessor(1)),
    producerProcessorThreadPoolQueueCapacity: queue(10_000),
    consumerProcessorThreadPoolNums: threads(perProcessor(1)),
    consumerProcessorThreadPoolQueueCapacity: queue(10_000),
    topicRouteServiceThreadPoolNums: threads(perProcessor(1)),
    topicRouteServiceThreadPoolQueueCapacity: queue(5000),
    metadataThreadPoolNums: threads(3),
    metadataThreadPoolQueueCapacity: queue(100_000),
    transactionHeartbeatThreadPoolNums: threads(20),
    transactionHeartbeatThreadPoolQueueCapacity: queue(200),
    heartbeatSyncerThreadPoolNums: threads(4),
    heartbeatSyncerThreadPoolQueueCapacity: queue(100),
    renewThreadPoolNums: threads(2),
    renewMaxThreadPoolNums: threads(4),
    renewThreadPoolQueueCapacity: queue(300),
    returnHandleGroupThreadPoolNums: threads(2),
    enablePrintJstack: flag(true, 'Write stacks of threads into the log.'),
    printJstackInMillis: long(60_000, 'How often.', MS),
    printThreadPoolStatusInMillis: long(3000, 'How often the state of threads.', MS),
  }),
}
