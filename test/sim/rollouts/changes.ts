import type { World } from '../world/world.ts'
import type { FleetConfig, FleetGroup } from './fleet-config.ts'

/** A change of a config, in words; undefined where it makes no sense. */
export interface Change {
  readonly name: string
  readonly make: (config: FleetConfig, world: World, taken: readonly string[]) => FleetConfig | undefined
}

const REPLICAS_MAX = 4
const GROUPS_MAX = 3

/** The first machine of this kind that is not taken. */
function freeHost(kind: string, taken: readonly string[]): string {
  for (let number = 0; ; number++) if (!taken.includes(`${kind}-${number}`)) return `${kind}-${number}`
}

function withGroup(config: FleetConfig, name: string, change: (group: FleetGroup) => FleetGroup): FleetConfig {
  return { ...config, groups: config.groups.map((group) => (group.name === name ? change(group) : group)) }
}

function anyGroup(config: FleetConfig, world: World): FleetGroup {
  return world.pick(config.groups)!
}

const liveSetting: Change = {
  name: 'a live setting',
  make: (config, world) => ({
    ...config,
    settings: { ...config.settings, flushIntervalConsumeQueue: world.between(200, 900) },
  }),
}

const restartSetting: Change = {
  name: 'a setting that needs restarts',
  make: (config, world) => ({
    ...config,
    settings: { ...config.settings, syncBrokerMemberGroupPeriod: world.between(1001, 2000) },
  }),
}

/** To the safer mode and back: what was promised before holds all the while. */
const flushMode: Change = {
  name: 'the flush mode',
  make: (config, world) => {
    if (config.groups.some(({ flush }) => flush === 'sync')) return undefined
    const { name } = anyGroup(config, world)
    return withGroup(config, name, (group) => ({ ...group, flush: 'sync' }))
  },
}

const replicationMode: Change = {
  name: 'the replication mode',
  make: (config, world) => {
    // With fewer copies than a sync group asks for every send would be answered as less than that.
    const { name, replication, hosts } = anyGroup(config, world)
    if (config.controllers !== undefined || hosts.length < 2) return undefined
    return withGroup(config, name, (group) => ({ ...group, replication: replication === 'sync' ? 'async' : 'sync' }))
  },
}

const addReplica: Change = {
  name: 'one replica more',
  make: (config, world, taken) => {
    const { name, hosts } = anyGroup(config, world)
    if (hosts.length >= REPLICAS_MAX) return undefined
    return withGroup(config, name, (group) => ({ ...group, hosts: [...hosts, freeHost(name, taken)] }))
  },
}

const removeReplica: Change = {
  name: 'one replica less',
  make: (config, world) => {
    const { name, hosts } = anyGroup(config, world)
    if (hosts.length < 3) return undefined
    return withGroup(config, name, (group) => ({ ...group, hosts: hosts.slice(0, -1) }))
  },
}

const moveReplica: Change = {
  name: 'a replica on another machine',
  make: (config, world, taken) => {
    const { name, hosts } = anyGroup(config, world)
    const index = world.random.below(hosts.length)
    const moved = hosts.map((host, i) => (i === index ? freeHost(name, taken) : host))
    return withGroup(config, name, (group) => ({ ...group, hosts: moved }))
  },
}

const addGroup: Change = {
  name: 'one group more',
  make: (config, _world, taken) => {
    const { groups } = config
    if (groups.length >= GROUPS_MAX) return undefined
    const [first] = groups as readonly [FleetGroup]
    const name = [0, 1, 2].map((number) => `b${number}`).find((one) => groups.every((group) => group.name !== one))!
    const hosts: string[] = []
    for (const _ of first.hosts) hosts.push(freeHost(name, [...taken, ...hosts]))
    return { ...config, groups: [...groups, { ...first, name, hosts }] }
  },
}

const removeGroup: Change = {
  name: 'one group less',
  make: (config) => (config.groups.length < 2 ? undefined : { ...config, groups: config.groups.slice(0, -1) }),
}

const replaceNameServers: Change = {
  name: 'other NameServers',
  make: (config, _world, taken) => {
    if (config.controllers?.mode === 'embedded') return undefined
    const fresh: string[] = []
    for (const _ of config.nameServers) fresh.push(freeHost('ns', [...taken, ...fresh]))
    return { ...config, nameServers: fresh }
  },
}

const controllerCount: Change = {
  name: 'the number of controllers',
  make: (config, world) => {
    const { controllers, nameServers } = config
    if (controllers === undefined) return undefined
    const now = controllers.mode === 'embedded' ? controllers.count : controllers.hosts.length
    const count = world.pick([1, 3, 5].filter((one) => one !== now))!
    if (controllers.mode === 'standalone') {
      const hosts = Array.from({ length: count }, (_, number) => `ct-${number}`)
      return { ...config, controllers: { mode: 'standalone', hosts } }
    }
    const more = Array.from({ length: Math.max(count, nameServers.length) }, (_, number) => `ns-${number}`)
    return { ...config, nameServers: more, controllers: { mode: 'embedded', count } }
  },
}

const CHANGES: readonly Change[] = [
  liveSetting,
  restartSetting,
  flushMode,
  replicationMode,
  addReplica,
  removeReplica,
  moveReplica,
  addGroup,
  removeGroup,
  replaceNameServers,
  controllerCount,
]

/** What is there or was just given back: one of two changes at once has no use for what the other one gives back. */
function hostsIn({ nameServers, controllers, groups }: FleetConfig): string[] {
  const own = controllers?.mode === 'standalone' ? controllers.hosts : []
  return [...nameServers, ...own, ...groups.flatMap(({ hosts }) => hosts)]
}

/**
 * One change or two at once.
 * @param inUse machines that have a node, also one that neither config speaks of: a rollout may have been left half-way
 */
export function changedConfig(
  config: FleetConfig,
  world: World,
  inUse: readonly string[],
): { readonly names: string[]; readonly config: FleetConfig } {
  const names: string[] = []
  let changed = config
  const wanted = world.chance(25) ? 2 : 1
  while (names.length < wanted) {
    const change = world.pick(CHANGES)!
    const made = names.includes(change.name)
      ? undefined
      : change.make(changed, world, [...inUse, ...hostsIn(config), ...hostsIn(changed)])
    if (made === undefined) continue
    names.push(change.name)
    changed = made
  }
  return { names, config: changed }
}
