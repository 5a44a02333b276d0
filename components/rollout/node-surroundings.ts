import { parsePeers } from '../../runtime/config/controller-peers.ts'
import { parseProperties } from '../../runtime/config/properties-file.ts'
import type { PlanNode } from '../plan/plan-node.ts'
import type { ClusterAddresses } from './live-cluster.ts'

/** What a node's conf file sets; nothing for a proxy, whose file is JSON. */
export function confOf({ kind, confFile }: Pick<PlanNode, 'kind' | 'confFile'>): ReadonlyMap<string, string> {
  if (kind === 'proxy') return new Map()
  return new Map(parseProperties(confFile.text).entries.map(({ key, value }) => [key, value]))
}

/** Controllers that a broker, a controller or a NameServer with one has in its conf file: `host:port` each. */
function controllersOf(conf: ReadonlyMap<string, string>): string[] {
  const brokers = conf
    .get('controllerAddr')
    ?.split(';')
    .filter((address) => address !== '')
  if (brokers !== undefined) return brokers
  const peers = conf.get('controllerDLegerPeers')
  return peers === undefined ? [] : parsePeers(peers).peers.map(({ address }) => address)
}

/** The cluster around a node, as its conf file has it. `nameServers`: as they are reached from here. */
export function clusterAround(node: PlanNode, nameServers: readonly string[]): ClusterAddresses {
  const conf = confOf(node)
  return { cluster: conf.get('brokerClusterName') ?? '', nameServers, controllers: controllersOf(conf) }
}

/** The controller in a node's process: itself, or the one a NameServer holds. */
export function ownController(node: PlanNode): { readonly id: string; readonly address: string } | undefined {
  const conf = confOf(node)
  const id = conf.get('controllerDLegerSelfId')
  const peers = conf.get('controllerDLegerPeers')
  if (id === undefined || peers === undefined) return undefined
  const own = parsePeers(peers).peers.find((peer) => peer.id === id)
  return own === undefined ? undefined : { id, address: own.address }
}
