import { RealClock } from '../../../../runtime/io/real-clock.ts'
import type { Plan } from '../../../plan/plan.ts'
import { controllersOf } from '../../../plan/rollout/controller-members.ts'
import type { Observed } from '../../../plan/rollout/rollout.ts'
import { withLiveCluster } from '../../../rollout/live-cluster.ts'
import { observeCluster } from '../../../rollout/observe.ts'
import { nodeAddress } from '../../health/node-health.ts'
import { openRollout, recentRoutes } from './rollout-journal.ts'

/** Where the registries of a plan are reached. */
export const addressesOf = (plan: Plan) => ({
  cluster: plan.cluster,
  nameServers: plan.nodes.filter(({ kind }) => kind === 'nameServer').map(nodeAddress),
  controllers: [...controllersOf(plan).values()].map(({ address }) => address),
})

/** Looks at the cluster of a data dir, and at what an earlier rollout left open there. */
export const observeRunning = async (dataDir: string, running: Plan): Promise<Observed> => {
  const seen = await withLiveCluster(addressesOf(running), (cluster) => observeCluster(cluster, running.nodes))
  return { ...seen, ...openRollout(dataDir)?.unfinished, ...recentRoutes(dataDir, new RealClock().now()).observed }
}
