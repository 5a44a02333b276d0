import { joinHostPort } from './address.ts'
import { nodePlace, type PlanOptions } from './node-place.ts'
import { placeInTurn } from './placement.ts'
import type { NameServerNode } from './plan-node.ts'
import { portsInTurn } from './ports.ts'
import { type EmbeddedController, renderNameServerConf } from './render/namesrv-conf.ts'
import type { ClusterConfig } from './schema/cluster-config.ts'

const idPrefix = 'namesrv'

/** Where the NameServers of a checked config go. */
export const placeNameServers = (config: ClusterConfig, options: PlanOptions) => {
  const hosts = placeInTurn(config.nameServers, config.hosts)
  const ports = portsInTurn(hosts, config.ports.nameServer)
  return hosts.map((host, index) => ({
    ...nodePlace(config, host, `${idPrefix}-${index}`, options),
    kind: 'nameServer' as const,
    port: ports[index] ?? 0,
  }))
}

/** The NameServers of a checked config; `embedded` has a controller for those that run one, by id. */
export const planNameServers = (
  config: ClusterConfig,
  options: PlanOptions,
  embedded: ReadonlyMap<string, EmbeddedController> = new Map(),
): NameServerNode[] =>
  placeNameServers(config, options).map((place) => {
    const controller = embedded.get(place.id)
    const ports = [{ port: place.port, purpose: 'listenPort' }]
    if (controller !== undefined) ports.push({ port: controller.port, purpose: 'controllerDLegerPeers' })
    const node = { ...place, ports, dependsOn: [] }
    const text = renderNameServerConf(node, config.nameServerConfig, controller)
    return { ...node, confFile: { path: `${node.dataDir}/namesrv.conf`, text } }
  })

/** What brokers set as namesrvAddr. */
export const internalNamesrvAddr = (nodes: readonly { address: string; port: number }[]): string =>
  nodes.map((node) => joinHostPort(node.address, node.port)).join(';')
