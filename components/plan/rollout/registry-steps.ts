import type { Plan } from '../plan.ts'
import type { PlanNode } from '../plan-node.ts'
import { advancePlan } from './advance-plan.ts'
import { controllerMember, controllersOf } from './controller-members.ts'
import { brokersOf, isElected } from './group-change.ts'
import type { NodeChange } from './node-change.ts'
import { type NodeFate, nodeFate } from './node-fate.ts'
import { type Observed, originalId, type RolloutStep, type RolloutWait } from './rollout.ts'
import { canRunBeside } from './schedule.ts'
import { changeLive, restartNode, stopNode } from './steps.ts'

/** NameServers, and controllers with processes of their own. */
const isRegistry = ({ kind }: PlanNode): boolean => kind === 'nameServer' || kind === 'controller'

/** Whether the process of a node runs the same controller before and after, or none. */
const hasSameController = (running: Plan, node: PlanNode): boolean => {
  const from = running.nodes.find(({ id }) => id === node.id)
  const [before, after] = [from === undefined ? undefined : controllerMember(from), controllerMember(node)]
  return before?.id === after?.id && before?.address === after?.address && before?.node.dataDir === after?.node.dataDir
}

/** A NameServer that has restarted knows no routes until brokers have registered again. */
const afterRestart = (running: Plan, node: PlanNode): RolloutWait[] => [
  ...(node.kind === 'nameServer'
    ? brokersOf(running).map(({ id }): RolloutWait => ({ kind: 'registered', nodeId: id }))
    : []),
  ...(controllerMember(node) === undefined ? [] : [{ kind: 'controllersAgree' } as const]),
]

/** One that is found elsewhere afterwards has to wait until brokers know both places. */
const keepsAddress = ({ from, node }: NodeChange): boolean => from.address === node.address && from.port === node.port

const inPlace = (running: Plan, { arrival, change }: NodeFate): RolloutStep[] => {
  if (change?.kind === 'live') return [...arrival, changeLive(change.node, change.settings)]
  if (change?.kind !== 'restart') return [...arrival]
  const step = restartNode(change.from, change.node, change.why)
  return [...arrival, { ...step, waits: [...step.waits, ...afterRestart(running, change.node)] }]
}

/**
 * Registries that stay where they are: one by one, the leader of the controllers last.
 * @param which `members`: only those whose controllers stay members as they are; `all`: when the members are settled
 */
export const changeRegistries = (
  running: Plan,
  wanted: Plan,
  which: 'members' | 'all',
  observed?: Observed,
): RolloutStep[] => {
  const fates = wanted.nodes
    .filter((node) => isRegistry(node) && (which === 'all' || hasSameController(running, node)))
    .map((node) => nodeFate(node, running, wanted))
    .filter(({ change }) => change !== undefined && (which === 'all' || keepsAddress(change)))
  const rank = ({ node }: NodeFate) => (node.id === observed?.controllerLeader ? 1 : 0)
  return fates.toSorted((a, b) => rank(a) - rank(b)).flatMap((fate) => inPlace(running, fate))
}

/**
 * Registries that have a port which a node needs, and that are not to stay there: nothing keeps them but that others may
 * need them. Members of the controllers are left alone, and so is the last NameServer.
 */
export const inTheWay = (node: PlanNode, running: Plan, wanted: Plan, members: ReadonlySet<string>): RolloutStep[] => {
  const nameServers = running.nodes.filter(({ kind }) => kind === 'nameServer')
  const holders = running.nodes.filter((holder) => {
    if (!isRegistry(holder) || originalId(holder.id) === node.id || canRunBeside(holder, node)) return false
    const isMember = members.has(controllerMember(holder)?.address ?? '')
    const isLast = holder.kind === 'nameServer' && nameServers.length < 2
    return !isMember && !isLast && !staysThere(holder, wanted)
  })
  return holders.map((holder) => stopNode(holder, `${node.id} takes its place`))
}

const staysThere = (holder: PlanNode, wanted: Plan): boolean =>
  wanted.nodes.some(({ id, address, port }) => id === holder.id && address === holder.address && port === holder.port)

/** New NameServers without a controller: those with one start when it joins the others. */
export const addNameServers = (running: Plan, wanted: Plan): RolloutStep[] => {
  const steps: RolloutStep[] = []
  const members = new Set([...controllersOf(running).values()].map(({ address }) => address))
  let plan = running
  for (const node of wanted.nodes) {
    if (node.kind !== 'nameServer' || controllerMember(node) !== undefined) continue
    const { arrival, change } = nodeFate(node, plan, wanted)
    if (change !== undefined || arrival.length === 0) continue
    const some = [...inTheWay(node, plan, wanted, members), ...arrival]
    for (const step of some) plan = advancePlan(plan, wanted, step)
    steps.push(...some)
  }
  return steps
}

/** NameServers and controllers that nobody needs any more: what takes their place is there. */
export const removeRegistries = (running: Plan, wanted: Plan): RolloutStep[] => {
  const kept = new Set(wanted.nodes.map(({ id }) => id))
  // One that goes back to its former place begins as the one that is still there.
  const back = new Set(wanted.nodes.map((node) => nodeFate(node, running, wanted).change?.from.id))
  return running.nodes
    .filter((node) => isRegistry(node) && !kept.has(node.id) && !back.has(node.id))
    .map((node) => {
      const isReplaced = kept.has(originalId(node.id))
      return stopNode(node, isReplaced ? `${originalId(node.id)} has taken its place` : 'not in the config any more')
    })
}

/** Whether controllers that run are some of those that found their group together, and nobody needs them yet. */
const isBeingFounded = (running: Plan, wanted: Plan): boolean => {
  const then = controllersOf(wanted)
  return (
    brokersOf(running).every((node) => !isElected(node)) &&
    [...controllersOf(running)].every(([id, { node }]) => then.get(id)?.node.confFile.text === node.confFile.text)
  )
}

/**
 * Starts the first controllers of a cluster that had none: they found their group together. Those that are missing, when a
 * rollout was cut off that had started some: they agree on nothing before a majority is there.
 */
export const foundControllers = (running: Plan, wanted: Plan): RolloutStep[] => {
  const there = controllersOf(running)
  if (there.size > 0 && !isBeingFounded(running, wanted)) return []
  const members = [...controllersOf(wanted).values()].filter(({ id }) => !there.has(id))
  return members.flatMap(({ node }, index) => {
    const { arrival, change } = nodeFate(node, running, wanted)
    const steps = change?.kind === 'restart' ? [restartNode(change.from, node, 'it gets a controller')] : arrival
    const isLast = index === members.length - 1
    return steps.map((step, position): RolloutStep => {
      if (!isLast || position < steps.length - 1) return step
      return { ...step, waits: [...step.waits, { kind: 'controllersAgree' }] }
    })
  })
}
