/*
 * Mistakes that a config can have, each with the smallest example: what docs/reference/config-mistakes.md lists and what
 * the tests try. `source` names the issue in which operators met it.
 */

export interface ConfigMistake {
  readonly mistake: string
  /** YAML of what stands under gantry:cluster; `groups` with one group of one broker is added when left out. */
  readonly example: string
  readonly source?: string
}

interface MistakeSection {
  readonly title: string
  readonly mistakes: readonly ConfigMistake[]
}

const oneGroup = (rest: string) => `groups: [{ name: broker-a, ${rest} }]`
const twoHosts = 'hosts: [{ name: h1, address: 10.0.0.1 }, { name: h2, address: 10.0.0.2 }]'
const aws = 'platform: { aws: { network: { cidr: 10.60.0.0/16, zones: [eu-central-1a, eu-central-1b] } } }'
const existingVpc =
  'platform: { aws: { network: { vpcId: vpc-0123456789abcdef0, s3PrefixListId: pl-0123456789abcdef0, subnets: [{ id: subnet-0123456789abcdef0, zone: eu-central-1a, cidr: 10.1.0.0/24 }] } } }'
const apache = 'engine: apache, platform: { process: { apacheHome: /opt/rocketmq } }'

/** These are refused. */
export const refusedMistakes: readonly MistakeSection[] = [
  {
    title: 'Words',
    mistakes: [
      { mistake: 'an unknown key', example: oneGroup('replica: 2') },
      { mistake: 'a wrong choice', example: oneGroup('flush: SYNC_FLUSH') },
      { mistake: 'a number that is none', example: oneGroup('replicas: two') },
      { mistake: 'two platforms at once', example: 'platform: { process: {}, docker: {} }' },
    ],
  },
  {
    title: 'Security',
    mistakes: [
      { mistake: 'an unknown key', example: 'security: { tls: { modus: enforcing } }' },
      {
        mistake: 'a key of a conf file that security sets',
        example: 'security: { accessControl: {} }, brokerConfig: { authenticationEnabled: true }',
      },
      { mistake: 'ports that keep nodes from one another', example: 'security: { tls: { betweenNodes: false } }' },
      { mistake: 'nodes that are not of this engine', example: `security: { tls: {} }, ${apache}` },
      {
        mistake: 'an existing VPC from which Parameter Store is not reached',
        example: `security: { tls: {} }, ${existingVpc}`,
      },
    ],
  },
  {
    title: 'Groups and copies',
    mistakes: [
      {
        mistake: 'two masters in one group, the same broker ids twice: a group that is written twice',
        example: 'groups: [{ name: broker-a }, { name: broker-a }]',
      },
      { mistake: 'a broker id of its own', example: oneGroup('replicas: 2, config: { brokerId: 0 }') },
      {
        mistake: 'a role of its own: a second master',
        example: oneGroup('replicas: 2, config: { brokerRole: SYNC_MASTER }'),
      },
      { mistake: 'a name that other nodes have', example: 'groups: [{ name: namesrv }]' },
      { mistake: 'sync without a slave', example: oneGroup('replication: sync') },
      {
        mistake: 'more replicas in sync than there are',
        example: `nameServers: 1, controllers: { replicas: 1 }, ${oneGroup('replicas: 2, minInSyncReplicas: 3')}`,
      },
      {
        mistake: 'more copies than replicas, by a key of broker.conf',
        example: oneGroup('replicas: 2, config: { inSyncReplicas: 3 }'),
      },
      {
        mistake: 'a key of broker.conf that undoes replication: sync',
        example: `brokerConfig: { inSyncReplicas: 1 }, ${oneGroup('replicas: 2, replication: sync')}`,
      },
      {
        mistake: 'minInSyncReplicas where the master is fixed',
        example: oneGroup('replicas: 3, minInSyncReplicas: 2'),
      },
    ],
  },
  {
    title: 'Hosts and addresses',
    mistakes: [
      {
        mistake: 'two hosts of one name',
        example: 'hosts: [{ name: h1, address: 10.0.0.1 }, { name: h1, address: 10.0.0.2 }]',
      },
      {
        mistake: 'two hosts of one address',
        example: 'hosts: [{ name: h1, address: 10.0.0.1 }, { name: h2, address: 10.0.0.1 }]',
      },
      {
        mistake: 'more replicas than hosts, where none may be shared',
        example: `antiAffinity: required, ${twoHosts}, ${oneGroup('replicas: 3')}`,
      },
      { mistake: 'a pinned host that is none', example: `${twoHosts}, ${oneGroup('hosts: [h3]')}` },
      { mistake: 'fewer pinned hosts than replicas', example: `${twoHosts}, ${oneGroup('replicas: 2, hosts: [h1]')}` },
      { mistake: 'a NameServer on a host that is none', example: `${twoHosts}, nameServers: [h1, h3]` },
      {
        mistake: 'an address that only means "all interfaces"',
        example: 'hosts: [{ name: h1, address: 10.0.0.1, advertisedAddress: 0.0.0.0 }]',
        source: 'apache/rocketmq#2240',
      },
      {
        mistake: 'clients elsewhere are told a loopback address',
        example: 'hosts: [{ name: h1, address: 10.0.0.1, advertisedAddress: 127.0.0.1 }]',
        source: 'apache/rocketmq#3440',
      },
      {
        mistake: 'a loopback host beside others',
        example: 'hosts: [{ name: h1, address: 10.0.0.1 }, { name: h2, address: 127.0.0.1 }]',
      },
      {
        mistake: 'listening where the other hosts cannot connect',
        example: 'hosts: [{ name: h1, address: 10.0.0.1, bindAddress: 127.0.0.1 }]',
      },
      { mistake: 'an address with a port', example: 'hosts: [{ name: h1, address: "10.0.0.1:10911" }]' },
      {
        mistake: 'brokerIP1 by hand',
        example: 'brokerConfig: { brokerIP1: 192.168.1.7 }',
        source: 'foxiswho/docker-rocketmq#15',
      },
      { mistake: 'a folder that is relative', example: 'dataDir: ~/rocketmq' },
    ],
  },
  {
    title: 'Ports',
    mistakes: [
      { mistake: 'a broker takes three ports: one of them is taken', example: 'ports: { nameServer: 10909 }' },
      { mistake: 'brokers too close together', example: `ports: { brokerStep: 2 }, ${oneGroup('replicas: 2')}` },
      { mistake: 'a port beyond the last one', example: `ports: { broker: 65000 }, ${oneGroup('replicas: 2')}` },
      {
        mistake: 'controllers where a broker is',
        example: `controllers: { mode: standalone, replicas: 1 }, ports: { controller: 10911 }`,
      },
      {
        mistake: 'proxies whose two ports meet',
        example: `${apache}, proxies: { replicas: 2 }, ports: { proxyGrpc: 8081, proxyRemoting: 8071 }`,
        source: 'apache/rocketmq#5517',
      },
      {
        mistake: 'two brokers of a host on one port for Prometheus',
        example: `brokerConfig: { metricsExporterType: PROM }, ${oneGroup('replicas: 2')}`,
      },
    ],
  },
  {
    title: 'Controllers, proxies and engines',
    mistakes: [
      {
        mistake: 'a key that rmq-proxy.json does not have',
        example: 'proxies: { config: { maxMesageSize: "1048576" } }',
      },
      {
        mistake: 'a key of rmq-proxy.json that the planner sets',
        example: 'proxies: { config: { grpcServerPort: "9000" } }',
      },
      {
        mistake: 'more embedded controllers than NameServers',
        example: `nameServers: 2, controllers: { replicas: 3 }`,
      },
      {
        mistake: 'embedded controllers on named hosts',
        example: `${twoHosts}, nameServers: 2, controllers: { replicas: [h1] }`,
      },
      {
        mistake: 'a controller on a host that is none',
        example: `${twoHosts}, controllers: { mode: standalone, replicas: [h3] }`,
      },
      {
        mistake: 'controllers of the other kind',
        example: `controllers: { replicas: 1, config: { controllerType: jRaft } }`,
      },
      {
        mistake: 'controllers and DLedger commit logs at once',
        example: `controllers: { replicas: 1 }, brokerConfig: { enableDLegerCommitLog: true }`,
        source: 'apache/rocketmq#6640',
      },
      { mistake: 'engine: apache without saying where it is', example: 'engine: apache' },
    ],
  },
  {
    title: 'Keys of conf files',
    mistakes: [
      { mistake: 'an unknown key of broker.conf', example: 'brokerConfig: { fileReservedtime: 72 }' },
      { mistake: 'an unknown key with nothing near it', example: 'nameServerConfig: { elephants: 1 }' },
      {
        mistake: 'a value the broker cannot read (Apache RocketMQ drops it without a word)',
        example: 'brokerConfig: { maxMessageSize: 4M }',
      },
      { mistake: 'a value that only the broker can judge', example: 'brokerConfig: { deleteWhen: "25" }' },
      { mistake: 'a key that follows from others', example: 'brokerConfig: { listenPort: 10915 }' },
      {
        mistake: 'a path that Apache RocketMQ takes literally',
        example: `${apache}, brokerConfig: { storePathCommitLog: ~/commitlog }`,
      },
      { mistake: 'a secret that everybody can read', example: 'brokerConfig: { objectStoreSecretKey: abc }' },
    ],
  },
  {
    title: 'Topics and consumer groups',
    mistakes: [
      { mistake: 'queues on a group that is none', example: 'topics: [{ name: orders, queues: { broker-b: 4 } }]' },
      { mistake: 'a topic without queues', example: 'topics: [{ name: orders, queues: { broker-a: 0 } }]' },
      { mistake: 'a topic written twice', example: 'topics: [{ name: orders }, { name: orders }]' },
      { mistake: 'a name with characters that brokers refuse', example: 'topics: [{ name: orders.v1 }]' },
      { mistake: 'a topic of the brokers themselves', example: 'topics: [{ name: SCHEDULE_TOPIC_XXXX }]' },
      { mistake: 'a topic that belongs to a consumer group', example: 'topics: [{ name: "%RETRY%billing" }]' },
      { mistake: 'a consumer group written twice', example: 'consumerGroups: [{ name: billing }, { name: billing }]' },
      { mistake: 'a consumer group of brokers and proxies', example: 'consumerGroups: [{ name: CID_RMQ_SYS_TRANS }]' },
    ],
  },
  {
    title: 'Docker',
    mistakes: [
      { mistake: 'a subnet that is none', example: 'platform: { docker: { subnet: 10.0.0.7/24 } }' },
      { mistake: 'a subnet without room', example: 'platform: { docker: { subnet: 10.0.0.0/30 } }' },
      {
        mistake: 'loopback, which is another place in every container',
        example: 'platform: { docker: {} }, hosts: [{ name: h1, address: 127.0.0.1 }]',
      },
      {
        mistake: 'a host without a Docker Engine',
        example: `platform: { docker: { hosts: { h1: { endpoint: "ssh://ops@h1" } } } }, ${twoHosts}`,
      },
      {
        mistake: 'a folder of the host for a container',
        example: 'platform: { docker: {} }, hosts: [{ name: h1, address: 10.0.0.1, dataDir: /data }]',
      },
    ],
  },
  {
    title: 'AWS',
    mistakes: [
      {
        mistake: 'a zone without a subnet',
        example: `${aws}, ${oneGroup('replicas: 2, aws: { zones: [eu-central-1a, eu-west-1a] }')}`,
      },
      { mistake: 'a network without its parts', example: 'platform: { aws: { network: {} } }' },
      {
        mistake: 'no room for the subnets',
        example: 'platform: { aws: { network: { cidr: 10.60.0.0/22, zones: [eu-central-1a, eu-central-1b] } } }',
      },
      {
        mistake: 'two groups with the same addresses',
        example: `${aws}, groups: [{ name: broker-a }, { name: broker-b, aws: { slot: 0 } }]`,
      },
      { mistake: 'hosts, where every node is an instance', example: `${aws}, nameServers: [h1]` },
      {
        mistake: 'an instance type that is none',
        example:
          'platform: { aws: { network: { cidr: 10.60.0.0/16, zones: [eu-central-1a] }, brokers: { instanceType: large } } }',
      },
      {
        mistake: 'a secret in the user data of instances',
        example: `${aws}, brokerConfig: { objectStoreSecretKey: abc }`,
      },
      { mistake: 'a slot elsewhere', example: oneGroup('aws: { slot: 1 }') },
    ],
  },
]

