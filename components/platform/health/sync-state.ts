import type { BrokerNode } from '../../plan/plan-node.ts'
import type { ClusterProbe } from './cluster-probe.ts'

/** The value of a key in a conf file's text. */
const settingOf = (text: string, key: string): string | undefined => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1]

/** The first leader that one of the controllers names; undefined when there is none at the moment. */
async function leaderOf(probe: ClusterProbe, controllers: readonly string[]): Promise<string | undefined> {
  const answers = await Promise.allSettled(controllers.map((controller) => probe.controllerLeader(controller)))
  return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : '')).find((leader) => leader !== '')
}

/**
 * What an elected broker lacks of being a full member of its group: the SyncStateSet. Whoever is not in it neither counts
 * for what is acknowledged nor becomes master. A learner never is. While there is no leader, or nobody of the set runs,
 * nobody enters: the broker does all it can, and whoever waits for it may start the others.
 * @param address what the broker registers with the controllers
 * @returns undefined when nothing is missing
 */
export async function missingFromSyncStateSet(
  probe: ClusterProbe,
  { role, group, confFile }: BrokerNode,
  address: string,
): Promise<string | undefined> {
  if (role !== 'REPLICA' || settingOf(confFile.text, 'asyncLearner') === 'true') return undefined
  const controllers = settingOf(confFile.text, 'controllerAddr')?.split(';') ?? []
  const leader = await leaderOf(probe, controllers)
  if (leader === undefined) return undefined
  const inSync = await probe.syncStateSet(leader, group)
  if (inSync.length > 0 && !inSync.some(({ isAlive }) => isAlive)) return undefined
  return inSync.some((replica) => replica.address === address)
    ? undefined
    : `not in the SyncStateSet of ${group} yet, which has ${inSync.length}`
}
