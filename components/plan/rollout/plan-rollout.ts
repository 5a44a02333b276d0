import type { Plan } from '../plan.ts'
import { type NodeChange, nodeChanges } from './node-change.ts'
import type { Rollout, RolloutStep } from './rollout.ts'
import { changeLive, startNode, stopNode } from './steps.ts'

export interface RolloutRequest {
  readonly running: Plan
  readonly wanted: Plan
}

const stepsOf = (change: NodeChange): RolloutStep[] => {
  if (change.kind === 'add') return [startNode(change.node, 'new in the config')]
  if (change.kind === 'live') return [changeLive(change.node, change.settings)]
  return change.kind === 'remove' ? [stopNode(change.from, 'not in the config any more')] : []
}

/** What has to be done, in order, so that a cluster that runs by one plan runs by another. Pure. */
export const planRollout = ({ running, wanted }: RolloutRequest): Rollout => {
  const changes = [...nodeChanges(running, wanted).values()]
  const refusals = changes.flatMap((change) =>
    change.kind === 'restart' || change.kind === 'move'
      ? [{ path: change.node.id, reason: `${change.node.id} would have to restart or move` }]
      : [],
  )
  return { steps: refusals.length > 0 ? [] : changes.flatMap(stepsOf), refusals, notes: [] }
}
