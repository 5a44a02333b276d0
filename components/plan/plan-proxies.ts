import { nodePlace, type PlanOptions } from './node-place.ts'
import { placeInTurn } from './placement.ts'
import type { ProxyNode } from './plan-node.ts'
import { metricsPortUses, portsInTurn } from './ports.ts'
import { renderProxyJson } from './render/proxy-json.ts'
import type { ClusterConfig } from './schema/cluster-config.ts'

/** Further proxies of a host take ports this far apart. */
const portStep = 10

/** What proxies need to know of the cluster before them. */
export interface ProxySurroundings {
  /** Where they reach the NameServers: `host:port;host:port`. */
  readonly namesrvAddr: string
  /** Brokers that have to be there first: a proxy starts by creating a topic of its own, and ends when it cannot. */
  readonly brokerIds: readonly string[]
}

/** The proxies of a checked config, in cluster mode. */
export const planProxies = (
  config: ClusterConfig,
  { namesrvAddr, brokerIds }: ProxySurroundings,
  options: PlanOptions,
): ProxyNode[] => {
  const { proxies } = config
  if (proxies === undefined) return []
  const hosts = placeInTurn(proxies.replicas, config.hosts)
  const grpcPorts = portsInTurn(hosts, config.ports.proxyGrpc, portStep)
  const remotingPorts = portsInTurn(hosts, config.ports.proxyRemoting, portStep)
  return hosts.map((host, index) => {
    const place = nodePlace(config, host, `proxy-${index}`, options)
    const [port = 0, remotingPort = 0] = [grpcPorts[index], remotingPorts[index]]
    const metricsPorts = place.engine === 'apache' ? metricsPortUses(new Map(Object.entries(proxies.config))) : []
    const ports = [
      { port, purpose: 'grpcServerPort' },
      { port: remotingPort, purpose: 'remotingListenPort' },
      ...metricsPorts,
    ]
    const text = renderProxyJson(
      { ...place, clusterName: config.name, namesrvAddr, port, remotingPort },
      proxies.config,
    )
    return {
      ...place,
      kind: 'proxy',
      port,
      ports,
      dependsOn: brokerIds,
      confFile: { path: `${place.dataDir}/rmq-proxy.json`, text },
    }
  })
}
