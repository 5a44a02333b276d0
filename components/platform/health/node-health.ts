import { joinHostPort } from '../../plan/address.ts'
import type { BrokerNode, PlanNode } from '../../plan/plan-node.ts'
import type { ClusterProbe } from './cluster-probe.ts'
import { missingFromSyncStateSet } from './sync-state.ts'

/** What a node's health is judged against. */
export interface HealthContext {
  /** NameServers that are up: `host:port`. */
  readonly nameServers: readonly string[]
  /** For a slave: its master, and how many slaves of the group, this one included, must be in sync by now. */
  readonly master?: { readonly address: string; readonly inSyncSlaves: number }
}

/** Where the other nodes reach it. */
export const nodeAddress = (node: PlanNode): string => joinHostPort(node.address, node.port)
/** Where clients reach it: what it registers with the NameServers. */
export const advertisedAddress = (node: PlanNode): string => joinHostPort(node.advertisedAddress, node.port)

async function missingRegistration(
  probe: ClusterProbe,
  node: BrokerNode,
  nameServers: readonly string[],
): Promise<string | undefined> {
  const tables = await Promise.all(nameServers.map((nameServer) => probe.brokerTable(nameServer)))
  const own = advertisedAddress(node)
  const isIn = (brokers: ReadonlyMap<number, string> | undefined) =>
    node.brokerId === undefined ? [...(brokers?.values() ?? [])].includes(own) : brokers?.get(node.brokerId) === own
  const index = tables.findIndex((table) => !isIn(table.get(node.group)))
  return index < 0 ? undefined : `not registered with NameServer ${nameServers[index]} yet`
}

/** Rejects while the node does not answer. A controller may do so without a leader: its peers may not be up yet. */
const knock = async (probe: ClusterProbe, { kind }: PlanNode, address: string): Promise<void> => {
  if (kind === 'nameServer') await probe.brokerTable(address)
  else if (kind === 'controller') await probe.controllerLeader(address)
  else await probe.connect(address)
}

/**
 * Whether a node does its work: a NameServer or controller answers; a proxy takes connections; a broker answers and is
 * registered with every NameServer; a slave is also in sync with its master, an elected broker in the SyncStateSet.
 * @param address where the node is asked
 * @returns undefined when healthy, otherwise what is still missing.
 */
export async function whatIsMissing(
  probe: ClusterProbe,
  node: PlanNode,
  context: HealthContext,
  address = nodeAddress(node),
): Promise<string | undefined> {
  try {
    if (node.kind !== 'broker') {
      await knock(probe, node, address)
      return undefined
    }
    await probe.runtimeInfo(address)
    const registration = await missingRegistration(probe, node, context.nameServers)
    if (registration !== undefined) return registration
    if (context.master === undefined) return await missingFromSyncStateSet(probe, node, advertisedAddress(node))
    const inSync = await probe.inSyncSlaves(context.master.address)
    return inSync >= context.master.inSyncSlaves
      ? undefined
      : `not in sync with its master ${context.master.address} yet`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
