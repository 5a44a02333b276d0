import type { PlatformArgs } from '../cluster/platform-args.ts'
import type { ClusterConfig } from '../plan/schema/cluster-config.ts'
import { platformKind } from '../plan/schema/platform-config.ts'
import { DockerPlatform } from './docker/docker-platform.ts'
import { DockerSites, type SiteOwner } from './docker/docker-sites.ts'
import type { NodePlatform } from './node-platform.ts'
import { ProcessPlatform } from './process/provider/process-platform.ts'

/**
 * The platform that a component's nodes run on. Called by a cluster before it makes its parts, and by each of these: what
 * the platform makes for all of them belongs to the cluster.
 * @param config the checked config of the component: everything plain, with defaults
 * @param args its arguments: what only they can hold, values of other resources among them
 */
export function nodePlatformOf(
  { platform, ...config }: ClusterConfig,
  args: PlatformArgs = {},
  owner: SiteOwner,
): NodePlatform {
  const { docker } = platform
  if (docker !== undefined) {
    return new DockerPlatform(platform, docker, DockerSites.open({ ...config, platform }, docker, args, owner))
  }
  if (platformKind(platform) === 'aws') throw new Error('gantry:cluster.platform.aws: this platform is not there yet')
  return new ProcessPlatform(platform)
}
