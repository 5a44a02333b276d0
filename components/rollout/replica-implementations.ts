import type { Implementation } from '../dynamic/implementation.ts'
import { isSameValue } from '../dynamic/same-value.ts'
import { forgetReplica } from './forget-replica.ts'
import { handOver } from './hand-over.ts'
import { withLiveCluster } from './live-cluster.ts'

/** An elected broker, by what it registers. */
export interface ReplicaInputs {
  readonly clusterName: string
  /** brokerName. */
  readonly group: string
  /** `host:port` */
  readonly address: string
  /** `host:port` each. */
  readonly nameServers: readonly string[]
  readonly controllers: readonly string[]
  readonly readyTimeoutMs: number
}

/** A resource that does nothing but when it is deleted. */
const onDelete = (leave: (known: ReplicaInputs) => Promise<void>): Implementation<ReplicaInputs, ReplicaInputs> => ({
  async diff(olds, news) {
    return { changes: !isSameValue(olds, news) }
  },
  async create(news) {
    return { id: `${news.clusterName}/${news.group}/${news.address}`, outs: news }
  },
  async read(_, known) {
    return known
  },
  async update(_, news) {
    return news
  },
  delete: leave,
})

const addressesOf = ({ clusterName, nameServers, controllers }: ReplicaInputs) => {
  return { cluster: clusterName, nameServers, controllers }
}

/** Deleted after its broker is: the controllers no longer reckon with it. */
export const replicaBooksImplementation = onDelete((known) =>
  withLiveCluster(addressesOf(known), (cluster) =>
    forgetReplica(cluster, { group: known.group, address: known.address, timeoutMs: known.readyTimeoutMs }),
  ),
)

/** Deleted before its broker is: another replica is master then. */
export const replicaLeaveImplementation = onDelete(async (known) => {
  const { group, address, readyTimeoutMs } = known
  await withLiveCluster(
    addressesOf(known),
    (cluster) => handOver(cluster, { group, avoid: address, preferred: [], timeoutMs: readyTimeoutMs }),
    (text) => console.info(text),
  )
})
