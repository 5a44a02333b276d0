import type { BrokerNode, PlanNode } from '../plan/plan-node.ts'
import { advertisedAddress } from '../platform/health/node-health.ts'
import { handLeadOver, waitControllerBack } from './controller-members.ts'
import { handOver } from './hand-over.ts'
import { type LiveCluster, withLiveCluster } from './live-cluster.ts'
import { clusterAround, confOf, ownController } from './node-surroundings.ts'
import { brokerGroups, fromNameServers, isRoutedForWrites } from './routes.ts'
import { waitUntil } from './waiting.ts'
import { pauseWrites, resumeWrites } from './write-permission.ts'

/** A node that is about to be touched, or was. */
export interface TouchedNode {
  readonly node: PlanNode
  /** `host:port` each, as they are reached from here. */
  readonly nameServers: readonly string[]
  readonly timeoutMs: number
}

const writeBit = 2
const readAndWrite = 6

/**
 * What has to be done before a node that runs is stopped to come back: a master elected by controllers hands over, one that is
 * fixed takes no more writes while there is another group for them, a controller that leads gives the lead away. Done again
 * it changes nothing.
 * @param touched.node as it runs
 * @throws RolloutWaitError: then it must not be stopped
 */
export async function makeWay(touched: TouchedNode): Promise<void> {
  const { node, nameServers, timeoutMs } = touched
  const tell = (text: string) => console.info(`${node.id}: ${text}`)
  await withLiveCluster(
    clusterAround(node, nameServers),
    async (cluster) => {
      if (node.kind === 'broker') await makeWayForBroker(cluster, node, timeoutMs)
      const controller = ownController(node)
      if (controller !== undefined) await handLeadOver(cluster, controller.address)
    },
    tell,
  )
}

async function makeWayForBroker(cluster: LiveCluster, node: BrokerNode, timeoutMs: number): Promise<void> {
  const { group } = node
  const own = advertisedAddress(node)
  if (node.role === 'REPLICA') {
    await handOver(cluster, { group, avoid: own, preferred: [], timeoutMs })
    return
  }
  if (node.brokerId !== 0) return
  await oneGroupAtATime(async () => {
    if (await hasOtherGroup(cluster, group, timeoutMs)) await pauseWrites(cluster, { group, master: own, timeoutMs })
  })
}

let last: Promise<void> = Promise.resolve()

/** Groups are rolled at the same time, in one process: two of them must not both find the other one writable. */
function oneGroupAtATime(pausing: () => Promise<void>): Promise<void> {
  const turn = last.then(pausing)
  last = turn.catch(() => {})
  return turn
}

/** Waits until another group takes writes. False when there is none, or none that comes to take some in time. */
async function hasOtherGroup(cluster: LiveCluster, group: string, timeoutMs: number): Promise<boolean> {
  if (cluster.nameServers.length === 0) return false
  const others = async (): Promise<boolean[]> => {
    const answers = await fromNameServers(cluster, (nameServer) => brokerGroups(cluster, nameServer))
    const [[nameServer, groups] = ['', new Map<string, unknown>()]] = [...answers]
    const names = [...groups.keys()].filter((name) => name !== group)
    return Promise.all(names.map(async (name) => (await isRoutedForWrites(cluster, nameServer, name)) === true))
  }
  if ((await others()).length === 0) return false
  try {
    await waitUntil(cluster, `a group other than ${group} takes writes`, timeoutMs, async () =>
      (await others()).includes(true) ? undefined : 'none does',
    )
    return true
  } catch (error) {
    // There is nothing to keep up for writers: the node may be what brings writes back.
    cluster.tell?.(error instanceof Error ? error.message : String(error))
    return false
  }
}

/**
 * What has to hold after a node that ran before is healthy again, before another one is touched: a fixed master takes writes
 * as its conf file says, the controllers agree on who leads.
 * @throws RolloutWaitError
 */
export async function takePartAgain({ node, nameServers, timeoutMs }: TouchedNode): Promise<void> {
  await withLiveCluster(clusterAround(node, nameServers), async (cluster) => {
    if (node.kind === 'broker' && node.brokerId === 0) await writesAsConfigured(cluster, node, timeoutMs)
    const controller = ownController(node)
    if (controller !== undefined) await waitControllerBack(cluster, controller.address, timeoutMs)
  })
}

async function writesAsConfigured(cluster: LiveCluster, node: BrokerNode, timeoutMs: number): Promise<void> {
  const { group } = node
  const permission = Number(confOf(node).get('brokerPermission') ?? readAndWrite)
  if ((permission & writeBit) === 0) return
  const answers = await fromNameServers(cluster, (nameServer) => isRoutedForWrites(cluster, nameServer, group))
  if ([...answers.values()].every((isRouted) => isRouted === true)) return
  await resumeWrites(cluster, { group, master: advertisedAddress(node), timeoutMs, permission })
}
