import { asText, objectField } from '../../runtime/codec/json/json-fields.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { MASTER_ID } from '../../runtime/codec/route/route-data.ts'
import { bodyObject } from '../admin/admin-client.ts'
import type { LiveCluster } from './live-cluster.ts'
import { replicasOf } from './replica-sets.ts'
import { membersOf } from './routes.ts'
import { type BrokerTables, lackingOffsets, lackingTables, tablesOf } from './slave-tables.ts'
import { waitUntil } from './waiting.ts'

/** The runtime table of a broker (request 28). */
export async function runtimeInfo(
  { asker }: Pick<LiveCluster, 'asker'>,
  broker: string,
): Promise<ReadonlyMap<string, string>> {
  const body = bodyObject(await asker.ask(broker, { code: RequestCode.GET_BROKER_RUNTIME_INFO }))
  const table = Object.entries(objectField(body, 'table') ?? {})
  return new Map(table.map(([key, value]) => [key, asText(value, key)]))
}

/** Where a broker's commit log ends, in bytes. */
export async function logEnd(cluster: LiveCluster, broker: string): Promise<number> {
  return Number((await runtimeInfo(cluster, broker)).get('commitLogMaxOffset') ?? 0)
}

/** A replica that is waited for, by the address it registers. */
export interface AwaitedReplica {
  readonly group: string
  readonly address: string
  readonly timeoutMs: number
}

/**
 * Waits until an elected broker is in the SyncStateSet of its group.
 * @throws RolloutWaitError with the bytes it lacks
 */
export async function waitInSync(cluster: LiveCluster, { group, address, timeoutMs }: AwaitedReplica): Promise<void> {
  await waitUntil(cluster, `${address} is in the SyncStateSet of ${group}`, timeoutMs, async () => {
    const replicas = await replicasOf(cluster, group)
    const inSync = replicas?.inSyncReplicas.map(({ brokerAddress }) => brokerAddress) ?? []
    if (inSync.includes(address)) return undefined
    const master = replicas?.masterAddress
    if (master === undefined || master === '') return `${group} has no master at the moment`
    const lagBytes = (await logEnd(cluster, master)) - (await logEnd(cluster, address))
    return `it is ${Math.max(0, lagBytes)} bytes behind ${master}; in sync are ${inSync.join(', ')}`
  })
}

/** Ours copies offsets from its master every 3 s, Apache's every minute. */
const offsetsPatienceMs = 10_000

/**
 * Waits until a slave has what its master had at the first look, topics, consumer groups and their offsets as well: under load
 * the master's end moves on and on. For offsets alone it waits a while only, unless the slave is an heir: a master that comes back
 * with its own has them, and meanwhile a consumer that begins at the slave gets some messages again.
 *
 * An heir has what its master had at the look just before. Clients that have old routes are served until its master ends, and what
 * the heir had some looks ago says nothing: it may have lost its disk since, or the way to its master.
 * @throws RolloutWaitError with what it lacks
 */
export async function waitCaughtUp(
  cluster: LiveCluster,
  { group, address, timeoutMs, isHeir = false }: AwaitedReplica & { readonly isHeir?: boolean },
): Promise<void> {
  let first: number | undefined
  let before: number | undefined
  let giveUpMs = Number.POSITIVE_INFINITY
  let tables: BrokerTables | undefined
  await waitUntil(cluster, `${address} has what the master of ${group} has`, timeoutMs, async () => {
    const justBefore = before
    before = undefined
    const master = (await membersOf(cluster, group)).get(MASTER_ID)
    if (master === undefined) return `${group} has no master at the moment`
    if (master === address) return undefined
    const end = await logEnd(cluster, master)
    first ??= end
    const lagBytes = (isHeir ? (justBefore ?? end) : first) - (await logEnd(cluster, address))
    before = end
    if (lagBytes > 0) return `it is ${lagBytes} bytes behind ${master}`
    tables ??= await tablesOf(cluster, master)
    const own = await tablesOf(cluster, address)
    const lacking = lackingTables(tables, own)
    if (lacking !== undefined) return `it lacks ${lacking}`
    const { clock } = cluster
    if (giveUpMs === Number.POSITIVE_INFINITY && !isHeir) giveUpMs = clock.monotonic() + offsetsPatienceMs
    const offsets = lackingOffsets(tables, own)
    return offsets === undefined || clock.monotonic() >= giveUpMs ? undefined : `it lacks ${offsets}`
  })
}
