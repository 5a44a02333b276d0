import type { ConfOverrides } from '../schema/cluster-config.ts'

/** What a proxy has to be told of its cluster. */
interface ProxySettings {
  readonly clusterName: string
  readonly namesrvAddr: string
  readonly port: number
  readonly remotingPort: number
}

/** Keys of rmq-proxy.json that the planner sets itself, and the config key to change instead. */
export const plannedProxyKeys: ReadonlyMap<string, string> = new Map([
  ['rocketMQClusterName', 'name'],
  ['proxyMode', 'proxies'],
  ['grpcServerPort', 'ports.proxyGrpc'],
  ['remotingListenPort', 'ports.proxyRemoting'],
  ['namesrvAddr', 'nameServers'],
])

/** rmq-proxy.json of a proxy in cluster mode. Source of the keys: ProxyConfig. */
export const renderProxyJson = (
  { clusterName, namesrvAddr, port, remotingPort }: ProxySettings,
  overrides: ConfOverrides,
): string => {
  const settings = {
    rocketMQClusterName: clusterName,
    proxyMode: 'CLUSTER',
    grpcServerPort: port,
    remotingListenPort: remotingPort,
    namesrvAddr,
    ...overrides,
  }
  return `${JSON.stringify(settings, null, 2)}\n`
}
