import type { PlanNode } from '../plan-node.ts'
import type { RolloutStep } from './rollout.ts'

/** Steps that follow one another at once, and what has to be done before the first of them. */
export interface Unit {
  readonly id: string
  /** Units that come before, as far as there are such. */
  readonly after: readonly string[]
  /** Those that had better come before: not when nothing can be done otherwise. */
  readonly ratherAfter?: readonly string[]
  readonly steps: readonly RolloutStep[]
}

/** `host:port` that running nodes have taken, and the id of the node. */
export type TakenPorts = ReadonlyMap<string, string>

const placesOf = ({ address, ports }: PlanNode): string[] => ports.map(({ port }) => `${address}:${port}`)

export const takenPorts = (nodes: readonly PlanNode[]): Map<string, string> =>
  new Map(nodes.flatMap((node) => placesOf(node).map((place) => [place, node.id] as const)))

/** Whether two nodes can run at the same time, as far as ports go. */
export const canRunBeside = (left: PlanNode, right: PlanNode): boolean => {
  const taken = new Set(placesOf(left))
  return !placesOf(right).some((place) => taken.has(place))
}

/** The node and the place it wants that another one has. */
export interface PortConflict {
  readonly node: PlanNode
  readonly place: string
  readonly holder: string
}

const take = (taken: Map<string, string>, node: PlanNode): PortConflict | undefined => {
  for (const place of placesOf(node)) {
    const holder = taken.get(place)
    if (holder !== undefined) return { node, place, holder }
    taken.set(place, node.id)
  }
  return undefined
}

const giveBack = (taken: Map<string, string>, node: PlanNode): void => {
  for (const place of placesOf(node)) taken.delete(place)
}

/** Does steps to the taken ports. @returns the first port that is not free when it is needed */
export const applyPorts = (taken: Map<string, string>, steps: readonly RolloutStep[]): PortConflict | undefined => {
  for (const { action } of steps) {
    if (action.kind === 'restartNode') giveBack(taken, action.from)
    if (action.kind === 'stopNode') giveBack(taken, action.node)
    if (action.kind === 'restartNode' || action.kind === 'startNode') {
      const conflict = take(taken, action.node)
      if (conflict !== undefined) return conflict
    }
  }
  return undefined
}

export interface Schedule {
  readonly steps: readonly RolloutStep[]
  /** Why the rest cannot be done. */
  readonly conflicts: readonly PortConflict[]
  readonly taken: TakenPorts
}

/**
 * Puts units one after the other: in the order given, but for what has to come before, and for one that needs a port which
 * a later one gives back.
 * @param atItsPlace the steps of a unit at the place it has got; asked once for each, in order
 */
export const schedule = (
  units: readonly Unit[],
  takenBefore: TakenPorts,
  atItsPlace: (unit: Unit) => readonly RolloutStep[] = ({ steps }) => steps,
): Schedule => {
  const steps: RolloutStep[] = []
  let taken = new Map(takenBefore)
  let waiting = [...units]
  for (;;) {
    const conflicts: PortConflict[] = []
    const ids = new Set(waiting.map(({ id }) => id))
    const isFree = (before: readonly string[] = []) => !before.some((id) => ids.has(id))
    const fits = (unit: Unit): boolean => {
      const tried = new Map(taken)
      const conflict = applyPorts(tried, unit.steps)
      if (conflict !== undefined) conflicts.push(conflict)
      else taken = tried
      return conflict === undefined
    }
    const ready = waiting.filter(({ after }) => isFree(after))
    const next =
      ready.find((unit) => isFree(unit.ratherAfter) && fits(unit)) ??
      ready.find((unit) => !isFree(unit.ratherAfter) && fits(unit))
    if (next === undefined) return { steps, conflicts, taken }
    steps.push(...atItsPlace(next))
    waiting = waiting.filter((unit) => unit !== next)
  }
}
