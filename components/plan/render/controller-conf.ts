import type { ConfOverrides } from '../schema/cluster-config.ts'
import type { Property } from './properties.ts'

/** Keys of controller.conf that the planner sets itself, and the config key to change instead. */
export const plannedControllerKeys: ReadonlyMap<string, string> = new Map([
  ['controllerDLegerGroup', 'name'],
  ['controllerDLegerPeers', 'controllers.replicas'],
  ['controllerDLegerSelfId', 'controllers.replicas'],
  ['controllerStorePath', 'hosts[].dataDir'],
])

/** What a controller has to be told of itself and its peers. */
interface Membership {
  readonly group: string
  /** `n0-host:port;n1-host:port` */
  readonly peers: string
  readonly selfId: string
  readonly storePath: string
}

/** The properties a controller starts with, be it in a controller.conf or embedded in a namesrv.conf. */
export const controllerProperties = (
  { group, peers, selfId, storePath }: Membership,
  overrides: ConfOverrides,
): Property[] => [
  ['controllerDLegerGroup', group],
  ['controllerDLegerPeers', peers],
  ['controllerDLegerSelfId', selfId],
  ['controllerStorePath', storePath],
  ...Object.entries(overrides),
]
