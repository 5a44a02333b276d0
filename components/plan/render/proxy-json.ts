import { joinHostPort } from '../address.ts'
import type { Engine } from '../plan-node.ts'
import type { ConfOverrides } from '../schema/cluster-config.ts'

/** What a proxy has to be told of its cluster. */
interface ProxySettings {
  readonly engine: Engine
  readonly clusterName: string
  readonly namesrvAddr: string
  readonly port: number
  readonly remotingPort: number
  /** Where nodes reach it, without port. */
  readonly address: string
  /** Where clients reach it, without port. */
  readonly advertisedAddress: string
  /** The interface it listens on; all when left out. */
  readonly bindAddress?: string
}

/** Keys of rmq-proxy.json that the planner sets itself, and the config key to change instead. */
export const plannedProxyKeys: ReadonlyMap<string, string> = new Map([
  ['rocketMQClusterName', 'name'],
  ['proxyMode', 'proxies'],
  ['grpcServerPort', 'ports.proxyGrpc'],
  ['remotingListenPort', 'ports.proxyRemoting'],
  ['namesrvAddr', 'nameServers'],
  ['bindAddress', 'hosts[].bindAddress'],
  ['localServeAddr', 'hosts[].address'],
  ['remotingAccessAddr', 'hosts[].advertisedAddress'],
])

/** rmq-proxy.json of a proxy in cluster mode. Source of the keys: ProxyConfig, and for the engine gantry runtime/config/proxy-conf. */
export const renderProxyJson = (settings: ProxySettings, overrides: ConfOverrides): string => {
  const { clusterName, namesrvAddr, port, engine } = settings
  const file = {
    rocketMQClusterName: clusterName,
    proxyMode: 'CLUSTER',
    grpcServerPort: port,
    remotingListenPort: settings.remotingPort,
    namesrvAddr,
    ...(engine === 'apache' ? apacheAddresses(settings) : gantryAddresses(settings)),
    ...overrides,
  }
  return `${JSON.stringify(file, null, 2)}\n`
}

const apacheAddresses = ({ address, advertisedAddress }: ProxySettings) => ({
  // Left out, the proxy guesses an interface: what proxies call one another by, and what remoting clients are told.
  localServeAddr: address,
  remotingAccessAddr: advertisedAddress,
})

/** Routes name the host that a client has connected to, unless clients are meant to take another way than nodes. */
const gantryAddresses = ({ port, address, advertisedAddress, bindAddress }: ProxySettings) => ({
  ...(bindAddress === undefined ? {} : { bindAddress }),
  ...(advertisedAddress === address
    ? {}
    : { advertisedEndpoints: joinHostPort(advertisedAddress, port), remotingAccessAddr: advertisedAddress }),
})
