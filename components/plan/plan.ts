import { isLoopback, joinHostPort } from './address.ts'
import { checkPorts } from './checks/check-ports.ts'
import { ConfigError } from './config-problem.ts'
import { placeNameServers, placeReplicas, type ReplicaPlacement } from './placement.ts'
import type { BrokerNode, BrokerRole, NameServerNode, PlanNode } from './plan-node.ts'
import { brokerPorts, brokerPortUses, nameServerPorts } from './ports.ts'
import { brokerProperties, renderBrokerConf } from './render/broker-conf.ts'
import { renderNameServerConf } from './render/namesrv-conf.ts'
import type { ClusterConfig, GroupConfig, HostConfig, TopicConfig } from './schema/cluster-config.ts'

/** A topic to create, with its queues on each broker group that gets some. */
export interface PlannedTopic {
  readonly name: string
  readonly queues: readonly { readonly group: string; readonly count: number }[]
  /** RocketMQ's permission bits: 4 read, 2 write. */
  readonly perm: number
  readonly order: boolean
}

/** A consumer group to create on every broker group. */
export interface PlannedConsumerGroup {
  readonly name: string
  readonly orderly: boolean
  readonly broadcast: boolean
  readonly retryQueues: number
  readonly retryMaxTimes: number
}

/** Everything needed to bring the cluster up, as plain data: no provider, no file and no clock was asked. */
export interface Plan {
  readonly cluster: string
  /** In start order. */
  readonly nodes: readonly PlanNode[]
  /** Ids that may start at the same time, stage after stage: NameServers, masters, slaves. */
  readonly startOrder: readonly (readonly string[])[]
  /** What clients set as NAMESRV_ADDR: `host:port;host:port`. */
  readonly namesrvAddr: string
  readonly topics: readonly PlannedTopic[]
  readonly consumerGroups: readonly PlannedConsumerGroup[]
}

export interface PlanOptions {
  /** Absolute folder for the files of nodes on this machine (hosts with a loopback address). */
  readonly localDataDir: string
  /** First NameServer port; every other port moves by the same distance. Left out: the ports of the config. */
  readonly basePort?: number
}

const nameServerIdPrefix = 'namesrv'
const brokerNodeId = (group: string, brokerId: number): string => `${group}-${brokerId}`

const hostByName = (config: ClusterConfig, name: string): HostConfig => {
  const host = config.hosts.find((candidate) => candidate.name === name)
  if (host === undefined) throw new RangeError(`no host ${name}: placement only uses hosts of the config`)
  return host
}

/** A host and the folder its nodes have theirs in. */
export const hostFolder = (config: ClusterConfig, hostName: string, localDataDir: string) => {
  const host = hostByName(config, hostName)
  return { host, folder: host.dataDir ?? (isLoopback(host.address) ? localDataDir : config.dataDir) }
}

const nodePlace = (config: ClusterConfig, hostName: string, id: string, options: PlanOptions) => {
  const { host, folder: root } = hostFolder(config, hostName, options.localDataDir)
  const local = isLoopback(host.address)
  const bindAddress = host.bindAddress ?? (local ? host.address : undefined)
  return {
    host: host.name,
    address: host.address,
    advertisedAddress: host.advertisedAddress ?? host.address,
    ...(bindAddress === undefined ? {} : { bindAddress }),
    dataDir: `${root}/${id}`,
    nodeOptions: config.runtime.nodeOptions,
  }
}

/** The NameServers of a checked config. */
export const planNameServers = (config: ClusterConfig, options: PlanOptions): NameServerNode[] => {
  const hosts = placeNameServers(config)
  const ports = nameServerPorts(hosts, config.ports)
  return hosts.map((host, index) => {
    const id = `${nameServerIdPrefix}-${index}`
    const port = ports[index] ?? 0
    const place = nodePlace(config, host, id, options)
    const node = {
      id,
      kind: 'nameServer' as const,
      ...place,
      port,
      ports: [{ port, purpose: 'listenPort' }],
      dependsOn: [],
    }
    const text = renderNameServerConf(node, config.nameServerConfig)
    return { ...node, confFile: { path: `${node.dataDir}/namesrv.conf`, text } }
  })
}

const internalNamesrvAddr = (nodes: readonly NameServerNode[]): string =>
  nodes.map((node) => joinHostPort(node.address, node.port)).join(';')

