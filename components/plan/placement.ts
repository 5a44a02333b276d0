import type { ClusterConfig, GroupConfig, HostConfig } from './schema/cluster-config.ts'

/** One replica of a group and the host it goes to. Without controllers `replica` 0 is the master. */
export interface ReplicaPlacement {
  readonly group: string
  readonly replica: number
  readonly host: string
}

interface HostLoad {
  readonly host: string
  /** The host itself where it names no zone: then each fails by itself. */
  readonly zone: string
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

const zoneOf = (host: HostConfig): string => host.zone ?? host.name

class Tally {
  readonly #counts = new Map<string, number>()

  count(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  add(key: string): void {
    this.#counts.set(key, this.count(key) + 1)
  }
}

const placeGroup = (group: GroupConfig, loads: readonly HostLoad[]): ReplicaPlacement[] => {
  const onHost = new Tally()
  const inZone = new Tally()
  const placed: ReplicaPlacement[] = []
  let masterIndex = 0
  for (let replica = 0; replica < group.replicas; replica++) {
    const pinned = group.hosts?.[replica]
    const load = leastBy(
      loads.filter((candidate) => pinned === undefined || candidate.host === pinned),
      (candidate) => {
        const apart = [onHost.count(candidate.host), inZone.count(candidate.zone)]
        const index = loads.indexOf(candidate)
        if (replica === 0) return [...apart, candidate.masters, candidate.slaves, index]
        // Ties go to the host after the master's, so that slaves cross over instead of piling up on the first host.
        const distance = (index - masterIndex + loads.length) % loads.length
        return [...apart, candidate.slaves, candidate.masters, distance]
      },
    )
    onHost.add(load.host)
    inZone.add(load.zone)
    if (replica === 0) {
      load.masters++
      masterIndex = loads.indexOf(load)
    } else load.slaves++
    placed.push({ group: group.name, replica, host: load.host })
  }
  return placed
}

/**
 * Spreads the replicas over the hosts: two replicas of a group share a host only when the group has more replicas than
 * there are hosts, and a zone only when it has more than there are zones; masters are spread evenly, then slaves. Groups
 * are placed one after the other, so a group appended to the config never moves those before it. Host names in
 * `groups[].hosts` must exist (checked beforehand).
 */
export const placeReplicas = (config: Pick<ClusterConfig, 'groups' | 'hosts'>): ReplicaPlacement[] => {
  const loads = config.hosts.map((host) => ({ host: host.name, zone: zoneOf(host), masters: 0, slaves: 0 }))
  return config.groups.flatMap((group) => placeGroup(group, loads))
}

/** Hosts in an order that visits every zone before any zone for the second time. */
const byZoneInTurn = (hosts: readonly HostConfig[]): HostConfig[] => {
  const seen = new Tally()
  const ranked = hosts.map((host) => {
    const zone = zoneOf(host)
    const rank = seen.count(zone)
    seen.add(zone)
    return { host, rank }
  })
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ host }) => host)
}

/** The host of each of several equal nodes: those named, or the hosts in turn, zone by zone. */
export const placeInTurn = (wanted: number | readonly string[], hosts: readonly HostConfig[]): string[] => {
  if (typeof wanted !== 'number') return [...wanted]
  const turn = byZoneInTurn(hosts)
  return Array.from({ length: wanted }, (_, index) => {
    const host = turn[index % turn.length]
    if (host === undefined) throw new RangeError('placement needs at least one host')
    return host.name
  })
}
