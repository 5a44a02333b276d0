import type { ConfigProblem } from '../config-problem.ts'
import type { ClusterConfig } from '../schema/cluster-config.ts'
import { platformKind } from '../schema/platform-config.ts'
import { problemAt } from './problem-at.ts'

/** Whoever is to run the nodes can run them, and is to be found. */
export const checkEngine = (config: ClusterConfig): ConfigProblem[] => {
  const problems: ConfigProblem[] = []
  const usesApache = config.engine === 'apache' || config.groups.some((group) => group.engine === 'apache')
  const { platform } = config
  if (usesApache && platformKind(platform) === 'process' && platform.process?.apacheHome === undefined) {
    const fix = 'Set it to the folder of an unpacked release of Apache RocketMQ 5 (the one that has lib/ in it).'
    const path = ['platform', 'process', 'apacheHome']
    problems.push(problemAt(path, undefined, 'is missing: nodes with engine: apache run from it', fix))
  }
  return problems
}
