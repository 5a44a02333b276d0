import { joinHostPort } from './address.ts'
import { instanceTlsFiles } from './aws/instance-files.ts'
import { checkPorts } from './checks/check-ports.ts'
import { configWarnings } from './checks/config-warnings.ts'
import { ConfigError } from './config-problem.ts'
import type { PlanOptions } from './node-place.ts'
import { planBrokers } from './plan-brokers.ts'
import { planControllers } from './plan-controllers.ts'
import { internalNamesrvAddr, planNameServers } from './plan-name-servers.ts'
import type { PlanNode } from './plan-node.ts'
import { planProxies } from './plan-proxies.ts'
import type { ClusterConfig, GroupConfig, TopicConfig } from './schema/cluster-config.ts'
import type { SecurityConfig } from './schema/security-config.ts'
import { secureNode } from './security/secure-node.ts'

/** A topic to create, with its queues on each broker group that gets some. */
export interface PlannedTopic {
  readonly name: string
  readonly queues: readonly { readonly group: string; readonly count: number }[]
  /** RocketMQ's permission bits: 4 read, 2 write. */
  readonly perm: number
  readonly order: boolean
}

/** A consumer group to create on every broker group. */
export interface PlannedConsumerGroup {
  readonly name: string
  readonly orderly: boolean
  readonly broadcast: boolean
  readonly retryQueues: number
  readonly retryMaxTimes: number
}

/** What nodes run: programs of this machine, or images of containers. Left out: those of this package. */
export interface Programs {
  /** Folder with mqnamesrv and mqbroker; left out: the engine of this package. */
  readonly runtimeBin?: string | undefined
  /** ROCKETMQ_HOME, for nodes of the engine apache. */
  readonly apacheHome?: string | undefined
  /** -Xms and -Xmx of each of those. */
  readonly apacheHeap?: string | undefined
  /** Image of containers with the engine gantry. */
  readonly image?: string | undefined
  /** Image of those with the engine apache. */
  readonly apacheImage?: string | undefined
}

/** Everything needed to bring the cluster up, as plain data: no provider, no file and no clock was asked. */
export interface Plan {
  readonly cluster: string
  /** In start order. */
  readonly nodes: readonly PlanNode[]
  /** Ids that may start at the same time, stage after stage: NameServers and controllers, masters, slaves, proxies. */
  readonly startOrder: readonly (readonly string[])[]
  /** What clients set as NAMESRV_ADDR: `host:port;host:port`. */
  readonly namesrvAddr: string
  /** Where brokers and tools reach the controllers; '' without any. */
  readonly controllerAddr: string
  readonly topics: readonly PlannedTopic[]
  readonly consumerGroups: readonly PlannedConsumerGroup[]
  /** What is worth a second thought. */
  readonly warnings: readonly string[]
  readonly programs: Programs
  /** What is made for the cluster and kept secret; the secrets themselves are not here. */
  readonly security?: SecurityConfig
  /** For changes of it while it runs, ms: how long a group is drained at most, and how long clients go by old routes. */
  readonly patience?: { readonly drainMs: number; readonly staleRouteMs: number }
  /** While a rollout is under way: programs of nodes that do not run `programs`, by id. */
  readonly ownPrograms?: Readonly<Record<string, Programs>>
}

/** The programs that a node of a plan is run with. */
export const programsFor = ({ programs, ownPrograms }: Pick<Plan, 'programs' | 'ownPrograms'>, id: string): Programs =>
  ownPrograms?.[id] ?? programs

/** Bits of `perm` as the wire has them: 4 read, 2 write. */
export const permBits = { rw: 6, r: 4, w: 2 } as const

const planTopic = (topic: TopicConfig, groups: readonly GroupConfig[]): PlannedTopic => {
  const { queues } = topic
  const perGroup = groups.map((group) => ({
    group: group.name,
    count: typeof queues === 'number' ? queues : (queues[group.name] ?? 0),
  }))
  return {
    name: topic.name,
    queues: perGroup.filter(({ count }) => count > 0),
    perm: permBits[topic.perm],
    order: topic.order,
  }
}

export const programsOf = ({ process, docker }: ClusterConfig['platform']): Programs => {
  if (docker !== undefined) {
    const { image, apacheImage, apacheHeap } = docker
    return { ...(image === undefined ? {} : { image }), apacheImage, apacheHeap }
  }
  const { runtimeBin, apacheHome, apacheHeap } = process ?? {}
  return {
    ...(runtimeBin === undefined ? {} : { runtimeBin }),
    ...(apacheHome === undefined ? {} : { apacheHome, apacheHeap }),
  }
}

const shiftPorts = (config: ClusterConfig, basePort: number | undefined): ClusterConfig => {
  if (basePort === undefined) return config
  const { brokerStep, ...firstPorts } = config.ports
  const distance = basePort - config.ports.nameServer
  const shifted = Object.entries(firstPorts).map(([key, port]) => [key, port + distance])
  return { ...config, ports: { ...config.ports, ...Object.fromEntries(shifted), brokerStep } }
}

/**
 * Turns a checked config into a plan. Pure: the same config and options give the same plan.
 * @throws ConfigError when ports collide or fall outside 1..65535.
 */
export const planCluster = (checked: ClusterConfig, options: PlanOptions): Plan => {
  const config = shiftPorts(checked, options.basePort)
  const controllers = planControllers(config, options)
  const nameServers = planNameServers(config, options, controllers.embedded)
  const namesrvAddr = internalNamesrvAddr(nameServers)
  const first = [...nameServers, ...controllers.nodes]
  const registries = { namesrvAddr, controllerAddr: controllers.controllerAddr, nodeIds: first.map((node) => node.id) }
  const brokers = planBrokers(config, registries, options)
  const slaves = brokers.filter((node) => node.role === 'SLAVE')
  const others = brokers.filter((node) => node.role !== 'SLAVE')
  const proxies = planProxies(config, { namesrvAddr, brokerIds: others.map((node) => node.id) }, options)
  const { security } = config
  const files = config.platform.aws === undefined ? undefined : instanceTlsFiles
  const nodes = [...first, ...others, ...slaves, ...proxies].map((node) => secureNode(node, security, files))
  const problems = checkPorts(nodes, config.ports)
  if (problems.length > 0) throw new ConfigError(problems)
  const stages = [first, others, slaves, proxies].filter((stage) => stage.length > 0)
  return {
    cluster: config.name,
    nodes,
    startOrder: stages.map((stage) => stage.map((node) => node.id)),
    namesrvAddr: nameServers.map((node) => joinHostPort(node.advertisedAddress, node.port)).join(';'),
    controllerAddr: controllers.controllerAddr,
    topics: config.topics.map((topic) => planTopic(topic, config.groups)),
    consumerGroups: config.consumerGroups,
    warnings: configWarnings(checked),
    programs: programsOf(config.platform),
    ...(security === undefined ? {} : { security }),
    patience: {
      drainMs: config.platform.drainTimeoutSeconds * 1000,
      staleRouteMs: config.platform.staleRouteSeconds * 1000,
    },
  }
}
