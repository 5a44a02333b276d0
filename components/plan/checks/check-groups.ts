import type { ConfigProblem } from '../config-problem.ts'
import type { ClusterConfig, GroupConfig } from '../schema/cluster-config.ts'
import { suggestName } from '../suggest-name.ts'
import { duplicateNames, problemAt } from './problem-at.ts'

/** Other nodes are called `namesrv-0` and so on, so no broker group may be. */
const reservedGroupNames: ReadonlyMap<string, string> = new Map([
  ['namesrv', 'NameServers'],
  ['controller', 'controllers'],
  ['proxy', 'proxies'],
])

const checkPinnedHosts = (group: GroupConfig, index: number, hosts: readonly string[]): ConfigProblem[] => {
  if (group.hosts === undefined) return []
  const path = ['groups', index, 'hosts']
  const problems: ConfigProblem[] = group.hosts.flatMap((name, position) =>
    hosts.includes(name)
      ? []
      : [problemAt([...path, position], name, 'is not a host of this config', suggestName(name, hosts))],
  )
  if (group.hosts.length !== group.replicas) {
    const problem = `names ${group.hosts.length} hosts for ${group.replicas} replicas`
    problems.push(
      problemAt(path, group.hosts, problem, 'Name one host per replica, the master first, or leave it out.'),
    )
  }
  return problems
}

const checkAntiAffinity = (config: ClusterConfig, group: GroupConfig, index: number): ConfigProblem[] => {
  const distinctHosts = new Set(group.hosts ?? config.hosts.map((host) => host.name)).size
  if (group.replicas <= distinctHosts) return []
  if (config.antiAffinity === 'required') {
    const problem = `needs ${group.replicas} different hosts, but has ${distinctHosts} (antiAffinity: required)`
    const fix = 'Add hosts, lower replicas, or set antiAffinity: preferred to let replicas share a host.'
    return [problemAt(['groups', index, 'replicas'], group.replicas, problem, fix)]
  }
  return []
}

const checkGroup = (config: ClusterConfig, group: GroupConfig, index: number): ConfigProblem[] => {
  const problems = [
    ...checkPinnedHosts(
      group,
      index,
      config.hosts.map((host) => host.name),
    ),
    ...checkAntiAffinity(config, group, index),
  ]
  const others = reservedGroupNames.get(group.name)
  if (others !== undefined) {
    const fix = 'Choose another name, e.g. broker-a.'
    problems.push(problemAt(['groups', index, 'name'], group.name, `is reserved for ${others}`, fix))
  }
  return problems
}

export const checkGroups = (config: ClusterConfig): ConfigProblem[] => [
  ...duplicateNames(
    config.groups.map((group) => group.name),
    (index) => ['groups', index, 'name'],
    'broker group',
  ),
  ...config.groups.flatMap((group, index) => checkGroup(config, group, index)),
]
