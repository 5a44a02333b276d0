import type { QueueData } from '../../codec/route/route-data.ts'
import type { RouteTable } from './route-table.ts'

const UNIT = 1
const UNIT_SUB = 2

/** TopicList as it is encoded. */
export interface TopicList {
  readonly topicList: Iterable<string>
  readonly brokerAddr?: string | undefined
}

export function allTopics(table: RouteTable): TopicList {
  return { topicList: [...table.topics.topics] }
}

export function topicsOfCluster(table: RouteTable, cluster: string): TopicList {
  const names = [...(table.clusters.get(cluster) ?? [])]
  return { topicList: topicsWhere(table, (queues) => names.some((name) => queues.has(name))) }
}

/** Clusters and broker groups are topics of a kind, too: each has one of its name. With an address to ask for the others. */
export function systemTopics(table: RouteTable): TopicList {
  const names = new Set<string>()
  for (const [cluster, brokerNames] of table.clusters) {
    names.add(cluster)
    for (const brokerName of brokerNames) names.add(brokerName)
  }
  for (const group of table.groups.values()) {
    const id = group.minBrokerId
    if (id !== undefined) return { topicList: names, brokerAddr: group.brokerAddrs.get(id) }
  }
  return { topicList: names }
}

export type UnitKind = 'unit' | 'unit sub' | 'unit sub of no unit'

/** Topics by the unit flags of one of their broker groups. */
export function unitTopics(table: RouteTable, kind: UnitKind): TopicList {
  return {
    topicList: topicsWhere(table, (queues) => {
      const [first] = queues.values()
      const flag = first?.topicSysFlag ?? 0
      if (kind === 'unit') return (flag & UNIT) !== 0
      return (flag & UNIT_SUB) !== 0 && (kind === 'unit sub' || (flag & UNIT) === 0)
    }),
  }
}

function topicsWhere(table: RouteTable, matches: (queues: ReadonlyMap<string, QueueData>) => boolean): string[] {
  const found: string[] = []
  for (const [topic, queues] of table.topics.entries()) if (matches(queues)) found.push(topic)
  return found
}
