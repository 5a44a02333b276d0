import type { Implementation } from '../dynamic/implementation.ts'
import { isSameValue } from '../dynamic/same-value.ts'
import type { Engine } from '../plan/plan-node.ts'
import { forgetReplica } from './forget-replica.ts'
import { leaveReplica } from './leave-replica.ts'
import { withLiveCluster } from './live-cluster.ts'

/** An elected broker, by what it registers. */
export interface ReplicaInputs {
  readonly clusterName: string
  /** brokerName. */
  readonly group: string
  /** `host:port` */
  readonly address: string
  /** What it runs by; ours when left out. */
  readonly engine?: Engine
  /** `host:port` each. */
  readonly nameServers: readonly string[]
  readonly controllers: readonly string[]
  readonly readyTimeoutMs: number
  readonly staleRouteMs?: number
}

type Replica = Implementation<ReplicaInputs, ReplicaInputs>

/** A resource that does nothing but when it is deleted, or when what it stands for is another one. */
const onDelete = (leave: Replica['delete'], update: Replica['update'] = async (_, news) => news): Replica => ({
  async diff(olds, news) {
    return { changes: !isSameValue(olds, news) }
  },
  async create(news) {
    return { id: `${news.clusterName}/${news.group}/${news.address}`, outs: news }
  },
  async read(_, known) {
    return known
  },
  update,
  delete: leave,
})

const addressesOf = ({
  clusterName,
  nameServers,
  controllers,
}: Pick<ReplicaInputs, 'clusterName' | 'nameServers' | 'controllers'>) => {
  return { cluster: clusterName, nameServers, controllers }
}

const forget = (known: ReplicaInputs, address: string): Promise<void> =>
  withLiveCluster(addressesOf(known), (cluster) =>
    forgetReplica(cluster, { group: known.group, address, timeoutMs: known.readyTimeoutMs }),
  )

/** Deleted after its broker is: the controllers no longer reckon with it. */
export const replicaBooksImplementation = onDelete((known) => forget(known, known.address))

/** Deleted before its broker is: another replica is master then. Updated after its broker is: elsewhere it is another replica. */
export const replicaLeaveImplementation = onDelete(
  ({ readyTimeoutMs: timeoutMs, ...known }) =>
    withLiveCluster(
      addressesOf(known),
      (cluster) => leaveReplica(cluster, { ...known, timeoutMs }),
      (text) => console.info(text),
    ),
  async (olds, news) => {
    if (olds.address !== news.address) await forget(news, olds.address)
    return news
  },
)
