import { isLoopback } from '../address.ts'
import type { ConfigProblem } from '../config-problem.ts'
import type { ClusterConfig } from '../schema/cluster-config.ts'
import { suggestName } from '../suggest-name.ts'
import { duplicateNames, problemAt } from './problem-at.ts'

/** Means every interface when listening, and nobody when connecting: 0.0.0.0, :: and its longer forms. */
const isAnyAddress = (address: string): boolean => address === '0.0.0.0' || /^[0:]+$/.test(address)

const checkAddresses = (config: ClusterConfig): ConfigProblem[] =>
  config.hosts.flatMap((host, index) => {
    const problems: ConfigProblem[] = []
    for (const key of ['address', 'advertisedAddress'] as const) {
      const value = host[key]
      if (value === undefined || !isAnyAddress(value)) continue
      const fix = 'Give the address others use to reach the host; to listen on all interfaces set bindAddress.'
      problems.push(problemAt(['hosts', index, key], value, 'cannot be connected to', fix))
    }
    return problems
  })

/** What clients are told, and what nodes listen on, must mean this host to those who are elsewhere. */
const checkReach = (config: ClusterConfig): ConfigProblem[] =>
  config.hosts.flatMap(({ address, advertisedAddress, bindAddress }, index) => {
    if (isLoopback(address)) return []
    const problems: ConfigProblem[] = []
    if (advertisedAddress !== undefined && isLoopback(advertisedAddress)) {
      const fix = 'Give the address clients use to reach the host, or leave it out where that is its address.'
      const path = ['hosts', index, 'advertisedAddress']
      problems.push(problemAt(path, advertisedAddress, 'means the client itself to every client', fix))
    }
    if (bindAddress !== undefined && isLoopback(bindAddress)) {
      const problem = `is out of reach for the other hosts, which connect to ${address}`
      const fix = 'Leave it out to listen on all interfaces, or give that of the address.'
      problems.push(problemAt(['hosts', index, 'bindAddress'], bindAddress, problem, fix))
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
  ...checkReach(config),
  ...checkLoopbackMix(config),
  ...checkNameServerHosts(config),
]
