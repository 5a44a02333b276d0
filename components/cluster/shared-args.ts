import type * as pulumi from '@pulumi/pulumi'
import type { AwsGroupArgs } from './aws-platform-args.ts'
import type { AntiAffinity, ControllerMode, Engine, Flush, Replication } from './cluster-enums.ts'
import type { PlatformArgs } from './platform-args.ts'

/** A machine that nodes may be placed on. */
export interface HostArgs {
  /** How other arguments refer to the host. */
  name: string
  /** Where the other nodes reach it. A loopback address means: this machine. */
  address: string
  /** Where clients reach it, when that differs from address. Default: address. */
  advertisedAddress?: string
  /** The interface to listen on. Default: loopback hosts listen on their address, others on all interfaces. */
  bindAddress?: string
  /** Absolute folder for the files of nodes on this host. Default: dataDir of the cluster. */
  dataDir?: string
  /** What fails together with this host; replicas are spread over zones. Default: the host by itself. */
  zone?: string
}

/** Listen ports. */
export interface PortsArgs {
  /** First NameServer of a host; further ones follow one by one. Default: 9876. */
  nameServer?: number
  /** First broker of a host. A broker also takes its port - 2 and + 1. Default: 10911. */
  broker?: number
  /** First controller of a host, for brokers and its peers; further ones follow one by one. Default: 19876. */
  controller?: number
  /** gRPC port of the first proxy of a host; further ones follow ten by ten. Default: 8081. */
  proxyGrpc?: number
  /** Remoting port of the first proxy of a host; likewise. Default: 8080. */
  proxyRemoting?: number
  /** Distance from one broker of a host to the next. Default: 1000. */
  brokerStep?: number
}

/** Flags of the programs that run the nodes. */
export interface RuntimeArgs {
  /** Flags for the Node that runs each node, e.g. `--max-old-space-size=512`. Default: none. */
  nodeOptions?: string[]
  /** Flags for the Java that runs each node with engine: apache, e.g. `-XX:+UseZGC`. Default: none. */
  javaOptions?: string[]
}

/** A broker group: replicas of the same queues under one brokerName. */
export interface BrokerGroupSpecArgs {
  /** brokerName: the name master and slaves share. */
  name: string
  /** Brokers in the group: one master, the rest slaves. Default: 1. */
  replicas?: number
  /** Who runs the brokers of this group. Default: the engine of the cluster. */
  engine?: Engine
  /** When a send is acknowledged. Default: async. */
  replication?: Replication
  /** With controllers: sends are refused while fewer replicas are in sync. Default: 2 for sync groups from 3 on, else 1. */
  minInSyncReplicas?: number
  /** When a broker takes a message as stored. Default: async. */
  flush?: Flush
  /** Names of the hosts, one per replica, the master first. Default: the planner spreads them. */
  hosts?: string[]
  /** Further keys of broker.conf for the brokers of this group. Default: none. */
  config?: { [key: string]: pulumi.Input<string> }
  /** On AWS: what is different for the brokers of this group. */
  aws?: AwsGroupArgs
}

/** Controllers of a cluster. */
export interface ControllersArgs {
  /** In the processes of the NameServers, or nodes of their own. Default: embedded. */
  mode?: ControllerMode
  /** How many: odd, for an even one more brings no more safety. Default: 3. */
  replicas?: number
  /** standalone: names of the hosts to run one controller each, instead of replicas. */
  placement?: string[]
  /** Further keys of controller.conf. Default: none. */
  config?: { [key: string]: pulumi.Input<string> }
}

/** Proxies of a cluster. */
export interface ProxiesArgs {
  /** How many, spread over the hosts. Default: 1. */
  replicas?: number
  /** Names of the hosts to run one proxy each, instead of replicas. */
  placement?: string[]
  /** Further keys of rmq-proxy.json. Default: none. */
  config?: { [key: string]: pulumi.Input<string> }
}

/** What all parts of a cluster that are placed on machines have in common. */
export interface PlacedArgs {
  /** brokerClusterName. Default: DefaultCluster. */
  clusterName?: string
  /** Who runs the nodes. Default: gantry. */
  engine?: Engine
  /** The machines. Default: this one, listening on loopback only. */
  hosts?: HostArgs[]
  /** Whether replicas may share a host. Default: preferred. */
  antiAffinity?: AntiAffinity
  /** Listen ports. */
  ports?: PortsArgs
  /** Absolute folder for nodes on hosts other than this machine. Default: /var/lib/gantry. */
  dataDir?: string
  /** Flags of the programs that run the nodes. */
  runtime?: RuntimeArgs
  /** Where nodes run and what becomes of their files. */
  platform?: PlatformArgs
}

/** A node of a cluster as it was made. */
export interface ClusterNode {
  /** Unique in the cluster: `namesrv-0`, `broker-a-1`. */
  id: string
  /** NAMESRV, CONTROLLER, ASYNC_MASTER, SYNC_MASTER, SLAVE, REPLICA (a controller decides who is master) or PROXY. */
  role: string
  /** `host:port` where clients reach it. */
  address: string
  /** Name of the host it is on. */
  host: string
  /** brokerName; brokers only. */
  group?: string
  /** 0 is the master; only of brokers whose id is fixed. */
  brokerId?: number
}