/** These are brought up, with a note. */
export const notedMistakes: readonly ConfigMistake[] = [
  { mistake: 'an even number of controllers', example: `nameServers: 4, controllers: { replicas: 4 }` },
  { mistake: 'NameServers that share a host', example: `${twoHosts}, nameServers: 3` },
  {
    mistake: 'controllers that share a host',
    example: `${twoHosts}, nameServers: 2, controllers: { mode: standalone, replicas: 3 }`,
  },
  {
    mistake: 'keys that only Apache RocketMQ heeds',
    example: `${oneGroup('config: { sendMessageThreadPoolNums: 4 }')}, nameServerConfig: { defaultThreadPoolNums: 4 }`,
  },
  { mistake: 'a value that the broker corrects', example: 'brokerConfig: { diskMaxUsedSpaceRatio: 99 }' },
  {
    mistake: 'a disk filled further than Apache RocketMQ goes',
    example: `${apache}, brokerConfig: { diskMaxUsedSpaceRatio: 95 }`,
    source: 'apache/rocketmq#4707',
  },
  {
    mistake: 'the transient pool with controllers',
    example: `${apache}, controllers: { replicas: 1 }, brokerConfig: { transientStorePoolEnable: true }`,
    source: 'apache/rocketmq#5714',
  },
]
