import type { ConfigProblem } from '../config-problem.ts'
import type { ClusterConfig, ControllersConfig } from '../schema/cluster-config.ts'
import { suggestName } from '../suggest-name.ts'
import { problemAt } from './problem-at.ts'

/** Controllers have their place, and what only controllers bring is not asked for without them. */
export const checkControllers = (config: ClusterConfig): ConfigProblem[] => {
  const { controllers, groups } = config
  if (controllers === undefined) {
    return groups.flatMap((group, index) => {
      if (group.minInSyncReplicas === undefined) return []
      const path = ['groups', index, 'minInSyncReplicas']
      const fix = 'Add controllers, or remove it: with a fixed master, replication: sync waits for one slave.'
      return [problemAt(path, group.minInSyncReplicas, 'has no effect without controllers', fix)]
    })
  }
  return [...checkPlaces(config, controllers), ...checkKind(controllers)]
}

/** Peers are planned for one of the two ways in which Apache's controllers agree. */
const checkKind = ({ config }: ControllersConfig): ConfigProblem[] => {
  const kind = config['controllerType']
  if (kind === undefined || kind === 'DLedger') return []
  const fix = 'Remove it: DLedger is what the peers are planned for.'
  return [problemAt(['controllers', 'config', 'controllerType'], kind, 'needs settings that are not planned', fix)]
}

const checkPlaces = (config: ClusterConfig, { mode, replicas }: ControllersConfig): ConfigProblem[] => {
  const path = ['controllers', 'replicas']
  if (mode === 'standalone') return typeof replicas === 'number' ? [] : unknownHosts(replicas, config)
  if (typeof replicas !== 'number') {
    const fix = 'Give a number: they run in the first NameServers; or set mode: standalone.'
    return [problemAt(path, replicas, 'names hosts, but embedded controllers are where the NameServers are', fix)]
  }
  const nameServers = typeof config.nameServers === 'number' ? config.nameServers : config.nameServers.length
  if (replicas <= nameServers) return []
  const fix = `Set nameServers: ${replicas}, lower replicas, or set mode: standalone.`
  return [problemAt(path, replicas, `needs ${replicas} NameServers to run in, but there are ${nameServers}`, fix)]
}

const unknownHosts = (names: readonly string[], { hosts }: ClusterConfig): ConfigProblem[] => {
  const known = hosts.map((host) => host.name)
  return names.flatMap((name, index) =>
    known.includes(name)
      ? []
      : [problemAt(['controllers', 'replicas', index], name, 'is not a host of this config', suggestName(name, known))],
  )
}
