import type { ConfigProblem } from '../config-problem.ts'
import type { ClusterConfig } from '../schema/cluster-config.ts'
import { checkConfOverrides } from './check-conf-overrides.ts'
import { checkControllers } from './check-controllers.ts'
import { checkDocker } from './check-docker.ts'
import { checkGroups } from './check-groups.ts'
import { checkHosts } from './check-hosts.ts'
import { checkTopics } from './check-topics.ts'

/** What the form alone cannot say: names that must exist, must differ, must fit together. All problems at once. */
export const checkClusterConfig = (config: ClusterConfig): ConfigProblem[] => [
  ...checkHosts(config),
  ...checkGroups(config),
  ...checkControllers(config),
  ...checkConfOverrides(config),
  ...checkTopics(config),
  ...checkDocker(config),
]
