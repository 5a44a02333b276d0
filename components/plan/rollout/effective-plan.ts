import type { Plan } from '../plan.ts'
import type { PlanNode } from '../plan-node.ts'
import { formerId, type Observed } from './rollout.ts'

/** The plan by which the cluster runs, as far as was seen: what is gone is left out, what is changed already stands changed. */
export const effectivePlan = (running: Plan, wanted: Plan, observed: Observed | undefined): Plan => {
  if (observed === undefined) return running
  const seen = observed.nodes
  const then = new Map(wanted.nodes.map((node) => [node.id, node]))
  const known = new Set(running.nodes.map(({ id }) => id))
  const kept = running.nodes.flatMap((node): PlanNode[] => {
    const former = formerId(node.id)
    const old = seen.has(former) && !known.has(former) ? [{ ...node, id: former }] : []
    const state = seen.get(node.id)
    if (state === undefined) return old
    return [...old, state.runs === 'wanted' ? (then.get(node.id) ?? node) : node]
  })
  const started = wanted.nodes.filter(({ id }) => seen.has(id) && !known.has(id))
  return { ...running, nodes: [...kept, ...started] }
}
