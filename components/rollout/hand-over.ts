import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import type { Engine } from '../plan/plan-node.ts'
import { HeldSends } from './held-sends.ts'
import type { LiveCluster } from './live-cluster.ts'
import { askLeader, replicasOf } from './replica-sets.ts'
import { missingRoute } from './routes.ts'
import { StandIn } from './stand-in.ts'
import { waitUntil } from './waiting.ts'

export interface HandOverRequest {
  readonly group: string
  /** `host:port`, as it registers: the broker that shall not be master. */
  readonly avoid: string
  /**
   * What that broker runs by; ours when left out. One of Apache's gets no messages meanwhile (held-sends.ts), and before that
   * clients are led to its successor (stand-in.ts).
   */
  readonly engine?: Engine | undefined
  /** Addresses of those that shall be rather than others, best first. */
  readonly preferred: readonly string[]
  /** It does not come back: what it has would be gone when nobody else lives. */
  readonly isLeaving?: boolean
  readonly timeoutMs: number
  /** How long clients may go by a route of before; left out: as official ones do. */
  readonly staleRouteMs?: number | undefined
  /** Comes before each attempt to make another one master. */
  readonly beforeElection?: () => Promise<void>
}

/**
 * What became of it. `led over`: as handed over, and clients went by the new master before; `alone`: no other replica lives;
 * `absent`: the controllers do not know the group.
 */
export type HandOverOutcome = 'handed over' | 'led over' | 'not master' | 'alone' | 'absent'

/** A replica that is away for so long is not waited for: nobody else holds anything that this one lacks. */
const goneMs = 10_000

/**
 * Gives the role of master to a replica that holds everything confirmed, and waits until every NameServer routes to it. Done
 * again it only waits. While others live of which none is in sync it waits for one: what is acknowledged must not be left
 * behind.
 * @throws RolloutWaitError
 */
export async function handOver(cluster: LiveCluster, request: HandOverRequest): Promise<HandOverOutcome> {
  if (request.engine !== 'apache') return giveAway(cluster, request)
  const standIn = new StandIn(cluster, request)
  const held = new HeldSends(cluster, request.avoid)
  try {
    await standIn.begin()
    return await giveAway(cluster, withFirst(request, standIn.address), { held, standIn })
  } finally {
    await held.end()
    await standIn.end()
  }
}

const withFirst = (request: HandOverRequest, heir: string | undefined): HandOverRequest =>
  heir === undefined ? request : { ...request, preferred: [heir, ...request.preferred] }

async function giveAway(
  cluster: LiveCluster,
  request: HandOverRequest,
  { held, standIn }: { readonly held?: HeldSends; readonly standIn?: StandIn } = {},
): Promise<HandOverOutcome> {
  const { group, avoid, preferred, timeoutMs, isLeaving = false } = request
  let outcome: HandOverOutcome | undefined
  let elected = ''
  const giveUpMs = cluster.clock.monotonic() + goneMs
  await waitUntil(cluster, `another replica than ${avoid} is master of ${group}`, timeoutMs, async () => {
    const replicas = await replicasOf(cluster, group)
    if (replicas === undefined || replicas.inSyncReplicas.length + replicas.notInSyncReplicas.length === 0) {
      outcome = 'absent'
      return undefined
    }
    const { masterAddress, inSyncReplicas, notInSyncReplicas } = replicas
    if (masterAddress !== undefined && masterAddress !== '' && masterAddress !== avoid) {
      outcome ??= 'not master'
      elected = masterAddress
      return (await held?.unaware()) ?? missingRoute(cluster, group, masterAddress)
    }
    const others = [...inSyncReplicas, ...notInSyncReplicas].filter(({ brokerAddress }) => brokerAddress !== avoid)
    // There are others, who have not come that far yet: nobody but this one may hold anything.
    if (others.length === 0 && preferred.length > 0) return `none of ${preferred.join(', ')} has registered`
    if (!others.some(({ alive }) => alive)) {
      if (others.length === 0 || (!isLeaving && cluster.clock.monotonic() >= giveUpMs)) {
        outcome = 'alone'
        return undefined
      }
      return 'no other replica lives'
    }
    const rank = (address: string) => (preferred.includes(address) ? preferred.indexOf(address) : preferred.length)
    const [heir] = inSyncReplicas
      .filter(({ brokerAddress, alive }) => alive && brokerAddress !== avoid)
      .sort((a, b) => rank(a.brokerAddress) - rank(b.brokerAddress))
    if (heir === undefined) {
      await held?.rest()
      return `no other replica is in sync, of ${others.map(({ brokerAddress }) => brokerAddress).join(', ')}`
    }
    await standIn?.renew()
    const lacking = await held?.lacking(heir.brokerAddress)
    if (lacking !== undefined) return lacking
    outcome = 'handed over'
    await request.beforeElection?.()
    await elect(cluster, group, heir.brokerId)
    return `${heir.brokerAddress} is being made master`
  })
  cluster.tell?.(`${group}: ${outcome === 'handed over' ? `${elected} is master now` : outcome}`)
  if (outcome === 'handed over' && standIn?.isElected(elected)) return 'led over'
  return outcome ?? 'absent'
}

async function elect(cluster: LiveCluster, brokerName: string, brokerId: number): Promise<void> {
  const fields = {
    clusterName: cluster.name,
    brokerName,
    brokerId,
    designateElect: true,
    invokeTime: cluster.clock.now(),
  }
  await askLeader(cluster, { code: RequestCode.CONTROLLER_ELECT_MASTER, fields })
}
