import type { ClusterConfig, GroupConfig } from './schema/cluster-config.ts'

/** One replica of a group and the host it goes to. `brokerId` 0 is the master. */
export interface ReplicaPlacement {
  readonly group: string
  readonly brokerId: number
  readonly host: string
}

interface HostLoad {
  readonly host: string
  masters: number
  slaves: number
}

/** The entry with the smallest score; the first one of equals. */
const leastBy = <T>(entries: readonly T[], score: (entry: T) => readonly number[]): T => {
  let best: T | undefined
  let bestScore: readonly number[] = []
  for (const entry of entries) {
    const entryScore = score(entry)
    const difference = entryScore.findIndex((value, index) => value !== bestScore[index])
    if (best === undefined || (difference >= 0 && (entryScore[difference] ?? 0) < (bestScore[difference] ?? 0))) {
      best = entry
      bestScore = entryScore
    }
  }
  if (best === undefined) throw new RangeError('placement needs at least one host')
  return best
}

const placeGroup = (group: GroupConfig, loads: readonly HostLoad[]): ReplicaPlacement[] => {
  const taken = new Map<string, number>()
  const placed: ReplicaPlacement[] = []
  let masterIndex = 0
  for (let brokerId = 0; brokerId < group.replicas; brokerId++) {
    const pinned = group.hosts?.[brokerId]
    const load = leastBy(
      loads.filter((candidate) => pinned === undefined || candidate.host === pinned),
      (candidate) => {
        const replicasHere = taken.get(candidate.host) ?? 0
        const index = loads.indexOf(candidate)
        if (brokerId === 0) return [replicasHere, candidate.masters, candidate.slaves, index]
        // Ties go to the host after the master's, so that slaves cross over instead of piling up on the first host.
        const distance = (index - masterIndex + loads.length) % loads.length
        return [replicasHere, candidate.slaves, candidate.masters, distance]
      },
    )
    taken.set(load.host, (taken.get(load.host) ?? 0) + 1)
    if (brokerId === 0) {
      load.masters++
      masterIndex = loads.indexOf(load)
    } else load.slaves++
    placed.push({ group: group.name, brokerId, host: load.host })
  }
  return placed
}

/**
 * Spreads the replicas over the hosts: two replicas of a group share a host only when the group has more replicas than
 * there are hosts, masters are spread evenly, then slaves. Groups are placed one after the other, so a group appended
 * to the config never moves those before it. Host names in `groups[].hosts` must exist (checked beforehand).
 */
export const placeReplicas = (config: Pick<ClusterConfig, 'groups' | 'hosts'>): ReplicaPlacement[] => {
  const loads: HostLoad[] = config.hosts.map((host) => ({ host: host.name, masters: 0, slaves: 0 }))
  return config.groups.flatMap((group) => placeGroup(group, loads))
}

/** The host of each NameServer: those named, or the hosts in turn. */
export const placeNameServers = (config: Pick<ClusterConfig, 'nameServers' | 'hosts'>): string[] => {
  if (Array.isArray(config.nameServers)) return config.nameServers
  return Array.from({ length: config.nameServers }, (_, index) => {
    const host = config.hosts[index % config.hosts.length]
    if (host === undefined) throw new RangeError('placement needs at least one host')
    return host.name
  })
}
