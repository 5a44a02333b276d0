import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import type { LiveCluster } from './live-cluster.ts'
import { askLeader, replicasOf } from './replica-sets.ts'
import { waitUntil } from './waiting.ts'

/**
 * The controllers forget a replica that was stopped for good: otherwise it counts as one that may come back. Waits while they
 * take it to be alive. Nothing when they do not know it.
 * @param address what it registered: `host:port`
 * @throws RolloutWaitError
 */
export async function forgetReplica(
  cluster: LiveCluster,
  { group, address, timeoutMs }: { readonly group: string; readonly address: string; readonly timeoutMs: number },
): Promise<void> {
  await waitUntil(cluster, `the controllers have forgotten ${address} of ${group}`, timeoutMs, async () => {
    const replicas = await replicasOf(cluster, group)
    const known = [...(replicas?.inSyncReplicas ?? []), ...(replicas?.notInSyncReplicas ?? [])]
    const ids = known.filter(({ brokerAddress }) => brokerAddress === address).map(({ brokerId }) => brokerId)
    if (ids.length === 0) return undefined
    const fields = {
      clusterName: cluster.name,
      brokerName: group,
      brokerControllerIdsToClean: ids.join(';'),
      isCleanLivingBroker: false,
      invokeTime: cluster.clock.now(),
    }
    await askLeader(cluster, { code: RequestCode.CLEAN_BROKER_DATA, fields })
    return 'it is being forgotten'
  })
}
