import { isLoopback } from '../address.ts'
import type { ConfigProblem } from '../config-problem.ts'
import type { ClusterConfig } from '../schema/cluster-config.ts'
import { suggestName } from '../suggest-name.ts'
import { duplicateNames, problemAt } from './problem-at.ts'

const anyAddress = new Set(['0.0.0.0', '::'])

const checkAddresses = (config: ClusterConfig): ConfigProblem[] =>
  config.hosts.flatMap((host, index) => {
    const problems: ConfigProblem[] = []
    for (const key of ['address', 'advertisedAddress'] as const) {
      const value = host[key]
      if (value === undefined || !anyAddress.has(value)) continue
      const fix = 'Give the address others use to reach the host; to listen on all interfaces set bindAddress.'
      problems.push(problemAt(['hosts', index, key], value, 'cannot be connected to', fix))
    }
    return problems
  })

/** A loopback address means another machine on every machine, so either all hosts are this one or none is. */
const checkLoopbackMix = (config: ClusterConfig): ConfigProblem[] => {
  if (config.hosts.every((host) => isLoopback(host.address))) return []
  return config.hosts.flatMap((host, index) =>
    isLoopback(host.address)
      ? [
          problemAt(
            ['hosts', index, 'address'],
            host.address,
            'cannot be reached from the other hosts',
            'Give the address the other hosts use to reach this one.',
          ),
        ]
      : [],
  )
}

const checkNameServerHosts = (config: ClusterConfig): ConfigProblem[] => {
  const { nameServers } = config
  if (typeof nameServers === 'number') return []
  const known = config.hosts.map((host) => host.name)
  return nameServers.flatMap((name, index) =>
    known.includes(name)
      ? []
      : [problemAt(['nameServers', index], name, 'is not a host of this config', suggestName(name, known))],
  )
}

export const checkHosts = (config: ClusterConfig): ConfigProblem[] => [
  ...duplicateNames(
    config.hosts.map((host) => host.name),
    (index) => ['hosts', index, 'name'],
    'host',
  ),
  ...duplicateNames(
    config.hosts.map((host) => host.address),
    (index) => ['hosts', index, 'address'],
    'host an address and',
  ),
  ...checkAddresses(config),
  ...checkLoopbackMix(config),
  ...checkNameServerHosts(config),
]
