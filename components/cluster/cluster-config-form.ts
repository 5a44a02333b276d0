import type { ClusterConfig, ClusterConfigInput } from '../plan/schema/cluster-config.ts'
import type { ConsumerGroupSpecArgs, RocketClusterArgs, TopicSpecArgs } from './rocket-cluster-args.ts'

/*
 * Arguments and stack config say the same in two forms: where config allows two types for a key (a number or a list),
 * arguments have two keys, for most Pulumi languages know no unions.
 */

const textsOf = (values: Readonly<Record<string, unknown>>): { [key: string]: string } =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]))

/** Leaves out what is undefined. */
function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

type TopicConfigInput = NonNullable<ClusterConfigInput['topics']>[number]

function topicConfig({ queuesPerGroup, ...topic }: TopicSpecArgs): TopicConfigInput {
  return queuesPerGroup === undefined ? topic : { ...topic, queues: queuesPerGroup }
}

/** Arguments as `gantry:cluster` would have them: what is checked and planned, and what error messages name. */
export function configOfArgs(args: RocketClusterArgs): ClusterConfigInput {
  const { platform: _, nameServerHosts, topics, ...same } = args
  return {
    ...same,
    ...(nameServerHosts === undefined ? {} : { nameServers: nameServerHosts }),
    ...(topics === undefined ? {} : { topics: topics.map(topicConfig) }),
  }
}

function topicArgs({ queues, ...topic }: ClusterConfig['topics'][number]): TopicSpecArgs {
  return typeof queues === 'number' ? { ...topic, queues } : { ...topic, queuesPerGroup: queues }
}

/** A checked `gantry:cluster` as arguments. */
export function argsOfConfig(config: ClusterConfig): RocketClusterArgs {
  const { nameServers, topics, hosts, ...same } = config
  return {
    ...same,
    ...(typeof nameServers === 'number' ? { nameServers } : { nameServerHosts: nameServers }),
    nameServerConfig: textsOf(config.nameServerConfig),
    brokerConfig: textsOf(config.brokerConfig),
    hosts: hosts.map(given),
    groups: config.groups.map(({ hosts: names, ...group }) => ({
      ...group,
      ...(names === undefined ? {} : { hosts: names }),
      config: textsOf(group.config),
    })),
    topics: topics.map(topicArgs),
    consumerGroups: config.consumerGroups satisfies ConsumerGroupSpecArgs[],
  }
}
