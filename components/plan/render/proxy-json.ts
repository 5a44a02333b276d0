import type { ConfOverrides } from '../schema/cluster-config.ts'

/** What a proxy has to be told of its cluster. */
interface ProxySettings {
  readonly clusterName: string
  readonly namesrvAddr: string
  readonly port: number
  readonly remotingPort: number
  /** Where nodes reach it, without port. */
  readonly address: string
  /** Where clients reach it, without port. */
  readonly advertisedAddress: string
}

/** Keys of rmq-proxy.json that the planner sets itself, and the config key to change instead. */
export const plannedProxyKeys: ReadonlyMap<string, string> = new Map([
  ['rocketMQClusterName', 'name'],
  ['proxyMode', 'proxies'],
  ['grpcServerPort', 'ports.proxyGrpc'],
  ['remotingListenPort', 'ports.proxyRemoting'],
  ['namesrvAddr', 'nameServers'],
  ['localServeAddr', 'hosts[].address'],
  ['remotingAccessAddr', 'hosts[].advertisedAddress'],
])

/** rmq-proxy.json of a proxy in cluster mode. Source of the keys: ProxyConfig. */
export const renderProxyJson = (
  { clusterName, namesrvAddr, port, remotingPort, address, advertisedAddress }: ProxySettings,
  overrides: ConfOverrides,
): string => {
  const settings = {
    rocketMQClusterName: clusterName,
    proxyMode: 'CLUSTER',
    grpcServerPort: port,
    remotingListenPort: remotingPort,
    namesrvAddr,
    // Left out, the proxy guesses an interface: what proxies call one another by, and what remoting clients are told.
    localServeAddr: address,
    remotingAccessAddr: advertisedAddress,
    ...overrides,
  }
  return `${JSON.stringify(settings, null, 2)}\n`
}
