import type { Plan } from '../plan.ts'
import type { BrokerNode } from '../plan-node.ts'
import { brokersOf, isElected } from './group-change.ts'
import { originalId, type RolloutAction, type RolloutStep, type RolloutWait } from './rollout.ts'
import { isLearner, pauseWrites, restartMs, resumeWrites } from './steps.ts'

type HandOver = Extract<RolloutAction, { kind: 'handOver' }>

/** Replicas that could take over, those that were meant to first. One that went back to where it was has its name again. */
const heirsOf = ({ group, avoid, preferred }: HandOver, plan: Plan): BrokerNode[] => {
  const others = brokersOf(plan).filter(
    (node) => node.group === group && node.id !== avoid && isElected(node) && !isLearner(node),
  )
  const meant = preferred.flatMap((id) => {
    return others.find((node) => node.id === id) ?? others.find((node) => node.id === originalId(id)) ?? []
  })
  return meant.length > 0 ? [...new Set(meant)] : others
}

/**
 * Units are planned each by itself; when their steps come, replicas that were to take over may have left. Then others do, and
 * where there is none left the group takes no writes while the last one restarts. Nor is a slave that has left waited for.
 */
export class ThoseThere {
  /** Replicas that are about to restart alone, writes to them paused. */
  readonly #alone = new Set<string>()

  /** @param plan by which the cluster runs when the step comes */
  adapt(step: RolloutStep, plan: Plan): RolloutStep[] {
    const { action } = step
    if (action.kind === 'restartNode' && action.node.kind === 'broker' && this.#alone.delete(action.from.id)) {
      const { group } = action.node
      const effect = { kind: 'groupUnavailable', group, aboutMs: restartMs(action.node) } as const
      return [{ ...step, effect }, resumeWrites(action.node)]
    }
    if (action.kind === 'pauseWrites')
      return [{ ...step, waits: step.waits.flatMap((wait) => ofThoseThere(wait, plan)) }]
    if (action.kind !== 'handOver') return [step]
    const heirs = heirsOf(action, plan)
    const node = brokersOf(plan).find(({ id }) => id === action.avoid)
    if (heirs.length === 0 && action.isLeaving !== true && node !== undefined) {
      this.#alone.add(node.id)
      return [pauseWrites(node, [], restartMs(node))]
    }
    return [withHeirs(step, action, heirs)]
  }
}

/** One that went back to where it was has its name again. */
const ofThoseThere = (wait: RolloutWait, plan: Plan): RolloutWait[] => {
  if (!('nodeId' in wait)) return [wait]
  const { nodeId } = wait
  const nodes = brokersOf(plan)
  const node = nodes.find(({ id }) => id === nodeId) ?? nodes.find(({ id }) => id === originalId(nodeId))
  return node === undefined ? [] : [{ ...wait, nodeId: node.id }]
}

const withHeirs = (step: RolloutStep, action: HandOver, heirs: readonly BrokerNode[]): RolloutStep => {
  const others = step.waits.filter((wait) => wait.kind !== 'inSyncStateSet')
  const needed = step.waits.some((wait) => wait.kind === 'inSyncStateSet') ? heirs : []
  const waits = needed.map(({ id: nodeId, group }): RolloutWait => ({ kind: 'inSyncStateSet', nodeId, group }))
  return { ...step, action: { ...action, preferred: heirs.map(({ id }) => id) }, waits: [...waits, ...others] }
}
