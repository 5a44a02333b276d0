import * as pulumi from '@pulumi/pulumi'
import { BrokerGroup } from '../broker/broker-group.ts'
import { ConsumerGroup } from '../consumer-group/consumer-group.ts'
import { NameServerFleet } from '../nameserver/name-server-fleet.ts'
import { type Plan, planCluster } from '../plan/plan.ts'
import type { BrokerNode } from '../plan/plan-node.ts'
import type { ClusterConfig } from '../plan/schema/cluster-config.ts'
import { parseClusterConfig } from '../plan/schema/parse-cluster-config.ts'
import { localDataDirOf } from '../platform/local-data-dir.ts'
import { Topic } from '../topic/topic.ts'
import { argsOfConfig, configOfArgs } from './cluster-config-form.ts'
import type { RocketClusterArgs } from './rocket-cluster-args.ts'
import type { ClusterNode, PlacedArgs } from './shared-args.ts'

/** The components a cluster is made of, for whoever needs one itself. */
export interface ClusterParts {
  readonly nameServers: NameServerFleet
  /** By brokerName. */
  readonly groups: ReadonlyMap<string, BrokerGroup>
  /** By name of the topic. */
  readonly topics: ReadonlyMap<string, Topic>
  /** By name of the consumer group. */
  readonly consumerGroups: ReadonlyMap<string, ConsumerGroup>
}

/** Beside the classes: a property that holds a component cannot be described to other Pulumi languages. */
const partsOf = new WeakMap<RocketCluster, ClusterParts>()

/**
 * A whole cluster: NameServers, broker groups, topics and consumer groups, started in that order.
 * @throws ConfigError, before anything is registered, naming every mistake by its config path.
 */
export class RocketCluster extends pulumi.ComponentResource {
  /** What clients set as NAMESRV_ADDR: `host:port;host:port`. Known once the NameServers are healthy. */
  declare readonly namesrvAddr: pulumi.Output<string>
  /** Every node: NameServers, then the groups with their masters ahead. */
  declare readonly nodes: pulumi.Output<ClusterNode[]>

  constructor(name: string, args: RocketClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const config = parseClusterConfig(configOfArgs(args))
    const plan = planCluster(config, { localDataDir: localDataDirOf(args.platform ?? {}) })
    super('gantry:index:RocketCluster', name, args, opts)
    const placed = placedArgs(config, args)
    const { nameServerConfig = {} } = argsOfConfig(config)
    const nameServers = new NameServerFleet(
      `${name}-namesrv`,
      {
        ...placed,
        placement: plan.nodes.filter((node) => node.kind === 'nameServer').map((node) => node.host),
        config: nameServerConfig,
      },
      { parent: this },
    )
    const groups = addGroups(this, name, { config, plan, placed, nameServers })
    const brokers = [...groups.values()]
    // Their brokers have to be up, and with the cluster goes what is on it: a data folder that stays keeps its topics.
    const options = { parent: this, dependsOn: brokers, deletedWith: this }
    const { namesrvAddr } = nameServers
    const live = { namesrvAddr, clusterName: config.name }
    const { topics = [], consumerGroups = [] } = argsOfConfig(config)
    const madeTopics = topics.map(
      ({ name: topicName, ...topic }) =>
        [topicName, new Topic(`${name}-${topicName}`, { ...topic, topicName, ...live }, options)] as const,
    )
    const madeGroups = consumerGroups.map(
      ({ name: groupName, ...group }) =>
        [groupName, new ConsumerGroup(`${name}-${groupName}`, { ...group, groupName, ...live }, options)] as const,
    )
    partsOf.set(this, { nameServers, groups, topics: new Map(madeTopics), consumerGroups: new Map(madeGroups) })
    const outputs = {
      namesrvAddr,
      nodes: pulumi.all([nameServers.nodes, ...brokers.map((group) => group.nodes)]).apply((lists) => lists.flat()),
    }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }

  /** The components it is made of. */
  parts(): ClusterParts {
    const parts = partsOf.get(this)
    if (parts === undefined) throw new Error('a cluster has its parts when it has been constructed')
    return parts
  }
}

function placedArgs(config: ClusterConfig, args: RocketClusterArgs): PlacedArgs {
  const { hosts = [], antiAffinity, ports, dataDir, runtime } = { ...argsOfConfig(config) }
  return {
    clusterName: config.name,
    hosts,
    ...(antiAffinity === undefined ? {} : { antiAffinity }),
    ...(ports === undefined ? {} : { ports }),
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(runtime === undefined ? {} : { runtime }),
    ...(args.platform === undefined ? {} : { platform: args.platform }),
  }
}

interface GroupParts {
  readonly config: ClusterConfig
  readonly plan: Plan
  readonly placed: PlacedArgs
  readonly nameServers: NameServerFleet
}

/** Host and port of every replica come from the plan of the whole cluster: groups share hosts. */
function addGroups(
  parent: RocketCluster,
  name: string,
  { config, plan, placed, nameServers }: GroupParts,
): Map<string, BrokerGroup> {
  const brokers = plan.nodes.filter((node): node is BrokerNode => node.kind === 'broker')
  const { groups, brokerConfig = {} } = argsOfConfig(config)
  return new Map(
    groups.map(({ name: brokerName, hosts: _, config: own = {}, ...group }) => {
      const replicas = brokers.filter((node) => node.group === brokerName)
      const args = {
        ...placed,
        ...group,
        brokerName,
        namesrvAddr: nameServers.internalNamesrvAddr,
        placement: replicas.map((node) => node.host),
        listenPorts: replicas.map((node) => node.port),
        config: { ...brokerConfig, ...own },
      }
      return [brokerName, new BrokerGroup(`${name}-${brokerName}`, args, { parent })]
    }),
  )
}
