import { replicationName } from './docker-hosts.ts'
import { nodePlace, type PlanOptions } from './node-place.ts'
import { placeReplicas, type ReplicaPlacement } from './placement.ts'
import type { BrokerNode, BrokerRole } from './plan-node.ts'
import { brokerPorts, brokerPortUses, metricsPortUses } from './ports.ts'
import { type BrokerSurroundings, brokerProperties, renderBrokerConf } from './render/broker-conf.ts'
import type { ClusterConfig, GroupConfig } from './schema/cluster-config.ts'

const brokerNodeId = (group: string, replica: number): string => `${group}-${replica}`

const roleOf = (group: GroupConfig, replica: number): BrokerRole => {
  if (replica > 0) return 'SLAVE'
  return group.replication === 'sync' ? 'SYNC_MASTER' : 'ASYNC_MASTER'
}

/** What brokers need to know of the nodes they register with. */
export interface Registries {
  /** Where brokers reach the NameServers: `host:port;host:port`. */
  readonly namesrvAddr: string
  /** Where they reach the controllers; '' for a group whose master is fixed. */
  readonly controllerAddr: string
  /** Ids of both. */
  readonly nodeIds: readonly string[]
}

/**
 * The brokers of a checked config, group after group, replica 0 first.
 * @param listenPorts one per broker; left out, they follow from the ports of the config.
 */
export const planBrokers = (
  config: ClusterConfig,
  { namesrvAddr, controllerAddr, nodeIds }: Registries,
  options: PlanOptions,
  listenPorts?: readonly number[],
): BrokerNode[] => {
  const placements = placeReplicas(config)
  const listening = listenPorts ?? brokerPorts(placements, config.ports)
  const groups = new Map(config.groups.map((group) => [group.name, group]))
  const hostsOf = (name: string) => new Set(placements.filter(({ group }) => group === name).map(({ host }) => host))
  const surroundings: BrokerSurroundings = { clusterName: config.name, namesrvAddr, controllerAddr }
  return placements.map(({ group: name, replica, host }: ReplicaPlacement, index) => {
    const group = groups.get(name)
    if (group === undefined) throw new RangeError(`placement of an unknown group ${name}`)
    const id = brokerNodeId(name, replica)
    const port = listening[index] ?? 0
    const place = nodePlace(config, host, id, options, group.engine)
    const isElected = controllerAddr !== ''
    const replicationAddress = replicationName(config, hostsOf(name), id) ?? place.address
    const node = {
      ...place,
      kind: 'broker' as const,
      group: name,
      replica,
      ...(isElected ? { role: 'REPLICA' as const } : { brokerId: replica, role: roleOf(group, replica) }),
      port,
      ports: brokerPortUses(port),
      storePath: `${place.dataDir}/store`,
      replicationAddress,
      dependsOn: replica === 0 || isElected ? nodeIds : [...nodeIds, brokerNodeId(name, 0)],
    }
    const properties = brokerProperties(node, group, surroundings, config.brokerConfig)
    const ports = [...node.ports, ...metricsPortUses(new Map(properties))]
    return {
      ...node,
      ports,
      confFile: { path: `${node.dataDir}/broker.conf`, text: renderBrokerConf(node, properties) },
    }
  })
}
