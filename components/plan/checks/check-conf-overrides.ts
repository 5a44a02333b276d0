import type { ConfigPath, ConfigProblem } from '../config-problem.ts'
import { plannedBrokerKeys } from '../render/broker-conf.ts'
import { plannedNameServerKeys } from '../render/namesrv-conf.ts'
import type { ClusterConfig, ConfOverrides } from '../schema/cluster-config.ts'
import { problemAt } from './problem-at.ts'

const checkOverrides = (
  overrides: ConfOverrides,
  path: ConfigPath,
  planned: ReadonlyMap<string, string>,
): ConfigProblem[] =>
  Object.entries(overrides).flatMap(([key, value]) => {
    const instead = planned.get(key)
    if (instead !== undefined) {
      return [problemAt([...path, key], value, 'is set by the planner', `Use ${instead} instead.`)]
    }
    return []
  })

/** Overrides name keys the engine knows, and none that the planner works out itself. */
export const checkConfOverrides = (config: ClusterConfig): ConfigProblem[] => [
  ...checkOverrides(config.nameServerConfig, ['nameServerConfig'], plannedNameServerKeys),
  ...checkOverrides(config.brokerConfig, ['brokerConfig'], plannedBrokerKeys),
  ...config.groups.flatMap((group, index) =>
    checkOverrides(group.config, ['groups', index, 'config'], plannedBrokerKeys),
  ),
]
