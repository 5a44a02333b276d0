import type { BrokerNode, PlanNode } from '../../components/plan/plan-node.ts'
import { watchRecovery } from './recovery-watch.ts'
import { addressOf } from './stack-cluster.ts'
import type { Trial } from './trial.ts'

/** Of ten kills so many wait until the cluster is whole; the others hit one that is still recovering. */
const WHOLE_OF_TEN = 7
/** Of ten kills so many hit a master, and so many of the rest a controller. */
const MASTERS_OF_TEN = 5
const CONTROLLERS_OF_TEN = 5

/** Kills processes with SIGKILL at random moments. The supervisor starts them again. */
export async function killAtRandom(trial: Trial, kills: number): Promise<void> {
  for (let kill = 1; kill <= kills; kill++) {
    const isWhole = trial.random.below(10) < WHOLE_OF_TEN
    if (isWhole) await trial.cluster.awaitWhole()
    await trial.pause(trial.between(100, 1_000))
    const victim = await pickVictim(trial)
    await killOne(trial, victim, isWhole, `kill ${kill} of ${kills}`)
  }
}

/** Kills masters only, each when everything is in order. */
export async function killMasters(trial: Trial, kills: number): Promise<void> {
  for (let kill = 1; kill <= kills; kill++) {
    await trial.cluster.awaitWhole()
    await trial.pause(trial.between(300, 1_000))
    const group = trial.cluster.groups[trial.random.below(trial.cluster.groups.length)]!
    await killOne(trial, await masterNode(trial, group), true, `kill ${kill} of ${kills}`)
  }
}

async function pickVictim(trial: Trial): Promise<PlanNode> {
  const { cluster, random } = trial
  const group = cluster.groups[random.below(cluster.groups.length)]!
  const master = await cluster.masterOf(group)
  if (random.below(10) < MASTERS_OF_TEN && master !== undefined) return cluster.brokerAt(master)
  const isController = random.below(10) < CONTROLLERS_OF_TEN
  const others = cluster.nodes.filter((node) => {
    return isController ? node.kind !== 'broker' : node.kind === 'broker' && addressOf(node) !== master
  })
  return others[random.below(others.length)]!
}

async function masterNode(trial: Trial, group: string): Promise<BrokerNode> {
  const master = await trial.cluster.masterOf(group)
  if (master === undefined) throw new Error(`${group} has no master`)
  return trial.cluster.brokerAt(master)
}

async function killOne(trial: Trial, victim: PlanNode, isWhole: boolean, text: string): Promise<void> {
  const { cluster } = trial
  const isMaster = victim.kind === 'broker' && (await cluster.masterOf(victim.group)) === addressOf(victim)
  const atMs = Date.now()
  const killed = cluster.signal(victim.id, 'SIGKILL')
  if (killed === undefined) return
  const isMeasured = isMaster && isWhole
  const recovery = isMeasured ? await recoveryOf(trial, victim) : undefined
  const shown =
    recovery === undefined ? '' : `, writable after ${recovery.writableMs}, routed after ${recovery.routedMs} ms`
  trial.say(`${text}: ${isMaster ? 'master ' : ''}${victim.id}${shown}`)
  trial.disturbances.push({ atMs, what: `kill ${victim.id}`, isMeasured, recovery })
  await cluster.awaitNoticed(victim.id, killed)
}

/** `gone`: the broker that was master. */
export function recoveryOf({ cluster }: Trial, gone: BrokerNode) {
  const candidates = cluster.brokersOf(gone.group).filter((node) => node !== gone)
  const { client, nameServers } = cluster
  return watchRecovery({ client, group: gone.group, candidates: candidates.map(addressOf), nameServers })
}
