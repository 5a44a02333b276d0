import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import type { LiveCluster } from './live-cluster.ts'
import { askLeader, replicasOf } from './replica-sets.ts'
import { waitUntil } from './waiting.ts'

export interface Forgotten {
  readonly group: string
  readonly address: string
  readonly timeoutMs: number
  readonly wholeGroup?: boolean
}

/**
 * The controllers forget a replica that was stopped for good: otherwise it counts as one that may come back. Waits while they
 * take it to be alive. Nothing when they do not know it.
 * @param address what it registered: `host:port`; `wholeGroup`: with it every other replica of the group, none of which runs
 * @throws RolloutWaitError
 */
export async function forgetReplica(
  cluster: LiveCluster,
  { group, address, timeoutMs, wholeGroup = false }: Forgotten,
): Promise<void> {
  await waitUntil(cluster, `the controllers have forgotten ${address} of ${group}`, timeoutMs, async () => {
    const replicas = await replicasOf(cluster, group)
    const known = [...(replicas?.inSyncReplicas ?? []), ...(replicas?.notInSyncReplicas ?? [])]
    const ids = known.filter(({ brokerAddress }) => brokerAddress === address).map(({ brokerId }) => brokerId)
    if (ids.length === 0) return undefined
    const fields = {
      clusterName: cluster.name,
      brokerName: group,
      // None named: all.
      brokerControllerIdsToClean: wholeGroup ? '' : ids.join(';'),
      isCleanLivingBroker: false,
      invokeTime: cluster.clock.now(),
    }
    await askLeader(cluster, { code: RequestCode.CLEAN_BROKER_DATA, fields })
    return 'it is being forgotten'
  })
}
