import * as pulumi from '@pulumi/pulumi'
import { brokerConf, type ConfFile, controllerConf, namesrvConf, proxyJson } from '../plan/checks/conf-files.ts'
import type { ConfigPath } from '../plan/config-problem.ts'
import type { ClusterConfig, ClusterConfigInput, ConfOverrides } from '../plan/schema/cluster-config.ts'
import { type ConfArgs, confParts } from './conf-args.ts'
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

/** `config` with its texts only. @throws ConfigError for a key that must not be set, whatever its value will be. */
function withTexts<T extends { config?: ConfArgs }>({ config, ...rest }: T, path: ConfigPath, file: ConfFile) {
  return { ...rest, ...(config === undefined ? {} : { config: confParts(config, path, file).plain }) }
}

/**
 * Arguments as `gantry:cluster` would have them: what is checked and planned, and what error messages name. Values of conf
 * files that are outputs are left out.
 */
export function configOfArgs(args: RocketClusterArgs): ClusterConfigInput {
  const { platform, nameServerHosts, topics, controllers, proxies, groups, ...same } = args
  const { nameServerConfig, brokerConfig, ...rest } = same
  return {
    ...rest,
    nameServerConfig: confParts(nameServerConfig, ['nameServerConfig'], namesrvConf).plain,
    brokerConfig: confParts(brokerConfig, ['brokerConfig'], brokerConf).plain,
    groups: groups.map((group, index) => withTexts(group, ['groups', index, 'config'], brokerConf)),
    platform: configOfPlatform(platform),
    ...(controllers === undefined
      ? {}
      : { controllers: withTexts(placed(controllers), ['controllers', 'config'], controllerConf) }),
    ...(proxies === undefined ? {} : { proxies: withTexts(placed(proxies), ['proxies', 'config'], proxyJson) }),
    ...(nameServerHosts === undefined ? {} : { nameServers: nameServerHosts }),
    ...(topics === undefined ? {} : { topics: topics.map(topicConfig) }),
  }
}

function topicArgs({ queues, ...topic }: ClusterConfig['topics'][number]): TopicSpecArgs {
  return typeof queues === 'number' ? { ...topic, queues } : { ...topic, queuesPerGroup: queues }
}

/** The reverse of {@link placed}. */
function apart<T extends { replicas: number | string[] }>({ replicas, ...rest }: T) {
  return { ...rest, ...(typeof replicas === 'number' ? { replicas } : { placement: replicas }) }
}

/**
 * A checked `gantry:cluster` as arguments.
 * @param isSecret whether something in it is a secret: which value that is Pulumi does not tell, so all of the conf files are
 */
export function argsOfConfig(config: ClusterConfig, isSecret = false): RocketClusterArgs {
  const { nameServers, topics, hosts, controllers, proxies, platform, security, ...same } = config
  const confArgs = (values: ConfOverrides): { [key: string]: pulumi.Input<string> } =>
    Object.fromEntries(
      Object.entries(textsOf(values)).map(([key, value]) => [key, isSecret ? pulumi.secret(value) : value]),
    )
  const withConf = <T extends { config: ConfOverrides }>(part: T) => ({ ...part, config: confArgs(part.config) })
  return {
    ...same,
    platform: deeplyGiven(platform),
    ...(security === undefined ? {} : { security: deeplyGiven(security) }),
    ...(controllers === undefined ? {} : { controllers: withConf(apart(controllers)) }),
    ...(proxies === undefined ? {} : { proxies: withConf(apart(proxies)) }),
    ...(typeof nameServers === 'number' ? { nameServers } : { nameServerHosts: nameServers }),
    nameServerConfig: confArgs(config.nameServerConfig),
    brokerConfig: confArgs(config.brokerConfig),
    hosts: hosts.map(given),
    groups: config.groups.map((group) => withConf(deeplyGiven(group))),
    topics: topics.map(topicArgs),
    consumerGroups: config.consumerGroups satisfies ConsumerGroupSpecArgs[],
  }
}
