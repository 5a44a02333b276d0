import type { ClusterConfig, ClusterConfigInput } from '../plan/schema/cluster-config.ts'
import { type ParseOptions, parseClusterConfig } from '../plan/schema/parse-cluster-config.ts'
import { configOfPlatform } from './platform-args.ts'
import type { PlacedArgs } from './shared-args.ts'

/** A group has to be there for a config to be one; it is not planned. */
const someGroup = { name: 'broker-a' }

/**
 * The arguments of one part of a cluster as a config that has only this part, checked.
 * @throws ConfigError naming every mistake by the path it would have in a stack file.
 */
export function partConfig(
  args: PlacedArgs,
  part: Omit<ClusterConfigInput, 'groups'> & Partial<Pick<ClusterConfigInput, 'groups'>>,
  options?: ParseOptions,
): ClusterConfig {
  const { clusterName, engine, hosts, antiAffinity, ports, dataDir, runtime, platform } = args
  const given = Object.entries({ name: clusterName, engine, hosts, antiAffinity, ports, dataDir, runtime, ...part })
  return parseClusterConfig(
    {
      groups: [someGroup],
      platform: configOfPlatform(platform),
      ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    },
    options,
  )
}
