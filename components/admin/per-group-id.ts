import type { Existing } from '../cluster/cluster-enums.ts'

/** Inputs of a thing that has settings of its own on the master of each broker group. */
export interface PerGroupInputs {
  /** `host:port;host:port` */
  readonly namesrvAddr: string
  /** brokerClusterName. */
  readonly clusterName: string
  readonly name: string
  /** Broker groups it is to be on; others of the cluster are left as they are. Left out: all that the NameServers know. */
  readonly groups?: readonly string[]
  /** What creating does with a thing of that name that is there already. Left out: takeOver. */
  readonly existing?: Existing
}

/** What Pulumi knows it by. */
export const perGroupId = (clusterName: string, name: string): string => `${clusterName}/${name}`
