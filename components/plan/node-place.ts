import { isLoopback } from './address.ts'
import type { Engine } from './plan-node.ts'
import type { ClusterConfig, HostConfig } from './schema/cluster-config.ts'

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
  const local = isLoopback(host.address)
  const root = host.dataDir ?? (local ? options.localDataDir : config.dataDir)
  const bindAddress = host.bindAddress ?? (local ? host.address : undefined)
  return {
    id,
    engine,
    host: host.name,
    address: host.address,
    advertisedAddress: host.advertisedAddress ?? host.address,
    ...(bindAddress === undefined ? {} : { bindAddress }),
    dataDir: `${root}/${id}`,
    nodeOptions: config.runtime.nodeOptions,
  }
}
