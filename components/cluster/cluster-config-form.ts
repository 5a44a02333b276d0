import type { ClusterConfig, ClusterConfigInput } from '../plan/schema/cluster-config.ts'
import { deeplyGiven, given } from './given.ts'
import { configOfPlatform } from './platform-args.ts'
import type { ConsumerGroupSpecArgs, RocketClusterArgs, TopicSpecArgs } from './rocket-cluster-args.ts'

/*
 * Arguments and stack config say the same in two forms: where config allows two types for a key (a number or a list),
 * arguments have two keys, for most Pulumi languages know no unions.
 */

const textsOf = (values: Readonly<Record<string, unknown>>): { [key: string]: string } =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]))

type TopicConfigInput = NonNullable<ClusterConfigInput['topics']>[number]

function topicConfig({ queuesPerGroup, ...topic }: TopicSpecArgs): TopicConfigInput {
  return queuesPerGroup === undefined ? topic : { ...topic, queues: queuesPerGroup }
}

/** A number or a list of hosts, out of one key or the other. */
function placed<T extends { replicas?: number; placement?: string[] }>({ replicas, placement, ...rest }: T) {
  const wanted = placement ?? replicas
  return wanted === undefined ? rest : { ...rest, replicas: wanted }
}

/** Arguments as `gantry:cluster` would have them: what is checked and planned, and what error messages name. */
export function configOfArgs(args: RocketClusterArgs): ClusterConfigInput {
  const { platform, nameServerHosts, topics, controllers, proxies, ...same } = args
  return {
    ...same,
    platform: configOfPlatform(platform),
    ...(controllers === undefined ? {} : { controllers: placed(controllers) }),
    ...(proxies === undefined ? {} : { proxies: placed(proxies) }),
    ...(nameServerHosts === undefined ? {} : { nameServers: nameServerHosts }),
    ...(topics === undefined ? {} : { topics: topics.map(topicConfig) }),
  }
}

function topicArgs({ queues, ...topic }: ClusterConfig['topics'][number]): TopicSpecArgs {
  return typeof queues === 'number' ? { ...topic, queues } : { ...topic, queuesPerGroup: queues }
}

/** The reverse of {@link placed}. */
function apart<T extends { replicas: number | string[]; config: Readonly<Record<string, unknown>> }>(part: T) {
  const { replicas, config, ...rest } = part
  const where = typeof replicas === 'number' ? { replicas } : { placement: replicas }
  return { ...rest, ...where, config: textsOf(config) }
}

/** A checked `gantry:cluster` as arguments. */
export function argsOfConfig(config: ClusterConfig): RocketClusterArgs {
  const { nameServers, topics, hosts, controllers, proxies, platform, ...same } = config
  return {
    ...same,
    platform: deeplyGiven(platform),
    ...(controllers === undefined ? {} : { controllers: apart(controllers) }),
    ...(proxies === undefined ? {} : { proxies: apart(proxies) }),
    ...(typeof nameServers === 'number' ? { nameServers } : { nameServerHosts: nameServers }),
    nameServerConfig: textsOf(config.nameServerConfig),
    brokerConfig: textsOf(config.brokerConfig),
    hosts: hosts.map(given),
    groups: config.groups.map((group) => ({ ...deeplyGiven(group), config: textsOf(group.config) })),
    topics: topics.map(topicArgs),
    consumerGroups: config.consumerGroups satisfies ConsumerGroupSpecArgs[],
  }
}
