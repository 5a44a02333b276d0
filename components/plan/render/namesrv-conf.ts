import type { NameServerNode } from '../plan-node.ts'
import type { ConfOverrides } from '../schema/cluster-config.ts'
import { type Property, renderProperties } from './properties.ts'

/** Keys of namesrv.conf that the planner sets itself, and the config key to change instead. */
export const plannedNameServerKeys: ReadonlyMap<string, string> = new Map([
  ['listenPort', 'ports.nameServer'],
  ['bindAddress', 'hosts[].bindAddress'],
  ['kvConfigPath', 'hosts[].dataDir'],
  ['configStorePath', 'hosts[].dataDir'],
  ['enableControllerInNamesrv', 'controllers.mode'],
])

/** A controller in the process of a NameServer. */
export interface EmbeddedController {
  readonly port: number
  readonly properties: readonly Property[]
}

export const renderNameServerConf = (
  node: Omit<NameServerNode, 'confFile'>,
  overrides: ConfOverrides,
  controller: EmbeddedController | undefined,
): string => {
  const properties = new Map<string, Property[1]>([['listenPort', node.port]])
  if (node.bindAddress !== undefined) properties.set('bindAddress', node.bindAddress)
  properties.set('kvConfigPath', `${node.dataDir}/kvConfig.json`)
  properties.set('configStorePath', `${node.dataDir}/namesrv.properties`)
  if (controller !== undefined) properties.set('enableControllerInNamesrv', true)
  const further = [...Object.entries(overrides), ...(controller?.properties ?? [])]
  for (const [key, value] of further) properties.set(key, value)
  return renderProperties(`namesrv.conf of ${node.id}, rendered by gantry: change the stack config instead`, properties)
}
