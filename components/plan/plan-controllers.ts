import { joinHostPort } from './address.ts'
import { nodePlace, type PlanOptions } from './node-place.ts'
import { placeInTurn } from './placement.ts'
import { placeNameServers } from './plan-name-servers.ts'
import type { ControllerNode } from './plan-node.ts'
import { portsInTurn } from './ports.ts'
import { controllerProperties } from './render/controller-conf.ts'
import type { EmbeddedController } from './render/namesrv-conf.ts'
import { type Property, renderProperties } from './render/properties.ts'
import type { ClusterConfig, ControllersConfig } from './schema/cluster-config.ts'

/** The controllers of a cluster, wherever they run. */
export interface ControllerPlan {
  /** What brokers set as controllerAddr. */
  readonly controllerAddr: string
  /** Controllers with a process of their own. */
  readonly nodes: readonly ControllerNode[]
  /** Controllers in the process of a NameServer, by its id. */
  readonly embedded: ReadonlyMap<string, EmbeddedController>
}

const none: ControllerPlan = { controllerAddr: '', nodes: [], embedded: new Map() }

const placeControllers = (config: ClusterConfig, { mode, replicas }: ControllersConfig, options: PlanOptions) => {
  const { controller: firstPort } = config.ports
  if (mode === 'embedded' && typeof replicas === 'number') {
    const hosts = placeNameServers(config, options).slice(0, replicas)
    const ports = portsInTurn(
      hosts.map(({ host }) => host),
      firstPort,
    )
    return hosts.map((place, index) => ({ ...place, port: ports[index] ?? 0 }))
  }
  const hosts = placeInTurn(replicas, config.hosts)
  const ports = portsInTurn(hosts, firstPort)
  return hosts.map((host, index) => ({
    ...nodePlace(config, host, `controller-${index}`, options),
    port: ports[index] ?? 0,
  }))
}

/** Places the controllers of a checked config and works out their settings. Source of the keys: ControllerConfig. */
export const planControllers = (config: ClusterConfig, options: PlanOptions): ControllerPlan => {
  const { controllers } = config
  if (controllers === undefined) return none
  const places = placeControllers(config, controllers, options)
  const addresses = places.map(({ address, port }) => joinHostPort(address, port))
  const peers = addresses.map((address, index) => `n${index}-${address}`).join(';')
  const propertiesOf = (index: number, storePath: string) =>
    controllerProperties(
      { group: `${config.name}-controllers`, peers, selfId: `n${index}`, storePath },
      controllers.config,
    )
  const controllerAddr = addresses.join(';')
  if (controllers.mode === 'embedded') {
    const embedded = places.map(({ id, dataDir, port }, index) => {
      return [id, { port, properties: propertiesOf(index, `${dataDir}/controller`) }] as const
    })
    return { controllerAddr, nodes: [], embedded: new Map(embedded) }
  }
  const nodes = places.map((place, index): ControllerNode => {
    const { bindAddress } = place
    const listening: Property[] = bindAddress === undefined ? [] : [['bindAddress', bindAddress]]
    const text = renderProperties(
      `controller.conf of ${place.id}, rendered by gantry: change the stack config instead`,
      [...listening, ...propertiesOf(index, `${place.dataDir}/store`)],
    )
    return {
      ...place,
      kind: 'controller',
      ports: [{ port: place.port, purpose: 'controllerDLegerPeers' }],
      dependsOn: [],
      confFile: { path: `${place.dataDir}/controller.conf`, text },
    }
  })
  return { controllerAddr, nodes, embedded: new Map() }
}
