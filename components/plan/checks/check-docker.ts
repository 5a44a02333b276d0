import { isLoopback } from '../address.ts'
import type { ConfigProblem } from '../config-problem.ts'
import type { ClusterConfig } from '../schema/cluster-config.ts'
import { parseSubnet } from '../subnet.ts'
import { suggestName } from '../suggest-name.ts'
import { problemAt } from './problem-at.ts'

/** Network, gateway and broadcast address of a subnet are no container's. */
const addressesTaken = 3

const checkSubnet = (subnet: string): ConfigProblem[] => {
  const parsed = parseSubnet(subnet)
  const path = ['platform', 'docker', 'subnet']
  if (parsed === undefined) {
    return [problemAt(path, subnet, 'is no subnet', 'Write the first address of one and its bits, e.g. 10.211.0.0/24.')]
  }
  if (parsed.size > addressesTaken + 1) return []
  return [problemAt(path, subnet, 'has no room for containers', 'Take a larger one, e.g. 10.211.0.0/24.')]
}

/** What hosts say that has no meaning, or another one, where nodes are containers. */
const checkHost = (config: ClusterConfig, index: number): ConfigProblem[] => {
  const host = config.hosts[index]
  if (host === undefined) return []
  const problems: ConfigProblem[] = []
  for (const key of ['address', 'advertisedAddress'] as const) {
    const value = host[key]
    if (value === undefined || !isLoopback(value)) continue
    const fix =
      'Leave hosts out for one Docker host: it is reached at its end of the network. Or give the address of the Docker host.'
    problems.push(problemAt(['hosts', index, key], value, 'is another place in every container', fix))
  }
  if (host.dataDir !== undefined) {
    const fix = 'Remove it: containers keep their files in named volumes of the Docker host.'
    problems.push(problemAt(['hosts', index, 'dataDir'], host.dataDir, 'has no meaning for containers', fix))
  }
  return problems
}

/** Every host has its engine: one that is named, or the only host the one there is. */
const checkEndpoints = ({ hosts }: ClusterConfig, known: Readonly<Record<string, { endpoint?: unknown }>>) => {
  const names = hosts.map((host) => host.name)
  const path = ['platform', 'docker', 'hosts']
  const problems = Object.keys(known)
    .filter((name) => !names.includes(name))
    .map((name) => problemAt([...path, name], name, 'is not a host of this config', suggestName(name, names)))
  if (hosts.length === 1) return problems
  const without = names.filter((name) => known[name]?.endpoint === undefined)
  const fix = 'Give each of several hosts its endpoint: unix:///path, tcp://host:port or ssh://user@host.'
  return [
    ...problems,
    ...without.map((name) => problemAt([...path, name, 'endpoint'], undefined, 'is missing: several hosts', fix)),
  ]
}

/** What only matters to containers. */
export const checkDocker = (config: ClusterConfig): ConfigProblem[] => {
  const { docker } = config.platform
  if (docker === undefined) return []
  return [
    ...checkSubnet(docker.subnet),
    ...config.hosts.flatMap((_, index) => checkHost(config, index)),
    ...checkEndpoints(config, docker.hosts),
  ]
}
