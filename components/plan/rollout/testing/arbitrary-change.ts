import fc from 'fast-check'
import { ConfigError } from '../../config-problem.ts'
import { type Plan, planCluster } from '../../plan.ts'
import type { ClusterConfigInput } from '../../schema/cluster-config.ts'
import { parseClusterConfig } from '../../schema/parse-cluster-config.ts'

/** Two plans of one cluster, and the configs they come from. */
export interface ArbitraryChange {
  readonly running: Plan
  readonly wanted: Plan
}

/** And what is wanted instead when a part of that is done. */
export interface ArbitraryTurn extends ArbitraryChange {
  readonly instead: Plan
}

const plans = new Map<string, Plan | undefined>()

/** The plan of a config; undefined when it is none that could be brought up. */
const planOf = (input: ClusterConfigInput): Plan | undefined => {
  const key = JSON.stringify(input)
  if (!plans.has(key)) plans.set(key, planAnew(input))
  return plans.get(key)
}

const planAnew = (input: ClusterConfigInput): Plan | undefined => {
  try {
    return planCluster(parseClusterConfig(input), { localDataDir: '/data' })
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

const group = fc.record({
  replicas: fc.integer({ min: 1, max: 3 }),
  replication: fc.constantFrom('async' as const, 'async' as const, 'sync' as const),
  flush: fc.constantFrom('async' as const, 'async' as const, 'sync' as const),
  engine: fc.constantFrom('gantry' as const, 'gantry' as const, 'apache' as const),
  fileReservedTime: fc.constantFrom(24, 48),
})

const controllers = fc.option(
  fc.record({
    mode: fc.constantFrom('embedded' as const, 'standalone' as const),
    replicas: fc.constantFrom(1, 3, 5),
  }),
  { nil: undefined },
)

/** What a config consists of, as far as changes go. */
const parts = fc.record({
  hostCount: fc.integer({ min: 1, max: 4 }),
  nameServers: fc.integer({ min: 1, max: 5 }),
  controllers,
  // One group is always there: with nobody to take what is sent, none could be drained.
  groups: fc.record({ a: group, b: group, c: group }, { requiredKeys: ['a'] }),
  engine: fc.constantFrom('gantry' as const, 'gantry' as const, 'gantry' as const, 'apache' as const),
  brokerStep: fc.constantFrom(1000, 500),
  nameServerPort: fc.constantFrom(9876, 9976),
  dataDir: fc.constantFrom('/data', '/data', '/disk'),
  proxies: fc.integer({ min: 0, max: 2 }),
  topics: fc.subarray(['orders', 'payments']),
})
type Parts = typeof parts extends fc.Arbitrary<infer P> ? P : never

/** Names and addresses of hosts are the same in all configs, so that nodes stay, come, go and move between two of them. */
const configOf = (from: Parts): ClusterConfigInput => ({
  // Embedded controllers have a NameServer each.
  nameServers: Math.max(from.nameServers, from.controllers?.mode === 'embedded' ? from.controllers.replicas : 1),
  platform: { process: { apacheHome: '/opt/rocketmq' } },
  ...(from.controllers === undefined ? {} : { controllers: from.controllers }),
  hosts: Array.from({ length: from.hostCount }, (_, index) => ({
    name: `host-${index}`,
    address: `10.0.0.${index + 1}`,
    ...(index === 0 ? { dataDir: from.dataDir } : {}),
  })),
  groups: Object.entries(from.groups).map(([name, { fileReservedTime, replicas, replication, ...rest }]) => ({
    name: `broker-${name}`,
    replicas,
    replication: replicas > 1 ? replication : ('async' as const),
    ...rest,
    config: { fileReservedTime },
  })),
  ports: { brokerStep: from.brokerStep, nameServer: from.nameServerPort },
  engine: from.engine,
  ...(from.proxies === 0 || from.engine === 'gantry' ? {} : { proxies: { replicas: from.proxies } }),
  topics: from.topics.map((name) => ({ name })),
  consumerGroups: [{ name: 'billing' }],
})

const keys = [
  'hostCount',
  'nameServers',
  'controllers',
  'groups',
  'engine',
  'brokerStep',
  'nameServerPort',
  'dataDir',
  'proxies',
  'topics',
] as const

/** What the configs of a change say, for the report of a failed property. */
const shown = (inputs: readonly ClusterConfigInput[]) => () => inputs.map((input) => JSON.stringify(input)).join('\n')

/** Replicas of a group on hosts of their own, which are what changes from one config to the next. */
const placedGroup = fc.record({
  hosts: fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 1, maxLength: 3 }),
  fileReservedTime: fc.constantFrom(24, 48),
  transferMsgByHeap: fc.constantFrom(true, true, false),
})

const placedConfigOf = (
  isElected: boolean,
  groups: Readonly<Record<string, typeof placedGroup extends fc.Arbitrary<infer G> ? G : never>>,
): ClusterConfigInput => ({
  hosts: [0, 1, 2, 3, 4].map((index) => ({ name: `host-${index}`, address: `10.0.0.${index + 1}` })),
  ...(isElected ? { controllers: { mode: 'standalone', replicas: 3 } } : {}),
  groups: Object.entries(groups).map(([name, { hosts, ...config }]) => ({
    name: `broker-${name}`,
    replicas: hosts.length,
    hosts: hosts.map((index) => `host-${index}`),
    config,
  })),
})

const placedGroups = fc.record({ a: placedGroup, b: placedGroup }, { requiredKeys: ['a'] })

/** Three configs of a cluster whose brokers are now here and now there. */
export const arbitraryTurn: fc.Arbitrary<ArbitraryTurn> = fc
  .tuple(fc.boolean(), placedGroups, placedGroups, placedGroups)
  .map(([isElected, ...configs]) => {
    const inputs = configs.map((groups) => placedConfigOf(isElected, groups))
    const [running, wanted, instead] = inputs.map(planOf)
    return { running, wanted, instead, [fc.toStringMethod]: shown(inputs) }
  })
  .filter(
    (turn): turn is ArbitraryTurn & { [fc.toStringMethod]: () => string } =>
      turn.running !== undefined && turn.wanted !== undefined && turn.instead !== undefined,
  )

/** A config and the same with some of its parts replaced; back from controllers to fixed masters is no change that is made. */
export const arbitraryChange: fc.Arbitrary<ArbitraryChange> = fc
  .tuple(parts, parts, fc.subarray([...keys, ...keys], { minLength: 1, maxLength: 4 }))
  .filter(
    ([from, to, changed]) =>
      from.controllers === undefined || to.controllers !== undefined || !changed.includes('controllers'),
  )
  .map(([from, to, changed]) => {
    const inputs = [from, { ...from, ...Object.fromEntries(changed.map((key) => [key, to[key]])) }].map(configOf)
    const [running, wanted] = inputs.map(planOf)
    return { running, wanted, [fc.toStringMethod]: shown(inputs) }
  })
  .filter(
    (change): change is ArbitraryChange & { [fc.toStringMethod]: () => string } =>
      change.running !== undefined && change.wanted !== undefined,
  )
