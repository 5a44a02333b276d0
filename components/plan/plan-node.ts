import type { PortUse } from './ports.ts'

/** A file to write before the node starts. */
interface ConfFile {
  readonly path: string
  readonly text: string
}

/** Who runs a node: this project's engine, or the official Apache RocketMQ. */
export type Engine = 'gantry' | 'apache'

interface NodeBase {
  /** Unique in the cluster, stable, fit for file names: `namesrv-0`, `broker-a-1`. */
  readonly id: string
  readonly engine: Engine
  readonly host: string
  /** Where other nodes reach it, without port. */
  readonly address: string
  /** Where clients reach it, without port. */
  readonly advertisedAddress: string
  /** The interface it listens on; all when left out. */
  readonly bindAddress?: string
  /** listenPort. */
  readonly port: number
  readonly ports: readonly PortUse[]
  readonly dataDir: string
  readonly confFile: ConfFile
  /** tls.properties, where the cluster has certificates. */
  readonly tls?: ConfFile
  /** What the files are to hold that tls.properties names, where that comes with the node. All secret. */
  readonly pems?: { readonly key: string; readonly cert: string; readonly trusted: string }
  /** Flags for Node; of nodes of the engine gantry. */
  readonly nodeOptions: readonly string[]
  /** Flags for Java; of nodes of the engine apache. */
  readonly javaOptions?: readonly string[]
  /** Ids of the nodes that must be healthy before this one starts. */
  readonly dependsOn: readonly string[]
}

export interface NameServerNode extends NodeBase {
  readonly kind: 'nameServer'
}

/** A controller with a process of its own. */
export interface ControllerNode extends NodeBase {
  readonly kind: 'controller'
}

/** REPLICA: a controller decides who is master. */
export type BrokerRole = 'ASYNC_MASTER' | 'SYNC_MASTER' | 'SLAVE' | 'REPLICA'

export interface BrokerNode extends NodeBase {
  readonly kind: 'broker'
  /** brokerName. */
  readonly group: string
  /** Number in the group, from 0. */
  readonly replica: number
  /** 0 is the master; absent where a controller gives the ids. */
  readonly brokerId?: number
  readonly role: BrokerRole
  /** storePathRootDir. */
  readonly storePath: string
  /** brokerIP2: where the other replicas reach its replication port, without port. */
  readonly replicationAddress: string
}

/** A proxy in cluster mode; `port` is its gRPC port. */
export interface ProxyNode extends NodeBase {
  readonly kind: 'proxy'
}

export type PlanNode = NameServerNode | ControllerNode | BrokerNode | ProxyNode

/** Whether the node is the master by configuration: no controller will have another say. */
export const isFixedMaster = (node: BrokerNode): boolean => node.brokerId === 0

const roleNames = { nameServer: 'NAMESRV', controller: 'CONTROLLER', proxy: 'PROXY' } as const

/** What a node is, in one word for tables. */
export const roleName = (node: PlanNode): string => (node.kind === 'broker' ? node.role : roleNames[node.kind])
