import type { PlatformArgs } from '../cluster/platform-args.ts'
import type { ClusterConfig } from '../plan/schema/cluster-config.ts'
import { securityOf } from '../security/cluster-security.ts'
import { sharedOf } from './aws/aws-foundations.ts'
import { AwsPlatform } from './aws/aws-platform.ts'
import { DockerPlatform } from './docker/docker-platform.ts'
import { DockerSites } from './docker/docker-sites.ts'
import type { NodePlatform, PlatformOwner } from './node-platform.ts'
import { ProcessPlatform } from './process/provider/process-platform.ts'

/**
 * The platform that a component's nodes run on. Called by a cluster before it makes its parts, and by each of these: what
 * the platform makes for all of them belongs to the cluster.
 * @param config the checked config of the component: everything plain, with defaults
 * @param args its arguments: what only they can hold, values of other resources among them
 */
export function nodePlatformOf(config: ClusterConfig, args: PlatformArgs = {}, owner: PlatformOwner): NodePlatform {
  const platform = barePlatformOf(config, args, owner)
  return securityOf(owner.parent)?.guard(platform) ?? platform
}

function barePlatformOf(config: ClusterConfig, args: PlatformArgs, owner: PlatformOwner): NodePlatform {
  const { platform } = config
  const { docker, aws } = platform
  if (docker !== undefined) return new DockerPlatform(platform, docker, DockerSites.open(config, docker, args, owner))
  if (aws !== undefined) return new AwsPlatform(config, aws, sharedOf(config, aws, args, owner))
  return new ProcessPlatform(platform)
}
