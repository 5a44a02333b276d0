import type { Plan } from '../../plan/plan.ts'
import type { PlanNode } from '../../plan/plan-node.ts'
import { settingsOf } from '../../plan/rollout/node-settings.ts'
import type { StopSignal } from './process-table.ts'

/**
 * Whether its end would hold up the others of its group: an elected replica of Apache's, where every replica has to confirm what
 * is sent. Told to end it takes nothing more from its master for 3 s or longer, with its connection open
 * (DefaultMessageStore.shutdown waits before it ends the HAService), and its master acknowledges nothing meanwhile. When it is gone
 * the connection is, too, and the master goes on without it: it is killed, when it is no master itself any more. What it
 * wrote is in files that are mapped, unless transientStorePoolEnable says otherwise: so nothing goes with it.
 */
export function isHeldUpByItsEnd(node: PlanNode): boolean {
  if (node.kind !== 'broker' || node.role !== 'REPLICA' || node.engine !== 'apache') return false
  const settings = settingsOf(node)
  return settings.get('allAckInSyncStateSet') === 'true' && settings.get('transientStorePoolEnable') !== 'true'
}

/** How a node is ended of whose group others go on. */
export function stopSignalOf(node: PlanNode, { nodes }: Pick<Plan, 'nodes'>): StopSignal {
  if (node.kind !== 'broker' || !isHeldUpByItsEnd(node)) return 'SIGTERM'
  const goesOn = nodes.some((other) => other.kind === 'broker' && other.group === node.group && other.id !== node.id)
  return goesOn ? 'SIGKILL' : 'SIGTERM'
}
