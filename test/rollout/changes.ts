import type { ClusterConfigInput } from '../../components/plan/schema/cluster-config.ts'
import { engineChanges } from './engine-changes.ts'
import type { Program, Programs } from './programs.ts'

export type Topology = 'classic' | 'controller'

/** A change of a stack config that a running cluster goes through. */
export interface ClusterChange {
  readonly name: string
  readonly topology: Topology
  readonly from: ClusterConfigInput
  readonly to: ClusterConfigInput
  /** Names of losses that the user accepts. */
  readonly allow?: readonly string[]
  /** The tool is killed twice in every step, and started again. */
  readonly isKilled?: boolean
  /** Longest send gap that is expected where it is not {@link GAP_MAX_MS}, ms. */
  readonly gapMaxMs?: number
  /** What it needs besides the engine of this folder. */
  readonly needs?: readonly Program[]
  /** Part of the selection that a gate has time for. */
  readonly isBrief?: boolean
}

/** With controllers, which hand masters over, producers may not be held up for longer. */
export const GAP_MAX_MS = 1_000

export const classic: ClusterConfigInput = {
  name: 'Rollout',
  nameServers: 2,
  groups: [
    { name: 'broker-a', replicas: 2 },
    { name: 'broker-b', replicas: 2 },
  ],
}

export const elected: ClusterConfigInput = {
  name: 'Rollout',
  nameServers: 2,
  controllers: { mode: 'standalone', replicas: 3 },
  groups: [{ name: 'broker-a', replicas: 3, replication: 'sync' }],
}

export const base: Readonly<Record<Topology, ClusterConfigInput>> = { classic, controller: elected }

export const withGroup = (config: ClusterConfigInput, changes: object): ClusterConfigInput => {
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
    { name: 'a live setting', topology, from, to: { ...from, brokerConfig: { fileReservedTime: 24 } } },
    { name: 'flush mode to sync', topology, from, to: withGroup(from, { flush: 'sync' }) },
    {
      name: 'a setting that needs restarts',
      topology,
      from,
      to: { ...from, brokerConfig: { syncBrokerMemberGroupPeriod: 1500 } },
      isBrief: true,
    },
    { name: 'one group more', topology, from, to: { ...from, groups: [...from.groups, more] }, isBrief },
    { name: 'one group less', topology, from: { ...from, groups: [...from.groups, more] }, to: from },
    { name: 'one replica more', topology, from, to: withGroup(from, { replicas: first!.replicas! + 1 }) },
    { name: 'one replica less', topology, from: withGroup(from, { replicas: first!.replicas! + 1 }), to: from },
    { name: 'one NameServer more', topology, from, to: { ...from, nameServers: 3 } },
    { name: 'one NameServer less', topology, from: { ...from, nameServers: 3 }, to: from },
  ]
}

/** Stands for a folder of each trial's own. */
const OTHER_DISK = '/other-disk'

const placedIn = (config: ClusterConfigInput, dir: string): ClusterConfigInput =>
  JSON.parse(JSON.stringify(config).replaceAll(OTHER_DISK, `${dir}${OTHER_DISK}`)) as ClusterConfigInput

/** The change with the folders of a trial. */
export const changeIn = (change: ClusterChange, dir: string): ClusterChange => ({
  ...change,
  from: placedIn(change.from, dir),
  to: placedIn(change.to, dir),
})

/** A replica on another host: here another folder of the same machine. */
function moves(topology: Topology): ClusterChange[] {
  const hosts = [
    { name: 'one', address: '127.0.0.1' },
    { name: 'two', address: '127.0.0.2', dataDir: OTHER_DISK },
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
    {
      name: 'every NameServer to another host',
      topology,
      from: place(all),
      to: { ...place(all), nameServers: ['two', 'two'] },
      allow: ['nameServerAddresses'],
    },
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
      }
    }),
  )
}

/** Of those the tool is killed in the middle, again and again. */
const KILLED = new Map([
  [
    'controller',
    [
      'a setting that needs restarts',
      'the first replica to another host',
      '1 to 3 controllers, standalone',
      'engine from Apache to Gantry',
    ],
  ],
  ['classic', ['one group more', 'the first replica to another host', 'master and slave to controllers']],
])

const isKilledToo = ({ topology, name }: ClusterChange): boolean => KILLED.get(topology)?.includes(name) === true

const killed = (change: ClusterChange): ClusterChange => ({
  ...change,
  name: `${change.name}, the tool killed in every step`,
  isKilled: true,
  isBrief: change.name.startsWith('1 to 3 controllers'),
})

/** From fixed masters to elected ones, with their data. */
const upgrade: ClusterChange = {
  name: 'master and slave to controllers',
  topology: 'classic',
  from: classic,
  to: { ...classic, controllers: { mode: 'standalone', replicas: 3 } },
}

/** Their masters hand over one after the other, and clients hear of it in the same half minute. */
const twoElected: ClusterConfigInput = {
  ...elected,
  groups: [...elected.groups, { ...elected.groups[0]!, name: 'broker-b' }],
}
const twoGroups: ClusterChange = {
  name: 'a setting that needs restarts, of two groups',
  topology: 'controller',
  from: twoElected,
  to: { ...twoElected, brokerConfig: { syncBrokerMemberGroupPeriod: 1500 } },
}

/** Every change that the suite knows. */
export const changesWith = (programs: Programs): readonly ClusterChange[] => {
  const changes: ClusterChange[] = [
    ...common('controller'),
    ...moves('controller'),
    ...controllers(),
    ...common('classic'),
    ...moves('classic'),
    {
      name: 'replication to sync',
      topology: 'classic',
      from: classic,
      to: withGroup(classic, { replication: 'sync' }),
    },
    upgrade,
    twoGroups,
    ...engineChanges(programs),
  ]
  return [...changes, ...changes.filter(isKilledToo).map(killed)]
}
