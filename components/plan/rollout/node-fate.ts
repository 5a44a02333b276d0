import type { Plan } from '../plan.ts'
import type { PlanNode } from '../plan-node.ts'
import { type NodeChange, nodeChange } from './node-change.ts'
import { formerId, type RolloutStep } from './rollout.ts'
import { canRunBeside } from './schedule.ts'
import { startNode, stopNode } from './steps.ts'

/** What becomes of a node that keeps no messages: a NameServer, a controller, a proxy. */
export interface NodeFate {
  readonly node: PlanNode
  /** Steps until it runs where it is to be; none when it does. */
  readonly arrival: readonly RolloutStep[]
  /** A change in its place. */
  readonly change: NodeChange | undefined
  /** The node that it has taken the place of, to be stopped when nobody needs it any more. */
  readonly predecessor: PlanNode | undefined
}

/** Others find it by its address: with another one it is another node, and both may be there for a while. */
const isSamePlace = (from: PlanNode, node: PlanNode): boolean =>
  from.address === node.address && from.dataDir === node.dataDir && (from.port === node.port || from.kind === 'proxy')

const settled = (node: PlanNode, arrival: readonly RolloutStep[] = [], predecessor?: PlanNode): NodeFate => ({
  node,
  arrival,
  change: undefined,
  predecessor,
})

/** Where both cannot be, one ends and the other one starts, as with a restart. */
const arriveBeside = (node: PlanNode, old: PlanNode, former: PlanNode): NodeFate => {
  if (canRunBeside(old, node)) return settled(node, [startNode(node, 'its new place')], former)
  const change: NodeChange = { kind: 'restart', from: old, node, why: `its folder to ${node.dataDir}` }
  return { node, arrival: [], change, predecessor: undefined }
}

export const nodeFate = (node: PlanNode, running: Plan, wanted: Plan): NodeFate => {
  const current = running.nodes.find(({ id }) => id === node.id)
  const former = running.nodes.find(({ id }) => id === formerId(node.id))
  if (current !== undefined && isSamePlace(current, node)) {
    return { node, arrival: [], change: nodeChange(current, node, running, wanted), predecessor: former }
  }
  if (former === undefined) {
    if (current === undefined) return settled(node, [startNode(node, 'new in the config')])
    return arriveBeside(node, current, { ...current, id: formerId(node.id) })
  }
  // An earlier rollout got as far as to start a node elsewhere, which is not wanted there any more.
  const retreat = current === undefined ? [] : [stopNode(current, 'its place is not wanted any more')]
  if (isSamePlace(former, node)) {
    const why = `${node.id} back to where it was`
    const change: NodeChange = { kind: 'restart', from: former, node, why }
    return { node, arrival: retreat, change, predecessor: undefined }
  }
  const fate = arriveBeside(node, former, former)
  return { ...fate, arrival: [...retreat, ...fate.arrival] }
}
