import { joinHostPort } from './address.ts'
import { formatConfigPath } from './config-problem.ts'
import { placeNameServers } from './placement.ts'
import { hostFolder } from './plan.ts'
import { type Property, renderProperties } from './render/properties.ts'
import type { ClusterConfig } from './schema/cluster-config.ts'

export interface ControllerOptions {
  /** First port of a host; a controller serves brokers and its peers on the same one (source: DLedgerController). */
  readonly listenPort: number
  readonly config: Readonly<Record<string, string>>
  readonly localDataDir: string
}

/** Controllers as they would be started, with their conf files. */
export interface ControllerPlan {
  /** What brokers set as controllerAddr. */
  readonly controllerAddr: string
  readonly confFiles: { node: string; host: string; path: string; text: string }[]
  readonly warnings: string[]
}

/** Places controllers like NameServers and renders their conf files. Source of the keys: ControllerConfig. */
export const planControllers = (config: ClusterConfig, options: ControllerOptions): ControllerPlan => {
  const hostNames = placeNameServers(config)
  const onHost = new Map<string, number>()
  const nodes = hostNames.map((name, index) => {
    const rank = onHost.get(name) ?? 0
    onHost.set(name, rank + 1)
    const { host, folder } = hostFolder(config, name, options.localDataDir)
    const port = options.listenPort + rank
    return { id: `controller-${index}`, host, port, dataDir: `${folder}/controller-${index}` }
  })
  const peers = nodes.map(({ host, port }, index) => `n${index}-${joinHostPort(host.address, port)}`).join(';')
  const confFiles = nodes.map(({ id, host, dataDir }, index) => {
    const properties = new Map<string, Property[1]>([
      ['controllerDLegerGroup', `${config.name}-controllers`],
      ['controllerDLegerPeers', peers],
      ['controllerDLegerSelfId', `n${index}`],
      ['controllerStorePath', `${dataDir}/store`],
      ...Object.entries(options.config),
    ])
    const text = renderProperties(`controller.conf of ${id}, rendered by gantry`, properties)
    return { node: id, host: host.name, path: `${dataDir}/controller.conf`, text }
  })
  return {
    controllerAddr: nodes.map(({ host, port }) => joinHostPort(host.address, port)).join(';'),
    confFiles,
    warnings: evenCount(nodes.length),
  }
}

/** A majority of four is three, as of five: the fourth brings nothing but one more that may fail. */
const evenCount = (count: number): string[] =>
  count % 2 === 1
    ? []
    : [`${formatConfigPath(['controllers'])}: ${count} controllers survive no more failures than ${count - 1}`]
