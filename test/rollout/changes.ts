import type { ClusterConfigInput } from '../../components/plan/schema/cluster-config.ts'

export type Topology = 'classic' | 'controller'

/** A change of a stack config that a running cluster goes through. */
export interface ClusterChange {
  readonly name: string
  readonly topology: Topology
  readonly from: ClusterConfigInput
  readonly to: ClusterConfigInput
  /** Names of losses that the user accepts. */
  readonly allow?: readonly string[]
  /** Part of the selection that a gate has time for. */
  readonly isBrief?: boolean
}

/** With controllers, which hand masters over, producers may not be held up for longer. */
export const GAP_MAX_MS = 1_000

const classic: ClusterConfigInput = {
  name: 'Rollout',
  nameServers: 2,
  groups: [
    { name: 'broker-a', replicas: 2 },
    { name: 'broker-b', replicas: 2 },
  ],
}

const elected: ClusterConfigInput = {
  name: 'Rollout',
  nameServers: 2,
  controllers: { mode: 'standalone', replicas: 3 },
  groups: [{ name: 'broker-a', replicas: 3, replication: 'sync' }],
}

const base: Readonly<Record<Topology, ClusterConfigInput>> = { classic, controller: elected }

const group = (config: ClusterConfigInput, changes: object): ClusterConfigInput => {
  const [first, ...others] = config.groups
  return { ...config, groups: [{ ...first!, ...changes }, ...others] }
}

/** For both kinds of clusters. */
function common(topology: Topology): ClusterChange[] {
  const from = base[topology]
  const isElected = topology === 'controller'
  const [first] = from.groups
  const more = { ...first!, name: 'broker-z' }
  const isBrief = isElected
  return [
    { name: 'a live setting', topology, from, to: { ...from, brokerConfig: { fileReservedTime: 24 } }, isBrief },
    { name: 'flush mode to sync', topology, from, to: group(from, { flush: 'sync' }) },
    {
      name: 'a setting that needs restarts',
      topology,
      from,
      to: { ...from, brokerConfig: { syncBrokerMemberGroupPeriod: 1500 } },
      isBrief: true,
    },
    { name: 'one group more', topology, from, to: { ...from, groups: [...from.groups, more] }, isBrief },
    { name: 'one group less', topology, from: { ...from, groups: [...from.groups, more] }, to: from },
    { name: 'one replica more', topology, from, to: group(from, { replicas: first!.replicas! + 1 }) },
    { name: 'one replica less', topology, from: group(from, { replicas: first!.replicas! + 1 }), to: from },
    { name: 'one NameServer more', topology, from, to: { ...from, nameServers: 3 } },
    { name: 'one NameServer less', topology, from: { ...from, nameServers: 3 }, to: from },
  ]
}

/** A replica on another host: here another folder of the same machine. */
function moves(topology: Topology): ClusterChange[] {
  const hosts = [
    { name: 'one', address: '127.0.0.1' },
    { name: 'two', address: '127.0.0.2', dataDir: './second-host' },
  ]
  const [first, ...others] = base[topology].groups
  const place = (names: readonly string[]): ClusterConfigInput => ({
    ...base[topology],
    hosts,
    nameServers: ['one', 'one'],
    groups: [
      { ...first!, hosts: [...names] },
      ...others.map((other) => ({ ...other, hosts: Array.from({ length: other.replicas! }, () => 'one') })),
    ],
  })
  const count = first!.replicas!
  const all = Array.from({ length: count }, () => 'one')
  return [
    { name: 'a replica to another host', topology, from: place(all), to: place([...all.slice(1), 'two']) },
    { name: 'the first replica to another host', topology, from: place(all), to: place(['two', ...all.slice(1)]) },
  ]
}

/** Controllers, 1 to 3 to 5 and back. */
function controllers(): ClusterChange[] {
  const of = (replicas: number, mode: 'standalone' | 'embedded'): ClusterConfigInput => ({
    ...elected,
    nameServers: mode === 'embedded' ? Math.max(replicas, 2) : 2,
    controllers: { mode, replicas },
  })
  const steps = [
    [1, 3],
    [3, 5],
    [5, 3],
    [3, 1],
  ] as const
  return (['standalone', 'embedded'] as const).flatMap((mode) =>
    steps.map(([before, after]): ClusterChange => {
      return {
        name: `${before} to ${after} controllers, ${mode}`,
        topology: 'controller',
        from: of(before, mode),
        to: of(after, mode),
        isBrief: mode === 'standalone' && before === 1,
      }
    }),
  )
}

/** From fixed masters to elected ones, with their data. */
const upgrade: ClusterChange = {
  name: 'master and slave to controllers',
  topology: 'classic',
  from: classic,
  to: { ...classic, controllers: { mode: 'standalone', replicas: 3 } },
}

export const CHANGES: readonly ClusterChange[] = [
  ...common('controller'),
  ...moves('controller'),
  ...controllers(),
  ...common('classic'),
  ...moves('classic'),
  { name: 'replication to sync', topology: 'classic', from: classic, to: group(classic, { replication: 'sync' }) },
  upgrade,
]
