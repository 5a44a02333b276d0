import type { ReplicaPlacement } from './placement.ts'
import type { ClusterConfig } from './schema/cluster-config.ts'

export const portMax = 65535

/** A port a node occupies and what for, so that a clash can be explained. */
export interface PortUse {
  readonly port: number
  /** The conf key the port comes from, e.g. `listenPort`, `listenPort - 2`. */
  readonly purpose: string
}

/** Conf key of the port that Prometheus asks. */
export const metricsPortKey = 'metricsPromExporterPort'
const metricsPortDefault = 5557

/** Source: BrokerStartup (haListenPort) and the fast remoting server of BrokerController. */
export const brokerPortUses = (listenPort: number): PortUse[] => [
  { port: listenPort, purpose: 'listenPort' },
  { port: listenPort - 2, purpose: 'listenPort - 2, the second request port' },
  { port: listenPort + 1, purpose: 'listenPort + 1, replication' },
]

/** What a node takes that lets Prometheus ask it, which its conf file says. Source of the default: BrokerConfig, ProxyConfig. */
export const metricsPortUses = (settings: ReadonlyMap<string, string | number | boolean>): PortUse[] => {
  if (settings.get('metricsExporterType') !== 'PROM') return []
  return [{ port: Number(settings.get(metricsPortKey) ?? metricsPortDefault), purpose: metricsPortKey }]
}

/** Ports of nodes of one kind, in the order of `hosts`: the first of a host gets `firstPort`, further ones follow. */
export const portsInTurn = (hosts: readonly string[], firstPort: number, step = 1): number[] => {
  const perHost = new Map<string, number>()
  return hosts.map((host) => {
    const rank = perHost.get(host) ?? 0
    perHost.set(host, rank + 1)
    return firstPort + rank * step
  })
}

/**
 * Listen ports of brokers, in the order of `placements`. On each host masters take the even steps from the base port and
 * slaves the odd ones: the first master 10911, the first slave 11911, the second master 12911 and so on. So a group
 * appended to the config never moves the port of another one, and the classic two-host layout comes out as it is.
 */
export const brokerPorts = (placements: readonly ReplicaPlacement[], ports: ClusterConfig['ports']): number[] => {
  const masters = new Map<string, number>()
  const slaves = new Map<string, number>()
  return placements.map(({ host, replica }) => {
    const counts = replica === 0 ? masters : slaves
    const rank = counts.get(host) ?? 0
    counts.set(host, rank + 1)
    const stepIndex = replica === 0 ? 2 * rank : 2 * rank + 1
    return ports.broker + stepIndex * ports.brokerStep
  })
}
