import type { Implementation } from '../dynamic/implementation.ts'
import { isSameValue } from '../dynamic/same-value.ts'
import { drainGroup } from './drain.ts'
import { withLiveCluster } from './live-cluster.ts'
import { type Declared, seedGroup } from './seed.ts'

export interface GroupTrafficInputs {
  readonly clusterName: string
  /** brokerName. */
  readonly group: string
  /** `host:port` each. */
  readonly nameServers: readonly string[]
  /** What the configuration says of topics and consumer groups that other groups have already; asked when the group is new. */
  readonly declared: Declared
  readonly readyTimeoutMs: number
  /** How long consumers may take to consume what a group holds that leaves. */
  readonly drainTimeoutMs: number
  readonly staleRouteMs?: number
}

/**
 * A broker group's part in the traffic of its cluster: made, it has what the other groups have; deleted, it takes no more
 * writes and consumers have consumed it. Its nodes are there before it and go after it.
 */
export const groupTrafficImplementation: Implementation<GroupTrafficInputs, GroupTrafficInputs> = {
  async diff({ declared: _, ...olds }, { declared: __, ...news }) {
    const replaces = (['clusterName', 'group'] as const).filter((key) => olds[key] !== news[key])
    return { changes: !isSameValue(olds, news), replaces }
  },
  async create(news) {
    const { clusterName, group, nameServers, declared, readyTimeoutMs } = news
    const made = await withLiveCluster({ cluster: clusterName, nameServers, controllers: [] }, (cluster) =>
      seedGroup(cluster, { ...declared, group, timeoutMs: readyTimeoutMs, onlyKnown: true }),
    )
    const count = made.consumerGroups.length + made.topics.length
    if (count > 0)
      console.info(`${group}: got ${made.consumerGroups.length} consumer groups, ${made.topics.length} topics`)
    return { id: `${clusterName}/${group}`, outs: news }
  },
  async read(_, known) {
    return known
  },
  async update(_, news) {
    return news
  },
  async delete({ clusterName, group, nameServers, drainTimeoutMs, staleRouteMs }) {
    const report = await withLiveCluster(
      { cluster: clusterName, nameServers, controllers: [] },
      (cluster) => drainGroup(cluster, { group, deadlineMs: drainTimeoutMs, staleRouteMs }),
      (text) => console.info(text),
    )
    if (report.drained) return
    const kept =
      'Its files stay as long as retainData says so: with the group back in the config they are served again.'
    console.warn(`${group} was not drained within ${drainTimeoutMs / 1000} s: ${report.left.join('; ')}. ${kept}`)
  },
}
