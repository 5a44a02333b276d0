import * as pulumi from '@pulumi/pulumi'
import type { AwsSharedArgs } from '../../cluster/aws-platform-args.ts'
import type { PlatformArgs } from '../../cluster/platform-args.ts'
import { architectureOf } from '../../plan/aws/instance-type.ts'
import { parametersIn } from '../../plan/checks/check-secrets.ts'
import { problemAt } from '../../plan/checks/problem-at.ts'
import { ConfigError } from '../../plan/config-problem.ts'
import type { AwsConfig } from '../../plan/schema/aws-config.ts'
import type { ClusterConfig } from '../../plan/schema/cluster-config.ts'
import type { PlatformOwner } from '../node-platform.ts'
import { AwsFoundation } from './foundation/aws-foundation.ts'

/** Foundations of clusters, for their parts. */
const foundationOf = new WeakMap<object, AwsSharedArgs>()

/** The processors of the nodes there are. */
function architecturesIn({ controllers, proxies, groups }: ClusterConfig, aws: AwsConfig): string[] {
  const types = [
    aws.nameServers.instanceType,
    ...(controllers?.mode === 'standalone' ? [aws.controllers.instanceType] : []),
    ...groups.map((group) => group.aws?.instanceType ?? aws.brokers.instanceType),
    ...(proxies === undefined ? [] : [aws.proxies.instanceType]),
  ]
  return [...new Set(types.map(architectureOf))].sort()
}

/** Of no other cluster: project and stack are in it, and AWS refuses to make a parameter that is there. */
const secretsPrefixOf = (cluster: string): string =>
  ['', 'gantry', pulumi.getProject(), pulumi.getStack(), cluster]
    .map((part) => part.replaceAll(/[^A-Za-z0-9_.-]/g, '-'))
    .join('/')

function makeFoundation(config: ClusterConfig, aws: AwsConfig, args: PlatformArgs, { component, name }: PlatformOwner) {
  const { controllers, engine, groups, ports, proxies, security } = config
  const parameters = parametersIn(config)
  return new AwsFoundation(
    `${name}-aws`,
    {
      clusterName: config.name,
      ports,
      platform: args,
      engines: [...new Set([engine, ...groups.map((group) => group.engine ?? engine)])].sort(),
      ...(controllers === undefined ? {} : { controllers: controllers.mode }),
      ...(proxies === undefined ? {} : { proxies: true }),
      ...(security === undefined ? {} : { secretsPrefix: secretsPrefixOf(name) }),
      ...(parameters.length === 0 ? {} : { parameters }),
      architectures: architecturesIn(config, aws),
    },
    { parent: component },
  )
}

/**
 * What the nodes of a component stand on: what its arguments name, what its cluster has, or for a cluster one that is made
 * now.
 */
export function sharedOf(
  config: ClusterConfig,
  aws: AwsConfig,
  args: PlatformArgs,
  owner: PlatformOwner,
): AwsSharedArgs {
  const known = args.aws?.foundation ?? foundationOf.get(owner.parent ?? owner.component)
  if (known !== undefined) return known
  if (!owner.isCluster) {
    const fix = 'Make an AwsFoundation and give its outputs, or make the whole with a RocketCluster.'
    throw new ConfigError([
      problemAt(['platform', 'aws', 'foundation'], undefined, 'is missing: a part of a cluster makes no network', fix),
    ])
  }
  const made = makeFoundation(config, aws, args, owner)
  foundationOf.set(owner.component, made)
  return made
}
