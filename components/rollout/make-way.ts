import type { BrokerNode, PlanNode } from '../plan/plan-node.ts'
import { advertisedAddress } from '../platform/health/node-health.ts'
import { handLeadOver, waitControllerBack } from './controller-members.ts'
import { leaveReplica } from './leave-replica.ts'
import { type LiveCluster, withLiveCluster } from './live-cluster.ts'
import { clusterAround, confOf, ownController } from './node-surroundings.ts'
import { waitRegistered } from './registered.ts'
import { noteResumed, waitOtherKnown } from './resumed-groups.ts'
import { brokerGroups, fromNameServers, isRoutedForWrites } from './routes.ts'
import { stepDown } from './step-down.ts'
import { waitUntil } from './waiting.ts'
import { pauseWrites, resumeWrites } from './write-permission.ts'

/** A node that is about to be touched, or was. */
export interface TouchedNode {
  readonly node: PlanNode
  /** What is to run in its place, if that is known. */
  readonly next?: PlanNode | undefined
  /** `host:port` each, as they are reached from here. */
  readonly nameServers: readonly string[]
  readonly timeoutMs: number
  /** How long clients may go by a route of before; left out: as official ones do. */
  readonly staleRouteMs?: number | undefined
}

const writeBit = 2
const readAndWrite = 6

/**
 * What has to be done before a node that runs is stopped to come back: a master elected by controllers hands over, one that is
 * fixed takes no more writes while there is another group for them, a controller that leads gives the lead away. Done again
 * it changes nothing.
 * @param touched.node as it runs
 * @returns whether another replica of its group is master now
 * @throws RolloutWaitError: then it must not be stopped
 */
export async function makeWay(touched: TouchedNode): Promise<boolean> {
  const { node, nameServers } = touched
  const tell = (text: string) => console.info(`${node.id}: ${text}`)
  let hasMaster = false
  await withLiveCluster(
    clusterAround(node, nameServers),
    async (cluster) => {
      if (node.kind === 'broker') hasMaster = await makeWayForBroker(cluster, node, touched)
      const controller = ownController(node)
      if (controller !== undefined) await handLeadOver(cluster, controller.address)
    },
    tell,
  )
  return hasMaster
}

/**
 * The same before a broker goes to another machine, with nothing of what it has: another one has everything then.
 * @throws RolloutWaitError: then it must not be stopped
 */
export async function leaveMachine({ node, nameServers, timeoutMs, staleRouteMs }: TouchedNode): Promise<void> {
  if (node.kind !== 'broker' || node.role !== 'REPLICA') {
    await makeWay({ node, nameServers, timeoutMs, staleRouteMs })
    return
  }
  const tell = (text: string) => console.info(`${node.id}: ${text}`)
  const { group, engine } = node
  const leaving = { group, address: advertisedAddress(node), engine, timeoutMs, staleRouteMs }
  await withLiveCluster(clusterAround(node, nameServers), (cluster) => leaveReplica(cluster, leaving), tell)
}

async function makeWayForBroker(
  cluster: LiveCluster,
  node: BrokerNode,
  { timeoutMs, staleRouteMs, next }: Pick<TouchedNode, 'timeoutMs' | 'staleRouteMs' | 'next'>,
): Promise<boolean> {
  const { group, engine } = node
  const own = advertisedAddress(node)
  await waitRegistered(cluster, { group, address: own, timeoutMs })
  if (node.role === 'REPLICA') {
    const request = { group, avoid: own, engine, next: next?.engine, preferred: [], timeoutMs }
    const outcome = await stepDown(cluster, request, staleRouteMs)
    return outcome !== 'alone' && outcome !== 'absent'
  }
  if (node.brokerId !== 0) return false
  await oneGroupAtATime(async () => {
    const others = await otherGroups(cluster, group, timeoutMs)
    if (others.length === 0) return
    await waitOtherKnown(cluster, group, others, staleRouteMs)
    // Clients that ask for routes from here on know it as one that takes no writes, whatever becomes of this run.
    await noteResumed(cluster, group)
    await pauseWrites(cluster, { group, master: own, timeoutMs })
  })
  return false
}

let last: Promise<void> = Promise.resolve()

/** Groups are rolled at the same time, in one process: two of them must not both find the other one writable. */
function oneGroupAtATime(pausing: () => Promise<void>): Promise<void> {
  const turn = last.then(pausing)
  last = turn.catch(() => {})
  return turn
}

/** Waits until another group takes writes. @returns those that do; none when there is none, or none comes to in time */
async function otherGroups(cluster: LiveCluster, group: string, timeoutMs: number): Promise<readonly string[]> {
  if (cluster.nameServers.length === 0) return []
  const others = async (): Promise<(readonly [name: string, isWritable: boolean])[]> => {
    const answers = await fromNameServers(cluster, (nameServer) => brokerGroups(cluster, nameServer))
    const [[nameServer, groups] = ['', new Map<string, unknown>()]] = [...answers]
    const names = [...groups.keys()].filter((name) => name !== group)
    return Promise.all(
      names.map(async (name) => [name, (await isRoutedForWrites(cluster, nameServer, name)) === true] as const),
    )
  }
  if ((await others()).length === 0) return []
  let writable: string[] = []
  try {
    await waitUntil(cluster, `a group other than ${group} takes writes`, timeoutMs, async () => {
      writable = (await others()).flatMap(([name, isWritable]) => (isWritable ? [name] : []))
      return writable.length > 0 ? undefined : 'none does'
    })
  } catch (error) {
    // There is nothing to keep up for writers: the node may be what brings writes back.
    cluster.tell?.(error instanceof Error ? error.message : String(error))
  }
  return writable
}

/**
 * What has to hold after a node that ran before is healthy again, before another one is touched: a fixed master takes writes
 * as its conf file says, the controllers agree on who leads.
 * @throws RolloutWaitError
 */
export async function takePartAgain({ node, nameServers, timeoutMs }: TouchedNode): Promise<void> {
  await withLiveCluster(clusterAround(node, nameServers), async (cluster) => {
    if (node.kind === 'broker' && node.brokerId === 0) await writesAgain(cluster, node, timeoutMs)
    const controller = ownController(node)
    if (controller !== undefined) await waitControllerBack(cluster, controller.address, timeoutMs)
  })
}

/**
 * A fixed master takes writes as its conf file says, which it may do by itself since it has started. Clients that asked for routes
 * before hear of it a while later.
 */
export async function writesAgain(cluster: LiveCluster, node: BrokerNode, timeoutMs: number): Promise<void> {
  const { group } = node
  const permission = Number(confOf(node).get('brokerPermission') ?? readAndWrite)
  if ((permission & writeBit) === 0) return
  const answers = await fromNameServers(cluster, (nameServer) => isRoutedForWrites(cluster, nameServer, group))
  if (![...answers.values()].every((isRouted) => isRouted === true)) {
    await resumeWrites(cluster, { group, master: advertisedAddress(node), timeoutMs, permission })
  }
  await noteResumed(cluster, group)
}
