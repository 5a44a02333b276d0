import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { AdminError } from '../admin/admin-client.ts'
import type { LiveCluster } from './live-cluster.ts'
import { askLeader, quorumView } from './replica-sets.ts'
import { waitUntil } from './waiting.ts'

/** A controller of the quorum. */
export interface Controller {
  /** As in controllerDLegerPeers: `n0`. */
  readonly id: string
  /** `host:port` */
  readonly address: string
}

/** Until a quorum that is without leader for a moment has agreed. */
const timeoutMs = 60_000

/** Members by id, as the controllers have agreed on them. */
async function members(cluster: LiveCluster): Promise<ReadonlyMap<string, string>> {
  for (const controller of cluster.controllers) {
    const view = await quorumView(cluster, controller).catch(() => undefined)
    if (view === undefined || view.leader === '') continue
    const { peers, leads, isAgreed } = await quorumView(cluster, view.leader)
    // One that has lost the lead may know of a change that will never be.
    if (!leads) throw new Error(`controller ${view.leader} does not lead any more`)
    if (!isAgreed) throw new Error('the controllers are agreeing on who they are')
    return peers
  }
  throw new Error(`the controllers ${cluster.controllers.join(';')} have no leader at the moment`)
}

async function change(cluster: LiveCluster, kind: string, { id, address }: Controller): Promise<void> {
  const fields = { change: kind, controllerId: id, controllerAddress: address }
  try {
    await askLeader(cluster, { code: RequestCode.CHANGE_CONTROLLERS, fields })
  } catch (error) {
    if (!(error instanceof AdminError) || error.code !== ResponseCode.REQUEST_CODE_NOT_SUPPORTED) throw error
    throw new UnchangeableQuorumError(kind, id)
  }
}

/** Apache's controllers cannot change who they are while they run. */
export class UnchangeableQuorumError extends Error {
  override readonly name = 'UnchangeableQuorumError'

  constructor(kind: string, id: string) {
    super(
      `cannot ${kind} controller ${id}: the controllers run Apache's engine, whose membership is fixed. Keep their number, or run them with engine: gantry`,
    )
  }
}

/** Repeats a change until the members are as wanted: a leader may fall while it is made. */
async function changeUntil(
  cluster: LiveCluster,
  what: string,
  isDone: (peers: ReadonlyMap<string, string>) => boolean,
  make: () => Promise<void>,
): Promise<void> {
  let refusal: unknown
  await waitUntil(cluster, what, timeoutMs, async () => {
    if (isDone(await members(cluster))) return undefined
    try {
      await make()
    } catch (error) {
      if (!(error instanceof UnchangeableQuorumError)) throw error
      refusal = error
    }
    return refusal === undefined ? 'it is being changed' : undefined
  })
  if (refusal !== undefined) throw refusal
}

/** A controller that runs joins the others. Nothing when it is a member. @throws UnchangeableQuorumError, RolloutWaitError */
export async function addController(cluster: LiveCluster, controller: Controller): Promise<void> {
  await changeUntil(
    cluster,
    `controller ${controller.id} is a member`,
    (peers) => peers.get(controller.id) === controller.address,
    () => change(cluster, 'add', controller),
  )
}

/** A controller leaves the others; it may run or not. Nothing when it is no member. @throws UnchangeableQuorumError, RolloutWaitError */
export async function removeController(cluster: LiveCluster, controller: Controller): Promise<void> {
  await changeUntil(
    cluster,
    `controller ${controller.id} is no member any more`,
    (peers) => !peers.has(controller.id),
    () => change(cluster, 'remove', controller),
  )
}

/**
 * Gives the lead to another controller before this one is touched. Nothing when it does not lead, or is alone; Apache's
 * controllers cannot and elect another one when it is gone.
 */
export async function handLeadOver(cluster: LiveCluster, address: string): Promise<void> {
  const { leader, peers } = await quorumView(cluster, address).catch(() => ({
    leader: '',
    peers: new Map<string, string>(),
  }))
  const heirs = [...peers].filter(([, peer]) => peer !== address)
  if (leader !== address || heirs.length === 0) return
  for (const [id, heir] of heirs) {
    try {
      await change(cluster, 'lead', { id, address: heir })
      break
    } catch (error) {
      if (error instanceof UnchangeableQuorumError) return
      // That one may be down or behind: another one may do.
      cluster.tell?.(
        `controller ${id} does not take the lead: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
}

/**
 * Waits until every controller that is a member answers and all name the same leader. One that has just been removed, and runs
 * still, knows none.
 * @throws RolloutWaitError
 */
export async function waitControllersAgree(cluster: LiveCluster, waitMs: number): Promise<void> {
  await waitUntil(cluster, 'all controllers name the same leader', waitMs, async () => {
    const joined = new Set((await members(cluster)).values())
    const own = cluster.controllers.filter((controller) => joined.has(controller))
    // Where they reach each other by other addresses than they are reached by from here, nobody can tell.
    const asked = own.length > 0 ? own : cluster.controllers
    const views = await Promise.all(asked.map((controller) => quorumView(cluster, controller)))
    return disagreement(views.map(({ leader }) => leader))
  })
}

/**
 * Waits until a controller that has come back agrees with those of its quorum that run. When these are no majority there is
 * nothing to agree on: whoever waits may start the others.
 * @param address `host:port`
 * @throws RolloutWaitError
 */
export async function waitControllerBack(cluster: LiveCluster, address: string, waitMs: number): Promise<void> {
  await waitUntil(cluster, `controller ${address} agrees with the others who leads`, waitMs, async () => {
    const members = [...(await quorumView(cluster, address)).peers.values()]
    const answers = await Promise.allSettled(members.map((member) => quorumView(cluster, member)))
    const views = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    return views.length * 2 <= members.length ? undefined : disagreement(views.map(({ leader }) => leader))
  })
}

function disagreement(leaders: readonly string[]): string | undefined {
  const names = [...new Set(leaders)]
  if (names.length === 1 && names[0] !== '') return undefined
  return names.includes('') ? 'one of them knows no leader' : `they name ${names.join(' and ')}`
}