const roleOf = (group: GroupConfig, brokerId: number): BrokerRole => {
  if (brokerId > 0) return 'SLAVE'
  return group.replication === 'sync' ? 'SYNC_MASTER' : 'ASYNC_MASTER'
}

/** What brokers need to know of the NameServers they register with. */
interface Registry {
  /** Where brokers reach them: `host:port;host:port`. */
  readonly namesrvAddr: string
  readonly nodeIds: readonly string[]
}

/**
 * The brokers of a checked config, group after group, the master first.
 * @param listenPorts one per broker; left out, they follow from the ports of the config.
 */
export const planBrokers = (
  config: ClusterConfig,
  { namesrvAddr, nodeIds: nameServerIds }: Registry,
  options: PlanOptions,
  listenPorts?: readonly number[],
): BrokerNode[] => {
  const placements = placeReplicas(config)
  const ports = listenPorts ?? brokerPorts(placements, config.ports)
  const groups = new Map(config.groups.map((group) => [group.name, group]))
  return placements.map((placement: ReplicaPlacement, index) => {
    const group = groups.get(placement.group)
    if (group === undefined) throw new RangeError(`placement of an unknown group ${placement.group}`)
    const id = brokerNodeId(placement.group, placement.brokerId)
    const port = ports[index] ?? 0
    const place = nodePlace(config, placement.host, id, options)
    const node = {
      id,
      kind: 'broker' as const,
      group: placement.group,
      brokerId: placement.brokerId,
      role: roleOf(group, placement.brokerId),
      ...place,
      port,
      ports: brokerPortUses(port),
      storePath: `${place.dataDir}/store`,
      dependsOn: placement.brokerId === 0 ? nameServerIds : [...nameServerIds, brokerNodeId(placement.group, 0)],
    }
    const properties = brokerProperties(node, group, config.name, namesrvAddr, config.brokerConfig)
    return { ...node, confFile: { path: `${node.dataDir}/broker.conf`, text: renderBrokerConf(node, properties) } }
  })
}

/** Bits of `perm` as the wire has them: 4 read, 2 write. */
export const permBits = { rw: 6, r: 4, w: 2 } as const

const planTopic = (topic: TopicConfig, groups: readonly GroupConfig[]): PlannedTopic => {
  const { queues } = topic
  const perGroup = groups.map((group) => ({
    group: group.name,
    count: typeof queues === 'number' ? queues : (queues[group.name] ?? 0),
  }))
  return {
    name: topic.name,
    queues: perGroup.filter(({ count }) => count > 0),
    perm: permBits[topic.perm],
    order: topic.order,
  }
}

const shiftPorts = (config: ClusterConfig, basePort: number | undefined): ClusterConfig => {
  if (basePort === undefined) return config
  const distance = basePort - config.ports.nameServer
  return { ...config, ports: { ...config.ports, nameServer: basePort, broker: config.ports.broker + distance } }
}

/**
 * Turns a checked config into a plan. Pure: the same config and options give the same plan.
 * @throws ConfigError when ports collide or fall outside 1..65535.
 */
export const planCluster = (checked: ClusterConfig, options: PlanOptions): Plan => {
  const config = shiftPorts(checked, options.basePort)
  const nameServers = planNameServers(config, options)
  const registry = { namesrvAddr: internalNamesrvAddr(nameServers), nodeIds: nameServers.map((node) => node.id) }
  const brokers = planBrokers(config, registry, options)
  const masters = brokers.filter((node) => node.brokerId === 0)
  const slaves = brokers.filter((node) => node.brokerId > 0)
  const nodes = [...nameServers, ...masters, ...slaves]
  const problems = checkPorts(nodes, config.ports)
  if (problems.length > 0) throw new ConfigError(problems)
  const stages = [nameServers, masters, slaves].filter((stage) => stage.length > 0)
  return {
    cluster: config.name,
    nodes,
    startOrder: stages.map((stage) => stage.map((node) => node.id)),
    namesrvAddr: nameServers.map((node) => joinHostPort(node.advertisedAddress, node.port)).join(';'),
    topics: config.topics.map((topic) => planTopic(topic, config.groups)),
    consumerGroups: config.consumerGroups,
  }
}
