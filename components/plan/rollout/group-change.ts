import type { Plan } from '../plan.ts'
import type { BrokerNode } from '../plan-node.ts'
import { asMasterInPlace } from './interim-slave.ts'
import { type NodeChange, nodeChange } from './node-change.ts'
import { formerId, type Observed, originalId } from './rollout.ts'
import { canRunBeside } from './schedule.ts'
import { isLearner } from './steps.ts'

type Of<K extends NodeChange['kind']> = Extract<NodeChange<BrokerNode>, { kind: K }>

/** A replica that stands beside the one whose place it takes. */
export interface Succession {
  readonly former: BrokerNode
  /** As it is to be. */
  readonly node: BrokerNode
  /** As it runs, if it does already. */
  readonly current: BrokerNode | undefined
  /** The slave that `former` is at the moment: its master has gone, and it has to become that first. */
  readonly revived?: BrokerNode
}

/** What becomes of the brokers of a group that is in both plans. */
export interface GroupChange {
  readonly group: string
  readonly before: readonly BrokerNode[]
  readonly after: readonly BrokerNode[]
  readonly added: readonly BrokerNode[]
  readonly live: readonly Of<'live'>[]
  readonly restarts: readonly Of<'restart'>[]
  readonly successions: readonly Succession[]
  /** Moves to a place that cannot be taken while the old one runs. */
  readonly movesInTurn: readonly Of<'move'>[]
  readonly gone: readonly BrokerNode[]
  /** Replicas at places between the first and the last one, where a rollout that was cut off has left them. */
  readonly strays: readonly BrokerNode[]
  /** Id of the node that is master, as far as is known. */
  readonly master: string
  /** Ids of nodes that do not run although they should. */
  readonly down: ReadonlySet<string>
}

export const isElected = ({ role }: BrokerNode): boolean => role === 'REPLICA'

export const brokersOf = ({ nodes }: Pick<Plan, 'nodes'>): BrokerNode[] =>
  nodes.filter((node) => node.kind === 'broker')

/** The master as far as is known: who was seen to be it, by configuration, or the first replica, which is elected first. */
export const likelyMaster = (group: string, brokers: readonly BrokerNode[], observed?: Observed): string => {
  const seen = observed?.masters.get(group)
  if (seen !== undefined && brokers.some(({ id }) => id === seen)) return seen
  const fixed = brokers.find(({ brokerId }) => brokerId === 0)
  const elected = brokers.filter((node) => isElected(node) && !isLearner(node))
  return (fixed ?? elected[0])?.id ?? ''
}

const isSamePlace = (left: BrokerNode, right: BrokerNode): boolean =>
  left.dataDir === right.dataDir && left.address === right.address

/** The replica goes back to where its predecessor still runs. */
const backToFormer = (former: BrokerNode, node: BrokerNode): Of<'restart'> => ({
  kind: 'restart',
  from: former,
  node,
  why: `${node.id} back to where it was`,
})

const succession = (from: BrokerNode, node: BrokerNode): Succession => {
  const id = formerId(originalId(from.id))
  if (isElected(node) || node.role === 'SLAVE' || from.role !== 'SLAVE')
    return { former: { ...from, id }, node, current: undefined }
  return { former: { ...asMasterInPlace(from, node.role), id }, node, current: undefined, revived: from }
}

/**
 * Of a replica that a rollout has moved half-way, and that is to be at a third place now: which one leaves first, and which one
 * stays until the new one has everything. The first one has it for sure, unless it is down.
 */
const sourceOf = (former: BrokerNode, current: BrokerNode, node: BrokerNode, down: ReadonlySet<string>) =>
  isElected(node) && down.has(former.id) && !down.has(current.id) && canRunBeside(current, node)
    ? ([former, current] as const)
    : ([current, former] as const)

/** @param running and `wanted`: whole plans; what concerns other groups in them is left aside */
export const groupChange = (group: string, running: Plan, wanted: Plan, observed?: Observed): GroupChange => {
  const before = brokersOf(running).filter((node) => node.group === group)
  const after = brokersOf(wanted).filter((node) => node.group === group)
  const byId = new Map(before.map((node) => [node.id, node]))
  const changes: NodeChange<BrokerNode>[] = []
  const added: BrokerNode[] = []
  const successions: Succession[] = []
  const movesInTurn: Of<'move'>[] = []
  const strays: BrokerNode[] = []
  const down = new Set(before.filter(({ id }) => observed?.nodes.get(id)?.alive === false).map(({ id }) => id))
  const staying = new Set<string>()
  const place = (from: BrokerNode, node: BrokerNode): void => {
    if (canRunBeside(from, node)) successions.push(succession(from, node))
    else movesInTurn.push({ kind: 'move', from, node, why: `to ${node.address} ${node.dataDir}` })
  }
  for (const node of after) {
    const [current, former] = [byId.get(node.id), byId.get(formerId(node.id))]
    if (former !== undefined && isSamePlace(former, node)) {
      changes.push(backToFormer(former, node))
      staying.add(former.id)
    } else if (former !== undefined && current !== undefined) {
      staying.add(former.id).add(node.id)
      if (isSamePlace(current, node)) {
        successions.push({ former, node, current })
        continue
      }
      const [stray, from] = sourceOf(former, current, node, down)
      strays.push(stray)
      place(from, node)
    } else if (former !== undefined) {
      // Its successor has left again: it is the only one that has everything.
      staying.add(former.id)
      place(former, node)
    } else if (current === undefined) added.push(node)
    else {
      changes.push(nodeChange(current, node, running, wanted))
      staying.add(node.id)
    }
  }
  const moves = changes.filter((change) => change.kind === 'move')
  const beside = moves.filter(({ from, node }) => canRunBeside(from, node))
  const newSuccessions = beside.map(({ from, node }) => succession(from, node))
  return {
    group,
    before,
    after,
    added,
    live: changes.filter((change) => change.kind === 'live'),
    restarts: changes.filter((change) => change.kind === 'restart'),
    successions: [...successions, ...newSuccessions],
    movesInTurn: [...movesInTurn, ...moves.filter((move) => !beside.includes(move))],
    strays,
    gone: before.filter(({ id }) => !staying.has(id)),
    master: likelyMaster(group, before, observed),
    down,
  }
}
