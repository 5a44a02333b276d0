import type { BrokerNode } from '../plan-node.ts'
import { type GroupChange, isElected } from './group-change.ts'
import { moveInTurn, removeReplica, restartReplica, retreat, startSuccessor, succeed } from './replica-steps.ts'
import { formerId, originalId, type RolloutStep } from './rollout.ts'
import type { Unit } from './schedule.ts'
import { changeLive, startNode } from './steps.ts'

/** The units of a group by what they do: everything is added before anything is changed or taken away. */
export interface GroupUnits {
  readonly additions: readonly Unit[]
  readonly changes: readonly Unit[]
  readonly departures: readonly Unit[]
}

const addId = (id: string): string => `add:${id}`
const changeId = (id: string): string => `change:${id}`
const leaveId = (id: string): string => `leave:${id}`
const retreatId = (id: string): string => `retreat:${originalId(id)}`

const additionsOf = (group: GroupChange): Unit[] => {
  const { added, successions, strays } = group
  const first = masterUnitOf(group)
  const after = (id: string): string[] => (first === undefined || first === id ? [] : [first])
  const unitOf = (node: BrokerNode, steps: RolloutStep[], before: string[] = []): Unit => {
    const id = addId(node.id)
    return { id, after: [...after(id), ...before], steps }
  }
  return [
    ...strays.map((node) => ({ id: retreatId(node.id), after: [], steps: retreat(group, node) })),
    ...added.map((node) => unitOf(node, [startNode(node, 'new in the config')])),
    ...successions
      .filter(({ current }) => current === undefined)
      .map((succession) => unitOf(succession.node, startSuccessor(succession), [retreatId(succession.node.id)])),
  ]
}

/** A fixed group whose master is between two places: slaves have nobody to catch up with before there is one again. */
const lacksFixedMaster = ({ before, after }: GroupChange): boolean =>
  after.some((node) => !isElected(node)) && before.every((node) => isElected(node) || node.role === 'SLAVE')

/** The unit that gives a group its fixed master back, if it lacks it. */
const masterUnitOf = (group: GroupChange): string | undefined => {
  if (!lacksFixedMaster(group)) return undefined
  const isMaster = ({ role }: BrokerNode) => role !== 'SLAVE'
  const inPlace = group.restarts.find(({ node }) => isMaster(node))
  if (inPlace !== undefined) return changeId(inPlace.node.id)
  const elsewhere = group.successions.find(({ revived }) => revived !== undefined)
  return elsewhere && addId(elsewhere.node.id)
}

type Restart = GroupChange['restarts'][number]

const isOfMaster = (group: GroupChange, { from, node }: Restart): boolean =>
  isElected(node) ? from.id === group.master : node.role !== 'SLAVE'

/** What is down first, then slaves, the master last; but first where there is none. */
const restartOrder = (
  group: GroupChange,
): { readonly others: readonly Restart[]; readonly last: Restart | undefined } => {
  const masterIsFirst = lacksFixedMaster(group)
  const rank = (restart: Restart): number => {
    if (group.down.has(restart.from.id)) return 0
    return isOfMaster(group, restart) ? (masterIsFirst ? 1 : 3) : 2
  }
  const sorted = group.restarts.toSorted((a, b) => rank(a) - rank(b) || b.node.replica - a.node.replica)
  const last = sorted.find((restart) => rank(restart) === 3)
  return { others: sorted.filter((restart) => restart !== last), last }
}

const changesOf = (
  group: GroupChange,
): { readonly units: readonly Unit[]; readonly beforeMaster: readonly string[] } => {
  const additions = additionsOf(group).map(({ id }) => id)
  // A replica that goes back to where it was has the name of the one that leaves again.
  const leaving = group.gone
    .map(({ id }) => leaveId(id))
    .filter((id) => group.restarts.some(({ node }) => leaveId(node.id) === id))
  const { others, last } = restartOrder(group)
  const beforeMaster = [...additions, ...others.map(({ node }) => changeId(node.id)), ...leaving]
  const live = group.live.map(({ node, settings }) => ({
    id: changeId(node.id),
    after: additions,
    steps: [changeLive(node, settings)],
  }))
  const unitOf = (restart: Restart, after: readonly string[]): Unit => ({
    id: changeId(restart.node.id),
    after,
    steps: restartReplica(group, restart),
  })
  const first = masterUnitOf(group)
  const restarts = others.map((restart) =>
    unitOf(restart, changeId(restart.node.id) === first ? [] : [...additions, ...leaving]),
  )
  return { units: [...live, ...restarts, ...(last === undefined ? [] : [unitOf(last, beforeMaster)])], beforeMaster }
}

const departuresOf = (group: GroupChange, beforeMaster: readonly string[]): Unit[] => {
  const { successions, movesInTurn, gone, master } = group
  const isFixed = successions.some(({ node }) => !isElected(node))
  const isMaster = (node: BrokerNode) => node.id === master || node.id === formerId(master)
  const rank = (node: BrokerNode) => (isMaster(node) ? 1 : 0)
  return [
    ...successions
      .toSorted((a, b) => rank(a.former) - rank(b.former))
      .map((succession) => ({
        id: leaveId(succession.former.id),
        after: [addId(succession.node.id), ...(isMaster(succession.former) && isFixed ? beforeMaster : [])],
        // A master that is elected goes last, unless others need its port: whoever has everything takes over.
        ratherAfter: isMaster(succession.former) ? beforeMaster : [],
        steps: succeed(group, succession),
      })),
    ...movesInTurn
      .toSorted((a, b) => rank(a.from) - rank(b.from))
      .map((move) => ({
        id: changeId(move.node.id),
        after: [...beforeMaster, retreatId(move.node.id)],
        steps: moveInTurn(group, move),
      })),
    ...gone
      .toReversed()
      .toSorted((a, b) => rank(a) - rank(b))
      .map((node) => ({ id: leaveId(node.id), after: [], steps: removeReplica(group, node) })),
  ]
}

/** What is to be done to the brokers of a group that is in both plans. */
export const groupUnits = (group: GroupChange): GroupUnits => {
  const { units, beforeMaster } = changesOf(group)
  return { additions: additionsOf(group), changes: units, departures: departuresOf(group, beforeMaster) }
}
