import type { Plan } from '../plan.ts'
import type { PlanNode } from '../plan-node.ts'
import { advancePlan } from './advance-plan.ts'
import { type ControllerMember, controllersOf } from './controller-members.ts'
import { nodeFate } from './node-fate.ts'
import { withSettings } from './node-settings.ts'
import { inTheWay } from './registry-steps.ts'
import { type Observed, originalId, type RolloutStep } from './rollout.ts'
import { canRunBeside } from './schedule.ts'
import { noEffect, restartNode, stopNode } from './steps.ts'

const membershipStep = (kind: 'addController' | 'removeController', member: ControllerMember, reason: string) => ({
  id: `${kind}:${member.id}`,
  action: { kind, node: member.node, controllerId: member.id },
  waits: [{ kind: 'controllersAgree' as const }],
  effect: noEffect,
  reason,
})

/** A new member has to reach whoever leads, also one that will not be a member in the end. */
const withPeers = (member: ControllerMember, members: readonly ControllerMember[], wanted: Plan): PlanNode => {
  const then = new Set([...controllersOf(wanted).values()].map(({ address }) => address))
  if (members.every(({ address }) => then.has(address))) return member.node
  const peers = [...members.filter(({ id }) => id !== member.id), member]
  const list = peers.map(({ id, address }) => `${id}-${address}`).join(';')
  return withSettings(member.node, new Map([['controllerDLegerPeers', list]]))
}

/** The process of a member starts, or starts again with the controller in it. */
const hostSteps = (member: ControllerMember, members: readonly ControllerMember[], running: Plan, wanted: Plan) => {
  const node = withPeers(member, members, wanted)
  const { arrival, change } = nodeFate(node, running, wanted)
  const way = inTheWay(node, running, wanted, new Set(members.map(({ address }) => address)))
  return [...way, ...arrival, ...(change?.kind === 'restart' ? [restartNode(change.from, node, 'its controller')] : [])]
}

const joins = (member: ControllerMember, members: readonly ControllerMember[], running: Plan, wanted: Plan) => [
  ...hostSteps(member, members, running, wanted),
  // Apache's find one another by their conf files.
  ...(member.node.engine === 'apache'
    ? []
    : [membershipStep('addController', member, 'it gets what the others have agreed on, then it counts')]),
]

/** What is done with the process of a controller that is a member no more. */
const retireHost = ({ node }: ControllerMember, wanted: Plan): RolloutStep[] => {
  if (node.kind === 'controller') return [stopNode(node, 'no member any more')]
  const kept = wanted.nodes.find(({ id }) => id === node.id)
  const isInPlace = kept?.address === node.address && kept.port === node.port && kept.dataDir === node.dataDir
  // One that goes altogether stays a NameServer until nobody needs it.
  return isInPlace && kept !== undefined && !controllersOf({ nodes: [kept] }).size
    ? [restartNode(node, kept, 'it has no controller any more')]
    : []
}

const leaves = (member: ControllerMember, wanted: Plan): RolloutStep[] => [
  membershipStep('removeController', member, 'the others go on without it'),
  ...retireHost(member, wanted),
]

const isSame = (left: ControllerMember, right: ControllerMember): boolean =>
  left.address === right.address &&
  originalId(left.node.id) === originalId(right.node.id) &&
  left.node.dataDir === right.node.dataDir

/** Members, one change at a time: new ones join, those that move leave and join again, those not wanted leave. */
export const changeControllers = (running: Plan, wanted: Plan, observed?: Observed): RolloutStep[] => {
  const outside = new Set(observed?.notJoined)
  const before = new Map([...controllersOf(running)].filter(([id]) => !outside.has(id)))
  const after = [...controllersOf(wanted).values()]
  if (before.size === 0 || after.length === 0) return []
  const isLeader = (id: string) => before.get(id)?.node.id === observed?.controllerLeader
  const leaderLast = (members: readonly ControllerMember[]) =>
    members.toSorted((a, b) => Number(isLeader(a.id)) - Number(isLeader(b.id)))
  const steps: RolloutStep[] = []
  const members = new Map(before)
  let plan = running
  const run = (some: readonly RolloutStep[]): void => {
    for (const step of some) plan = advancePlan(plan, wanted, step)
    steps.push(...some)
  }
  const kept = new Map(after.map((member) => [member.id, member]))
  /** Members whose place a new one takes, and who are not to stay there. */
  const makeWay = (node: PlanNode): void => {
    for (const holder of [...members.values()]) {
      const then = kept.get(holder.id)
      const stays = then !== undefined && isSame(then, holder)
      if (stays || members.size < 2 || holder.node.id === node.id || canRunBeside(holder.node, node)) continue
      members.delete(holder.id)
      run(leaves(holder, wanted))
    }
    // Members no more, whose processes an earlier rollout left as they were.
    for (const outsider of [...controllersOf(plan).values()].filter(({ id }) => outside.has(id))) {
      if (outsider.node.id !== node.id && !canRunBeside(outsider.node, node)) run(retireHost(outsider, wanted))
    }
  }
  for (const member of after.filter(({ id }) => !before.has(id))) {
    makeWay(member.node)
    run(joins(member, [...members.values()], plan, wanted))
    members.set(member.id, member)
  }
  for (const member of leaderLast(after)) {
    const old = before.get(member.id)
    if (old === undefined || isSame(old, member)) continue
    if (members.delete(old.id)) run(leaves(old, wanted))
    makeWay(member.node)
    run(joins(member, [...members.values()], plan, wanted))
    members.set(member.id, member)
  }
  for (const member of leaderLast([...members.values()].filter(({ id }) => !kept.has(id)).toReversed())) {
    run(leaves(member, wanted))
  }
  return steps
}
