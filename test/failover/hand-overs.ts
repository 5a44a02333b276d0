import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { groupState, leadingController, routedBrokers } from './group-state.ts'
import { addressOf } from './stack-cluster.ts'
import type { Trial } from './trial.ts'

const TIMEOUT_MS = 5_000

/** Has another replica elected, as `mqadmin electMaster` does, again and again. */
export async function handOver(trial: Trial, times: number): Promise<void> {
  for (let time = 1; time <= times; time++) {
    await trial.cluster.awaitWhole()
    await trial.pause(trial.between(300, 1_000))
    for (const group of trial.cluster.groups) {
      const others = await slavesOf(trial, group)
      const [next] = others[trial.random.below(others.length)]!
      const atMs = Date.now()
      await elect(trial, group, next)
      trial.disturbances.push({ atMs, what: `elect ${next} of ${group}`, isMeasured: true, recovery: undefined })
      trial.say(`hand-over ${time} of ${times}: replica ${next} of ${group}, elected after ${Date.now() - atMs} ms`)
    }
  }
}

/** Stops masters in good order: each hands over first. The supervisor starts them again. */
export async function stopMasters(trial: Trial, times: number): Promise<void> {
  const { cluster } = trial
  for (let time = 1; time <= times; time++) {
    await cluster.awaitWhole()
    await trial.pause(trial.between(300, 1_000))
    const group = cluster.groups[trial.random.below(cluster.groups.length)]!
    const node = cluster.brokerAt((await cluster.masterOf(group))!)
    const atMs = Date.now()
    const stopped = cluster.signal(node.id, 'SIGTERM')
    if (stopped === undefined) throw new Error(`${node.id} does not run`)
    await cluster.awaitNoticed(node.id, stopped)
    trial.disturbances.push({ atMs, what: `stop ${node.id}`, isMeasured: true, recovery: undefined })
    trial.say(`stop ${time} of ${times}: master ${node.id} ended after ${Date.now() - atMs} ms`)
  }
}

/** Id and address of each replica that is in sync and not the master. */
async function slavesOf({ cluster }: Trial, group: string): Promise<(readonly [number, string])[]> {
  const routed = await routedBrokers(cluster.client, cluster.nameServers[0]!, group)
  const known = new Set(cluster.brokersOf(group).map(addressOf))
  const inSync = new Set((await groupState(cluster.client, cluster.controllers, group))?.syncStateSet)
  return [...routed].filter(([id, address]) => id !== 0 && inSync.has(id) && known.has(address))
}

async function elect({ cluster }: Trial, brokerName: string, brokerId: number): Promise<void> {
  const leader = await leadingController(cluster.client, cluster.controllers)
  if (leader === undefined) throw new Error('no controller leads')
  const clusterName = 'DefaultCluster'
  const fields = { clusterName, brokerName, brokerId, designateElect: true, invokeTime: Date.now() }
  const request = { code: RequestCode.CONTROLLER_ELECT_MASTER, fields }
  const { code, remark } = await cluster.client.invoke(leader, request, TIMEOUT_MS)
  if (code !== ResponseCode.SUCCESS)
    throw new Error(`replica ${brokerId} of ${brokerName} is not elected: ${code} ${remark}`)
}
