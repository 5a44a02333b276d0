import { withHosts } from '../aws/aws-hosts.ts'
import type { ConfigProblem } from '../config-problem.ts'
import type { ClusterConfig } from '../schema/cluster-config.ts'
import { checkAws } from './check-aws.ts'
import { checkConfOverrides } from './check-conf-overrides.ts'
import { checkControllers } from './check-controllers.ts'
import { checkCopies } from './check-copies.ts'
import { checkDocker } from './check-docker.ts'
import { checkGroups } from './check-groups.ts'
import { checkHosts } from './check-hosts.ts'
import { checkSecurity } from './check-security.ts'
import { checkTopics } from './check-topics.ts'

/** What the form alone cannot say: names that must exist, must differ, must fit together. All problems at once. */
export function checkClusterConfig(config: ClusterConfig): ConfigProblem[] {
  const ofAws = checkAws(config)
  const others = [
    ...checkCopies(config),
    ...checkConfOverrides(config),
    ...checkTopics(config),
    ...checkDocker(config),
    ...checkSecurity(config),
  ]
  // Without a sound network there are no hosts to look at.
  if (ofAws.length > 0) return [...ofAws, ...others]
  const placed = withHosts(config)
  return [...checkHosts(placed), ...checkGroups(placed), ...checkControllers(placed), ...others]
}
