import {
  BYTES,
  derived,
  flag,
  implemented,
  int,
  list,
  long,
  MS,
  oneOf,
  optionalText,
  PORT,
  path,
  SECONDS,
  text,
} from '../conf-key.ts'

const tlsFile = (name: string) =>
  derived(`$ROCKETMQ_HOME/conf/tls/${name}`, (env) => `${env.rocketmqHome ?? env.workingFolder}/conf/tls/${name}`)

export const cluster = {
  title: 'Cluster',
  about: 'Which brokers the proxy works for.',
  keys: implemented({
    proxyMode: oneOf(
      ['CLUSTER', 'LOCAL'],
      'CLUSTER',
      'CLUSTER: a process of its own, for the brokers of a cluster. LOCAL: in the process of a broker, for that one: mqbroker --enable-proxy.',
    ),
    rocketMQClusterName: text('DefaultCluster', 'Cluster whose brokers are asked for what consumer groups are set to.'),
    namesrvAddr: list(
      ';',
      derived('$NAMESRV_ADDR', (env) => (env.namesrvAddr ?? '').split(';').filter((it) => it !== '')),
      'Name servers.',
    ),
  }),
}

export const server = {
  title: 'gRPC port',
  about: 'Where clients connect, and how much of it each may have.',
  keys: implemented({
    grpcServerPort: int(8081, 'Port; 0 for any free one.', PORT),
    grpcShutdownTimeSeconds: long(30, 'How long requests that are under way may go on after a signal to stop.', {
      ...SECONDS,
      min: 0,
    }),
    grpcMaxInboundMessageSize: int(136_314_880, 'Largest request.', { ...BYTES, min: 1024 }),
    grpcMaxConcurrentCallsPerConnection: int(2_147_483_647, 'Requests of one connection at a time.', { min: 1 }),
    grpcClientIdleTimeMills: long(120_000, 'A connection of which nothing has come for this long is closed.', {
      ...MS,
      min: 2000,
    }),
    channelExpiredTimeout: long(120_000, 'A client that has sent no heartbeat for this long is forgotten.', {
      ...MS,
      min: 1000,
    }),
    grpcProxyRelayRequestTimeoutInSeconds: long(
      5,
      'How long a client, on either port, may take to answer what an operator or a broker asks.',
      {
        ...SECONDS,
        min: 1,
      },
    ),
    useEndpointPortFromRequest: flag(
      false,
      'Routes carry the port that the client has connected to in place of grpcServerPort: for ports that are mapped.',
    ),
    grpcProducerThreadQueueCapacity: int(10_000, 'Sends under way. One more is answered TOO_MANY_REQUESTS.', {
      min: 1,
    }),
    grpcConsumerThreadQueueCapacity: int(
      10_000,
      'Acknowledgements and changes of invisible times under way. One more is answered TOO_MANY_REQUESTS.',
      { min: 1 },
    ),
    grpcTransactionThreadQueueCapacity: int(10_000, 'Ends of transactions under way, likewise.', { min: 1 }),
    grpcRouteThreadQueueCapacity: int(10_000, 'Requests for routes under way, likewise.', { min: 1 }),
    grpcClientManagerThreadQueueCapacity: int(10_000, 'Heartbeats and goodbyes under way, likewise.', { min: 1 }),
  }),
}

/** Keys that Apache RocketMQ does not have. */
export const own = {
  title: 'Addresses',
  about: 'Keys of this engine alone: Apache RocketMQ passes over them.',
  keys: implemented({
    bindAddress: text('0.0.0.0', 'Address to listen on.'),
    advertisedEndpoints: list(
      ';',
      [],
      'What routes tell clients to connect to, host:port. Left out: the host that the client has connected to.',
    ),
    announceConsumers: flag(
      true,
      'Make consumers of gRPC known to brokers, so that they are listed there and operators reach them: a connection for each of them and each master.',
    ),
    clientsMax: int(50_000, 'Clients known at a time. One more is refused.', { min: 1 }),
    maxLiteRenewNumPerChannel: int(
      100,
      'Messages of lite topics that are renewed for a client. One that has more gets no others.',
      { min: 0 },
    ),
    maxSyncLiteSubscriptionRate: int(
      5000,
      'Requests a second to subscribe to lite topics. More are answered TOO_MANY_REQUESTS.',
      {
        min: 1,
      },
    ),
    receivesMax: int(50_000, 'Requests for messages that wait at a time. One more is answered TOO_MANY_REQUESTS.', {
      min: 1,
    }),
  }),
}

export const tls = {
  title: 'TLS',
  about: 'What both ports show. Whether they take plain connections besides is said by tls.server.mode: docs/tls.md.',
  keys: implemented({
    tlsTestModeEnable: flag(
      true,
      'Show a certificate that is made at the start and proves nothing. Clients of RocketMQ 5 speak TLS unless told otherwise, and take it.',
    ),
    tlsKeyPath: path(tlsFile('rocketmq.key'), 'Private key in PEM format, for tlsTestModeEnable = false.'),
    tlsKeyPassword: optionalText('Its password.'),
    tlsCertPath: path(tlsFile('rocketmq.crt'), 'Its certificate. Both are read again when they change.'),
  }),
}
