import type { PortUse } from './ports.ts'

/** A file to write before the node starts. */
interface ConfFile {
  readonly path: string
  readonly text: string
}

interface NodeBase {
  /** Unique in the cluster, stable, fit for file names: `namesrv-0`, `broker-a-1`. */
  readonly id: string
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
  readonly nodeOptions: readonly string[]
  /** Ids of the nodes that must be healthy before this one starts. */
  readonly dependsOn: readonly string[]
}

export interface NameServerNode extends NodeBase {
  readonly kind: 'nameServer'
}

export type BrokerRole = 'ASYNC_MASTER' | 'SYNC_MASTER' | 'SLAVE'

export interface BrokerNode extends NodeBase {
  readonly kind: 'broker'
  /** brokerName. */
  readonly group: string
  /** 0 is the master. */
  readonly brokerId: number
  readonly role: BrokerRole
  /** storePathRootDir. */
  readonly storePath: string
}

export type PlanNode = NameServerNode | BrokerNode
