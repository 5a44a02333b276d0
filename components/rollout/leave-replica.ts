import type { Engine } from '../plan/plan-node.ts'
import type { LiveCluster } from './live-cluster.ts'
import { fromNameServers, isRoutedForWrites } from './routes.ts'
import { stepDown } from './step-down.ts'

/**
 * Before an elected broker ends for good: another one is master, has everything, and clients know it. What a drained group has
 * may go with the last of its replicas.
 * @param leaving.address what it registered: `host:port`
 * @throws RolloutWaitError: then it must not be stopped
 */
export async function leaveReplica(
  cluster: LiveCluster,
  leaving: {
    readonly group: string
    readonly address: string
    readonly engine?: Engine | undefined
    readonly timeoutMs: number
    readonly staleRouteMs?: number | undefined
  },
): Promise<void> {
  const { group, address, engine, timeoutMs, staleRouteMs } = leaving
  const writable = await fromNameServers(cluster, (nameServer) => isRoutedForWrites(cluster, nameServer, group))
  const isLeaving = ![...writable.values()].includes(false)
  await stepDown(cluster, { group, avoid: address, engine, preferred: [], isLeaving, timeoutMs }, staleRouteMs)
}
