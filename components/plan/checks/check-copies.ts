import type { ConfigProblem } from '../config-problem.ts'
import type { ClusterConfig, GroupConfig } from '../schema/cluster-config.ts'
import { overridePath } from './check-conf-overrides.ts'
import { problemAt } from './problem-at.ts'

/** inSyncReplicas as the conf file of a group will have it, when an override sets it. */
const copiesAskedFor = (config: ClusterConfig, group: GroupConfig): number | undefined => {
  const value = group.config['inSyncReplicas'] ?? config.brokerConfig['inSyncReplicas']
  return value === undefined ? undefined : Number(value)
}

/** How many copies an acknowledged message has: no more than there are replicas, and for sync at least two. */
const checkGroup = (config: ClusterConfig, group: GroupConfig, index: number): ConfigProblem[] => {
  const problems: ConfigProblem[] = []
  const { replicas, replication, minInSyncReplicas } = group
  if (minInSyncReplicas !== undefined && minInSyncReplicas > replicas) {
    const problem = `asks for ${minInSyncReplicas} replicas in sync, but the group has ${replicas}: every send would be refused`
    const fix = `Set it to ${replicas} at most, or add replicas.`
    problems.push(problemAt(['groups', index, 'minInSyncReplicas'], minInSyncReplicas, problem, fix))
  }
  if (replication === 'sync' && replicas < 2) {
    const fix = 'Set replicas: 2 or more, or replication: async.'
    const problem = 'cannot be sync in a group without a slave: every send would wait for one'
    problems.push(problemAt(['groups', index, 'replication'], replication, problem, fix))
  }
  const copies = copiesAskedFor(config, group)
  if (copies === undefined || Number.isNaN(copies)) return problems
  const path = overridePath(group, index, 'inSyncReplicas')
  if (copies > replicas) {
    const problem = `asks for ${copies} copies, but ${group.name} has ${replicas} replicas: every send would be refused`
    problems.push(problemAt(path, copies, problem, `Set it to ${replicas} at most, or add replicas.`))
  } else if (replication === 'sync' && config.controllers === undefined && copies < 2) {
    const problem = `lets ${group.name} acknowledge what no slave has: replication: sync would be none`
    problems.push(problemAt(path, copies, problem, 'Remove it, or set replication: async.'))
  }
  return problems
}

export const checkCopies = (config: ClusterConfig): ConfigProblem[] =>
  config.groups.flatMap((group, index) => checkGroup(config, group, index))
