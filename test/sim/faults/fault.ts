import type { Node } from '../nodes/node.ts'
import type { Cluster } from '../scenarios/cluster.ts'

/** What a fault has to do with. */
export interface FaultContext {
  readonly cluster: Cluster
  /** Faults have ended: nothing that was begun is to be gone on with. */
  readonly isOver: boolean
  /** Notes that it was done. */
  count(kind: string): void
  /** A node of chance; brokers, and of them masters, more often. */
  any(): Node
}
