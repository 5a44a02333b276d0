import type { AntiAffinity, Flush, Replication } from './cluster-enums.ts'

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
}

/** Listen ports. */
export interface PortsArgs {
  /** First NameServer of a host; further ones follow one by one. Default: 9876. */
  nameServer?: number
  /** First broker of a host. A broker also takes its port - 2 and + 1. Default: 10911. */
  broker?: number
  /** Distance from one broker of a host to the next. Default: 1000. */
  brokerStep?: number
}

/** Settings of the engine process itself. */
export interface RuntimeArgs {
  /** Flags for the Node that runs each node, e.g. `--max-old-space-size=512`. Default: none. */
  nodeOptions?: string[]
}

/** Where nodes run and what becomes of their files. Nodes run as processes of this machine. */
export interface PlatformArgs {
  /** Absolute folder for nodes on this machine. Default: `.gantry/<stack>` beside Pulumi.yaml, as `gantry up` has it. */
  localDataDir?: string
  /** Absolute folder with the mqnamesrv and mqbroker to run. Default: the engine of this package. */
  runtimeBin?: string
  /** Whether the data folder of a node stays when the node is deleted. Default: true. */
  retainData?: boolean
  /** Whether deleting a data folder is refused (Pulumi's protect). Default: false. */
  protectData?: boolean
  /** How long a node may take until it is healthy, in seconds. Default: 120. */
  readyTimeoutSeconds?: number
}

/** A broker group: replicas of the same queues under one brokerName. */
export interface BrokerGroupSpecArgs {
  /** brokerName: the name master and slaves share. */
  name: string
  /** Brokers in the group: one master, the rest slaves. Default: 1. */
  replicas?: number
  /** When a send is acknowledged. Default: async. */
  replication?: Replication
  /** When a broker takes a message as stored. Default: async. */
  flush?: Flush
  /** Names of the hosts, one per replica, the master first. Default: the planner spreads them. */
  hosts?: string[]
  /** Further keys of broker.conf for the brokers of this group. Default: none. */
  config?: { [key: string]: string }
}

/** What all parts of a cluster that are placed on machines have in common. */
export interface PlacedArgs {
  /** brokerClusterName. Default: DefaultCluster. */
  clusterName?: string
  /** The machines. Default: this one, listening on loopback only. */
  hosts?: HostArgs[]
  /** Whether replicas may share a host. Default: preferred. */
  antiAffinity?: AntiAffinity
  /** Listen ports. */
  ports?: PortsArgs
  /** Absolute folder for nodes on hosts other than this machine. Default: /var/lib/gantry. */
  dataDir?: string
  /** Settings of the engine process itself. */
  runtime?: RuntimeArgs
  /** Where nodes run and what becomes of their files. */
  platform?: PlatformArgs
}

/** A node of a cluster as it was made. */
export interface ClusterNode {
  /** Unique in the cluster: `namesrv-0`, `broker-a-1`. */
  id: string
  /** NAMESRV, ASYNC_MASTER, SYNC_MASTER or SLAVE. */
  role: string
  /** `host:port` where clients reach it. */
  address: string
  /** Name of the host it is on. */
  host: string
  /** brokerName; absent for a NameServer. */
  group?: string
  /** 0 is the master; absent for a NameServer. */
  brokerId?: number
}
