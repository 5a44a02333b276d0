import { nodePlace, type PlanOptions } from './node-place.ts'
import { placeInTurn } from './placement.ts'
import type { ProxyNode } from './plan-node.ts'
import { portsInTurn } from './ports.ts'
import { renderProxyJson } from './render/proxy-json.ts'
import type { ClusterConfig } from './schema/cluster-config.ts'

/** Further proxies of a host take ports this far apart. */
const portStep = 10

/** The proxies of a checked config, in cluster mode. `namesrvAddr`: where they reach the NameServers. */
export const planProxies = (config: ClusterConfig, namesrvAddr: string, options: PlanOptions): ProxyNode[] => {
  const { proxies } = config
  if (proxies === undefined) return []
  const hosts = placeInTurn(proxies.replicas, config.hosts)
  const grpcPorts = portsInTurn(hosts, config.ports.proxyGrpc, portStep)
  const remotingPorts = portsInTurn(hosts, config.ports.proxyRemoting, portStep)
  return hosts.map((host, index) => {
    const place = nodePlace(config, host, `proxy-${index}`, options)
    const [port = 0, remotingPort = 0] = [grpcPorts[index], remotingPorts[index]]
    const ports = [
      { port, purpose: 'grpcServerPort' },
      { port: remotingPort, purpose: 'remotingListenPort' },
    ]
    const text = renderProxyJson({ clusterName: config.name, namesrvAddr, port, remotingPort }, proxies.config)
    const dependsOn: string[] = []
    return {
      ...place,
      kind: 'proxy',
      port,
      ports,
      dependsOn,
      confFile: { path: `${place.dataDir}/rmq-proxy.json`, text },
    }
  })
}
