import type { Plan } from '../../../plan/plan.ts'
import type { PlanNode } from '../../../plan/plan-node.ts'
import { settingsOf } from '../../../plan/rollout/node-settings.ts'
import type { RolloutWait } from '../../../plan/rollout/rollout.ts'
import { LiveActions } from '../../../rollout/live-actions.ts'
import { type LiveCluster, withLiveCluster } from '../../../rollout/live-cluster.ts'
import { staleRouteMsDefault } from '../../../rollout/routes.ts'
import { isKeyAction, performOnKeys } from './key-actions.ts'
import { addressesOf } from './observe-running.ts'
import type { RolloutActions, RolloutContext } from './run-rollout.ts'

/** Brokers answer for themselves while NameServers are exchanged: those that a broker does not know, know nothing of it. */
const knownTo = (cluster: LiveCluster, node: PlanNode): LiveCluster => {
  const list = settingsOf(node).get('namesrvAddr')?.split(';') ?? []
  return { ...cluster, nameServers: cluster.nameServers.filter((address) => list.includes(address)) }
}

/** Actions on the cluster as it runs at a step. @param timeoutMs how long a wait may take */
export const liveActions =
  (dataDir: string, timeoutMs: number): RolloutContext['withActions'] =>
  (plan, wanted, tell, use) =>
    withLiveCluster(addressesOf(plan), (cluster) => use(actionsOn(dataDir, cluster, plan, wanted, timeoutMs)), tell)

function actionsOn(dataDir: string, cluster: LiveCluster, plan: Plan, wanted: Plan, timeoutMs: number): RolloutActions {
  const byId = new Map([...wanted.nodes, ...plan.nodes].map((node) => [node.id, node]))
  const { topics, consumerGroups, patience } = wanted
  const staleRouteMs = patience?.staleRouteMs ?? staleRouteMsDefault
  const options = { nodeOf: (id: string) => byId.get(id), timeoutMs, staleRouteMs, topics, consumerGroups }
  const actions = new LiveActions(cluster, options)
  return {
    perform: async (action) => {
      if (!isKeyAction(action)) return actions.perform(action)
      await performOnKeys(action, { dataDir, plan, cluster, timeoutMs })
      return {}
    },
    wait: (wait: RolloutWait) => {
      const node = wait.kind === 'registered' ? byId.get(wait.nodeId) : undefined
      return node === undefined ? actions.wait(wait) : new LiveActions(knownTo(cluster, node), options).wait(wait)
    },
  }
}
