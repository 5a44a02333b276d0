import type * as pulumi from '@pulumi/pulumi'
import type { AntiAffinity, Engine, Permission } from './cluster-enums.ts'
import type { PlatformArgs } from './platform-args.ts'
import type { SecurityArgs } from './security-args.ts'
import type {
  BrokerGroupSpecArgs,
  ControllersArgs,
  HostArgs,
  PortsArgs,
  ProxiesArgs,
  RuntimeArgs,
} from './shared-args.ts'

/** A topic of a cluster. */
export interface TopicSpecArgs {
  /** Name of the topic. */
  name: string
  /** Queues on every broker group. Default: 8. */
  queues?: number
  /** Queues by broker group instead; groups that are not named get none. */
  queuesPerGroup?: { [group: string]: number }
  /** What clients may do. Default: rw. */
  perm?: Permission
  /** Marks the topic as ordered (strict order survives a broker going away). Default: false. */
  order?: boolean
}

/** A consumer group of a cluster. */
export interface ConsumerGroupSpecArgs {
  /** Name of the consumer group. */
  name: string
  /** consumeMessageOrderly. Default: false. */
  orderly?: boolean
  /** consumeBroadcastEnable: broadcasting consumption is allowed. Default: true. */
  broadcast?: boolean
  /** retryQueueNums: queues of the retry topic. Default: 1. */
  retryQueues?: number
  /** Deliveries before a message goes to the dead-letter topic. Default: 16. */
  retryMaxTimes?: number
}

/**
 * A whole cluster: what `gantry:cluster` in a stack file says, in types every Pulumi language has. All values are plain,
 * for they decide which resources there are, but for those of conf files: these may be outputs, secrets among them.
 */
export interface RocketClusterArgs {
  /** brokerClusterName. Default: DefaultCluster. */
  name?: string
  /** Who runs the nodes. Default: gantry. */
  engine?: Engine
  /** How many NameServers, spread over the hosts. Default: 1. */
  nameServers?: number
  /** Names of the hosts to run one NameServer each, instead of nameServers. */
  nameServerHosts?: string[]
  /** Further keys of namesrv.conf for all NameServers. Default: none. */
  nameServerConfig?: { [key: string]: pulumi.Input<string> }
  /** Controllers elect masters: with them a group fails over by itself. Default: none, replica 0 is the master. */
  controllers?: ControllersArgs
  /** The broker groups. */
  groups: BrokerGroupSpecArgs[]
  /** Further keys of broker.conf for all brokers; a group may override them. Default: none. */
  brokerConfig?: { [key: string]: pulumi.Input<string> }
  /** The machines. Default: this one, listening on loopback only. */
  hosts?: HostArgs[]
  /** Whether replicas of a broker group may share a host. Default: preferred. */
  antiAffinity?: AntiAffinity
  /** Listen ports. */
  ports?: PortsArgs
  /** Absolute folder for nodes on hosts other than this machine. Default: /var/lib/gantry. */
  dataDir?: string
  /** Flags of the programs that run the nodes. */
  runtime?: RuntimeArgs
  /** Proxies, which speak gRPC with clients. Default: none. */
  proxies?: ProxiesArgs
  /** Certificates and credentials that are made for the cluster. Default: none. */
  security?: SecurityArgs
  /** Topics to create once the brokers are up. Default: none. */
  topics?: TopicSpecArgs[]
  /** Consumer groups to create once the brokers are up. Default: none. */
  consumerGroups?: ConsumerGroupSpecArgs[]
  /** Where nodes run and what becomes of their files. */
  platform?: PlatformArgs
}
