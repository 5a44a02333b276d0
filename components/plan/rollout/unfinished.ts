import type { Plan } from '../plan.ts'
import type { BrokerNode, PlanNode } from '../plan-node.ts'
import { groupsOf } from './advance-plan.ts'
import { type ControllerMember, controllerMember, controllersOf } from './controller-members.ts'
import { openKeys } from './key-steps.ts'
import { type Observed, originalId, type RolloutStep } from './rollout.ts'

/** What is begun and cannot be seen from the nodes alone: kept by whoever performs a rollout, for the next one. */
export type Unfinished = Required<Pick<Observed, 'unseeded' | 'notJoined' | 'unforgotten' | 'openKeys'>>

const controllersIn = (steps: readonly RolloutStep[], kind: 'addController' | 'removeController'): Set<string> =>
  new Set(steps.flatMap(({ action }) => (action.kind === kind ? [action.controllerId] : [])))

/**
 * Controllers that run and are no members: where they are to be, they still have to join; elsewhere, they have left if
 * nobody is going to take them out any more.
 */
const notJoined = (plan: Plan, wanted: Plan, rest: readonly RolloutStep[]): string[] => {
  const then = controllersOf(wanted)
  const [adds, removals] = [controllersIn(rest, 'addController'), controllersIn(rest, 'removeController')]
  return [...controllersOf(plan).keys()].filter((id) => {
    const member = then.get(id)
    const isThere = member !== undefined && plan.nodes.some((node) => isSameController(node, member))
    return isThere ? adds.has(id) && !removals.has(id) : !removals.has(id)
  })
}

const isSameController = (node: PlanNode, member: ControllerMember): boolean =>
  originalId(node.id) === member.node.id &&
  node.dataDir === member.node.dataDir &&
  controllerMember(node)?.address === member.address

/** Replicas of a plan are taken out by steps of their own, the last of which is that they are forgotten. */
export const isBrokerOf = ({ nodes }: Pick<Plan, 'nodes'>, { group, advertisedAddress, port }: BrokerNode): boolean =>
  nodes.some(
    (node) =>
      node.kind === 'broker' &&
      node.group === group &&
      node.advertisedAddress === advertisedAddress &&
      node.port === port,
  )

/** What the rollout before has left open, and is open still. */
const leftBefore = (
  plan: Plan,
  done: readonly RolloutStep[],
  { unseeded = [], unforgotten = [] }: Partial<Unfinished>,
): Pick<Unfinished, 'unseeded' | 'unforgotten'> => {
  const groups = groupsOf(plan)
  const isSeeded = (name: string) => done.some(({ action }) => action.kind === 'seedGroup' && action.group === name)
  const isForgotten = (node: BrokerNode) =>
    done.some(
      ({ action }) =>
        action.kind === 'forgetReplica' &&
        action.group === node.group &&
        (action.wholeGroup || (action.node.kind === 'broker' && isBrokerOf({ nodes: [action.node] }, node))),
    )
  return {
    unseeded: unseeded.filter((name) => groups.has(name) && !isSeeded(name)),
    unforgotten: unforgotten.filter((node) => !isBrokerOf(plan, node) && !isForgotten(node)),
  }
}

/**
 * What is open after some steps.
 * @param plan by which the cluster runs now; `done`: the steps, and `rest`: those that are left
 * @param earlier what was open before them: who wants something else half-way has other steps, and not all of it is in them
 */
export const unfinished = (
  plan: Plan,
  wanted: Plan,
  { done, rest }: { readonly done: readonly RolloutStep[]; readonly rest: readonly RolloutStep[] },
  earlier: Partial<Unfinished> = {},
): Unfinished => {
  const groups = groupsOf(plan)
  const left = leftBefore(plan, done, earlier)
  const unseeded = rest.flatMap(({ action }) =>
    action.kind === 'seedGroup' && groups.has(action.group) ? [action.group] : [],
  )
  const unforgotten = rest.flatMap(({ action }) =>
    action.kind === 'forgetReplica' && action.node.kind === 'broker' && !isBrokerOf(plan, action.node)
      ? [action.node]
      : [],
  )
  return {
    unseeded: [...new Set([...left.unseeded, ...unseeded])],
    notJoined: notJoined(plan, wanted, rest),
    unforgotten: [...left.unforgotten.filter((node) => !isBrokerOf({ nodes: unforgotten }, node)), ...unforgotten],
    openKeys: openKeys(rest),
  }
}
