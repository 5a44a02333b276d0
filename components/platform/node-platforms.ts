import type { PlatformArgs } from '../cluster/platform-args.ts'
import type { ClusterConfig } from '../plan/schema/cluster-config.ts'
import { platformKind } from '../plan/schema/platform-config.ts'
import type { NodePlatform } from './node-platform.ts'
import { ProcessPlatform } from './process/provider/process-platform.ts'

/**
 * The platform that a component's nodes run on.
 * @param config the checked config of the component: everything plain, with defaults
 * @param _args its arguments: what only they can hold, values of other resources among them
 */
export function nodePlatformOf({ platform }: ClusterConfig, _args: PlatformArgs = {}): NodePlatform {
  const kind = platformKind(platform)
  if (kind !== 'process') throw new Error(`gantry:cluster.platform.${kind}: this platform is not there yet`)
  return new ProcessPlatform(platform)
}
