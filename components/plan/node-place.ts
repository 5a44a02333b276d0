import { isLoopback } from './address.ts'
import { containerDataDir } from './docker-hosts.ts'
import type { Engine } from './plan-node.ts'
import type { ClusterConfig, HostConfig } from './schema/cluster-config.ts'
import { platformKind } from './schema/platform-config.ts'

export interface PlanOptions {
  /** Absolute folder for the files of nodes on this machine (hosts with a loopback address). */
  readonly localDataDir: string
  /** First NameServer port; every other port moves by the same distance. Left out: the ports of the config. */
  readonly basePort?: number
}

const hostByName = (config: ClusterConfig, name: string): HostConfig => {
  const host = config.hosts.find((candidate) => candidate.name === name)
  if (host === undefined) throw new RangeError(`no host ${name}: placement only uses hosts of the config`)
  return host
}

/** What a node has from the host it is placed on: addresses, folder, engine. */
export const nodePlace = (
  config: ClusterConfig,
  hostName: string,
  id: string,
  options: PlanOptions,
  engine: Engine = config.engine,
) => {
  const host = hostByName(config, hostName)
  const { name, address, advertisedAddress = address } = host
  return {
    id,
    engine,
    host: name,
    address,
    advertisedAddress,
    ...filesAndInterface(config, host, id, options),
    ...(engine === 'apache'
      ? { nodeOptions: [], javaOptions: config.runtime.javaOptions }
      : { nodeOptions: config.runtime.nodeOptions }),
  }
}

/** A container has files and interfaces of its own. */
const filesAndInterface = (config: ClusterConfig, host: HostConfig, id: string, { localDataDir }: PlanOptions) => {
  if (platformKind(config.platform) === 'docker') return { dataDir: containerDataDir }
  const local = isLoopback(host.address)
  const root = host.dataDir ?? (local ? localDataDir : config.dataDir)
  const bindAddress = host.bindAddress ?? (local ? host.address : undefined)
  return { ...(bindAddress === undefined ? {} : { bindAddress }), dataDir: `${root}/${id}` }
}
