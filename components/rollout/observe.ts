import { MASTER_ID } from '../../runtime/codec/route/route-data.ts'
import type { BrokerNode, PlanNode } from '../plan/plan-node.ts'
import { advertisedAddress, nodeAddress } from '../platform/health/node-health.ts'
import { runtimeInfo } from './catch-up.ts'
import type { LiveCluster } from './live-cluster.ts'
import { controllerLeader, quorumView, replicasOf } from './replica-sets.ts'
import { brokerGroups, fromNameServers, isRoutedForWrites } from './routes.ts'

/** What was seen of the nodes asked about. A group that nobody answers for is in none of the maps. */
export interface ObservedCluster {
  readonly nodes: ReadonlyMap<string, { readonly alive: boolean }>
  /** The node that is master, by group. */
  readonly masters: ReadonlyMap<string, string>
  /** Nodes of the SyncStateSet, by group; of elected groups only. */
  readonly inSync: ReadonlyMap<string, readonly string[]>
  /** Where the only replica of a group's SyncStateSet is, `host:port`, if that is none of the nodes; by group. */
  readonly aloneInSync: ReadonlyMap<string, string>
  /** Node that leads the controllers; the NameServer whose process it is in where they are embedded. */
  readonly controllerLeader?: string
  /** Whether the NameServers send writes to a group. */
  readonly writable: ReadonlyMap<string, boolean>
}

/** Looks once, at nodes of a plan. Never rejects: what does not answer is not alive. */
export async function observeCluster(cluster: LiveCluster, nodes: readonly PlanNode[]): Promise<ObservedCluster> {
  const seen = await Promise.all(nodes.map(async (node) => [node.id, { alive: await isAlive(cluster, node) }] as const))
  const brokers = nodes.filter((node): node is BrokerNode => node.kind === 'broker')
  const groups = [...new Set(brokers.map(({ group }) => group))]
  const idAt = (group: string, address: string | undefined) =>
    brokers.find((node) => node.group === group && advertisedAddress(node) === address)?.id
  const masters = new Map<string, string>()
  const inSync = new Map<string, readonly string[]>()
  const aloneInSync = new Map<string, string>()
  const writable = new Map<string, boolean>()
  for (const group of groups) {
    const found = await observeGroup(cluster, group)
    const master = idAt(group, found.master)
    if (master !== undefined) masters.set(group, master)
    if (found.inSync !== undefined)
      inSync.set(
        group,
        found.inSync.flatMap((address) => idAt(group, address) ?? []),
      )
    const [only, ...others] = found.inSync ?? []
    if (only !== undefined && others.length === 0 && idAt(group, only) === undefined) aloneInSync.set(group, only)
    if (found.writable !== undefined) writable.set(group, found.writable)
  }
  const leader = cluster.controllers.length === 0 ? undefined : await orNothing(controllerLeader(cluster))
  const leadingNode = leader === undefined ? undefined : nodes.find((node) => holdsController(node, leader))
  return {
    nodes: new Map(seen),
    masters,
    inSync,
    aloneInSync,
    writable,
    ...(leadingNode === undefined ? {} : { controllerLeader: leadingNode.id }),
  }
}

/** Whether a node's process has the controller at an address. */
const holdsController = ({ address, ports }: PlanNode, leader: string): boolean =>
  ports.some(({ port, purpose }) => purpose === 'controllerDLegerPeers' && leader === `${address}:${port}`)

const isAlive = (cluster: LiveCluster, node: PlanNode): Promise<boolean> =>
  knock(cluster, node).then(
    () => true,
    () => false,
  )

/** Rejects when a node does not answer. */
export async function knock(cluster: LiveCluster, node: PlanNode): Promise<unknown> {
  const address = nodeAddress(node)
  if (node.kind === 'proxy') return cluster.asker.connect(address)
  if (node.kind === 'broker') return runtimeInfo(cluster, address)
  return node.kind === 'controller' ? quorumView(cluster, address) : brokerGroups(cluster, address)
}

async function observeGroup(cluster: LiveCluster, group: string) {
  const routes = await orNothing(fromNameServers(cluster, (nameServer) => brokerGroups(cluster, nameServer)))
  const routed = [...(routes?.values() ?? [])].map((groups) => groups.get(group)?.get(MASTER_ID)).find((each) => each)
  const replicas = cluster.controllers.length === 0 ? undefined : await orNothing(replicasOf(cluster, group))
  const elected = replicas?.masterAddress === '' ? undefined : replicas?.masterAddress
  const writes = await orNothing(
    fromNameServers(cluster, (nameServer) => isRoutedForWrites(cluster, nameServer, group)),
  )
  const said = [...(writes?.values() ?? [])].filter((each) => each !== undefined)
  return {
    master: elected ?? routed,
    inSync: replicas?.inSyncReplicas.map(({ brokerAddress }) => brokerAddress),
    writable: said.length === 0 ? undefined : said.some((isRouted) => isRouted),
  }
}

/** Looking is no change: whatever does not answer is left out of the picture. */
const orNothing = <T>(answer: Promise<T>): Promise<T | undefined> => answer.catch(() => undefined)
