import { joinHostPort } from '../address.ts'
import type { Plan } from '../plan.ts'
import { advancePlan, groupsOf } from './advance-plan.ts'
import { changeControllers } from './controller-steps.ts'
import { effectivePlan } from './effective-plan.ts'
import { brokersOf, type GroupChange, groupChange, isElected } from './group-change.ts'
import { groupUnits } from './group-units.ts'
import { interimPlan, widenLists } from './interim-plan.ts'
import { keyRefusals, keySteps } from './key-steps.ts'
import { KnownToClients } from './known-to-clients.ts'
import { settingsOf } from './node-settings.ts'
import { poolHandOvers } from './pool-hand-overs.ts'
import { leftDeclarations, provision } from './provision-step.ts'
import { proxyUnits } from './proxy-units.ts'
import { findRefusals } from './refusals.ts'
import { addNameServers, changeRegistries, foundControllers, removeRegistries } from './registry-steps.ts'
import type { Observed, Rollout, RolloutRefusal, RolloutStep } from './rollout.ts'
import { applyPorts, type PortConflict, schedule, takenPorts, type Unit } from './schedule.ts'
import { forgetReplica, resumeWrites, startNode } from './steps.ts'
import { ThoseThere } from './those-there.ts'
import { isBrokerOf } from './unfinished.ts'
import { electedGroup, newGroup, removedGroup, seedAgain } from './whole-groups.ts'

/** A removed group's consumers get this long to consume it, unless something else is said. */
const drainDeadlineMsDefault = 600_000

export interface RolloutRequest {
  readonly running: Plan
  readonly wanted: Plan
  /** What was seen of the running cluster. Left out: it is as the running plan says, the first replica of a group its master. */
  readonly observed?: Observed | undefined
  /** Names of losses that the user accepts: see {@link RolloutRefusal}. */
  readonly allow?: readonly string[]
}

/** The work under way: the steps so far, and how the cluster is after them. */
class Draft {
  readonly request: RolloutRequest
  readonly steps: RolloutStep[] = []
  readonly conflicts: PortConflict[] = []
  readonly #thoseThere = new ThoseThere()
  readonly #known: KnownToClients
  plan: Plan
  observed: Observed | undefined

  constructor(request: RolloutRequest) {
    this.request = request
    this.observed = request.observed
    this.#known = new KnownToClients(request.observed ?? {})
    this.plan = effectivePlan(request.running, request.wanted, request.observed)
  }

  add(steps: readonly RolloutStep[]): void {
    const conflict = applyPorts(takenPorts(this.plan.nodes), steps)
    if (conflict !== undefined) this.conflicts.push(conflict)
    this.#take(steps)
  }

  addUnits(units: readonly Unit[]): void {
    let { plan } = this
    /** What a unit comes to at the place it has got. */
    const atItsPlace = (unit: Unit): RolloutStep[] => {
      const before = plan
      const steps: RolloutStep[] = []
      for (const planned of unit.steps) {
        for (const step of this.#thoseThere.adapt(planned, plan)) {
          plan = advancePlan(plan, this.request.wanted, step)
          steps.push(step)
        }
      }
      return [...this.#known.before(steps, before), ...steps]
    }
    const { steps, conflicts } = schedule(units, takenPorts(this.plan.nodes), atItsPlace)
    this.conflicts.push(...conflicts)
    this.#take(steps)
  }

  #take(steps: readonly RolloutStep[]): void {
    for (const step of steps) {
      this.plan = advancePlan(this.plan, this.request.wanted, step)
      if (this.observed !== undefined) this.observed = advanceObserved(this.observed, step)
    }
    this.steps.push(...steps)
  }
}

/** What an earlier rollout stopped for good, and ended before the controllers had forgotten it. */
const forgetLeft = ({ plan, observed, request: { wanted } }: Draft): RolloutStep[] =>
  (observed?.unforgotten ?? [])
    .filter((node) => !isBrokerOf(plan, node) && !isBrokerOf(wanted, node))
    .map((node) => forgetReplica(node, !groupsOf(plan).has(node.group) && !groupsOf(wanted).has(node.group)))

/**
 * What an earlier rollout stopped for good has turned out to be the only one that has everything: it was elected while it ended.
 * It comes back, so that another one gets all of it and takes its place, as if it had not been stopped.
 */
const recallLeft = ({ plan, observed, request: { wanted } }: Draft): RolloutStep[] =>
  (observed?.unforgotten ?? [])
    .filter((node) => observed?.aloneInSync?.get(node.group) === joinHostPort(node.advertisedAddress, node.port))
    .filter((node) => groupsOf(plan).has(node.group) && groupsOf(wanted).has(node.group))
    .filter(({ id }) => ![...plan.nodes, ...wanted.nodes].some((other) => other.id === id))
    .map((node) => startNode(node, `it alone has everything of ${node.group}`))

/** Who is master after a step, and what is no longer open. */
const advanceObserved = (observed: Observed, { action }: RolloutStep): Observed => {
  if (action.kind === 'seedGroup') {
    return { ...observed, unseeded: (observed.unseeded ?? []).filter((group) => group !== action.group) }
  }
  if (action.kind !== 'handOver' || observed.masters.get(action.group) !== action.avoid) return observed
  const [next] = action.preferred
  return next === undefined ? observed : { ...observed, masters: new Map(observed.masters).set(action.group, next) }
}

const becomesElected = (group: string, running: Plan, wanted: Plan): boolean => {
  const isFixed = (plan: Plan) => brokersOf(plan).some((node) => node.group === group && !isElected(node))
  return isFixed(running) && !isFixed(wanted)
}

const keptGroupNames = (running: Plan, wanted: Plan): string[] => {
  const before = groupsOf(running)
  return [...groupsOf(wanted)].filter((group) => before.has(group))
}

/** A group that becomes elected does so before it gets anybody new: an empty replica that came first would be master. */
const unitsOfKept = (
  change: GroupChange,
  running: Plan,
  wanted: Plan,
  isUnseeded: boolean,
  from: readonly string[],
) => {
  const units = groupUnits(change)
  const again = isUnseeded
    ? [
        seedAgain(
          change.group,
          units.additions.map(({ id }) => id),
          from,
        ),
      ]
    : []
  if (!becomesElected(change.group, running, wanted)) return { ...units, again, first: [] }
  const first = electedGroup(change.group, running, wanted)
  const later = (list: readonly Unit[]) => list.map((unit) => ({ ...unit, after: [...unit.after, first.id] }))
  const { additions, changes, departures } = units
  return { additions: later(additions), changes: later(changes), departures: later(departures), again, first: [first] }
}

/** Brokers, topics and proxies. `wanted` may have more in its lists than in the end. */
const brokerUnits = ({ plan: running, observed }: Draft, wanted: Plan): Unit[] => {
  const deadlineMs = wanted.patience?.drainMs ?? drainDeadlineMsDefault
  const before = groupsOf(running)
  const unseeded = new Set(observed?.unseeded)
  const from = [...before].filter((group) => !unseeded.has(group))
  const kept = keptGroups(running, wanted, observed).map((change) =>
    unitsOfKept(change, running, wanted, unseeded.has(change.group), from),
  )
  const news = [...groupsOf(wanted)].filter((group) => !before.has(group)).map((group) => newGroup(group, wanted, from))
  const again = kept.flatMap((units) => units.again)
  const seeded = new Set(keptGroupNames(running, wanted).filter((group) => !unseeded.has(group)))
  const created: Unit = {
    id: 'provision',
    after: [...news, ...again].map(({ id }) => id),
    steps: provision(running, wanted, seeded),
  }
  const takers = seeded.size > 0 ? [] : news.map(({ id }) => id)
  const removed = [...before].filter((group) => !groupsOf(wanted).has(group))
  const changes = poolHandOvers(kept.flatMap((units) => units.changes))
  return [
    ...kept.flatMap(({ first }) => first),
    ...kept.flatMap(({ additions }) => additions),
    ...news,
    ...again,
    created,
    ...changes,
    ...proxyUnits(running, wanted, changes),
    ...kept.flatMap(({ departures }) => departures),
    ...removed.map((group) => removedGroup(group, running, { deadlineMs, after: takers, observed })),
  ].filter(({ steps }) => steps.length > 0)
}

/** Groups of both plans. In one that becomes elected, what is there already is changed as a whole. */
const keptGroups = (running: Plan, wanted: Plan, observed: Observed | undefined): GroupChange[] => {
  return keptGroupNames(running, wanted).map((group) => {
    const change = groupChange(group, running, wanted, observed)
    return becomesElected(group, running, wanted) ? { ...change, live: [], restarts: [] } : change
  })
}

/** Groups that an earlier rollout left without writes. */
const stillPaused = ({ plan, observed, request: { wanted }, steps }: Draft): RolloutStep[] => {
  const resumed = new Set(steps.flatMap(({ action }) => (action.kind === 'resumeWrites' ? [action.group] : [])))
  return [...groupsOf(wanted)].flatMap((group) => {
    if (observed?.writable.get(group) !== false || resumed.has(group)) return []
    const brokers = brokersOf(plan).filter((node) => node.group === group)
    const master = brokers.find(({ id }) => id === observed.masters.get(group)) ?? brokers[0]
    // Bit 2: by configuration it takes no writes.
    const isMeant = master !== undefined && (Number(settingsOf(master).get('brokerPermission') ?? 6) & 2) === 0
    return master === undefined || isMeant ? [] : [resumeWrites(master)]
  })
}

const conflictRefusals = (conflicts: readonly PortConflict[]): RolloutRefusal[] => {
  const reasons = conflicts.map(
    ({ node, place, holder }) =>
      `${node.id} needs ${place}, which ${holder} has, and neither can go first. Change it in two steps, by way of free ports`,
  )
  return [...new Set(reasons)].map((reason) => ({ path: 'ports', reason }))
}

/** Each id once: a node that is changed twice on the way has the second step marked. */
const withUniqueIds = (steps: readonly RolloutStep[]): RolloutStep[] => {
  const counts = new Map<string, number>()
  return steps.map((step) => {
    const count = (counts.get(step.id) ?? 0) + 1
    counts.set(step.id, count)
    return count === 1 ? step : { ...step, id: `${step.id}#${count}` }
  })
}

/**
 * What has to be done, in order, so that a cluster that runs by one plan runs by another, and keeps serving meanwhile.
 * Pure. Planning again after some of the steps gives the rest of them: hand in the plan that {@link advancePlan} made of
 * those, or what was observed.
 */
export const planRollout = (request: RolloutRequest): Rollout => {
  const { wanted, observed, allow = [] } = request
  const draft = new Draft(request)
  const running = draft.plan
  const refused = [
    ...findRefusals(running, wanted, keptGroups(running, wanted, observed)),
    ...keyRefusals(running, wanted, observed),
  ]
  const keys = keySteps(running, wanted, observed)
  draft.add(keys.first)
  draft.add(recallLeft(draft))
  draft.add(forgetLeft(draft))
  draft.add(changeRegistries(draft.plan, wanted, 'members', observed))
  draft.add(addNameServers(draft.plan, wanted))
  draft.add(foundControllers(draft.plan, wanted))
  draft.add(widenLists(draft.plan, wanted, draft.observed))
  draft.addUnits(brokerUnits(draft, interimPlan(draft.plan, wanted)))
  draft.add(changeControllers(draft.plan, wanted, observed))
  draft.add(removeRegistries(draft.plan, wanted))
  draft.add(changeRegistries(draft.plan, wanted, 'all', observed))
  draft.addUnits(brokerUnits(draft, wanted))
  draft.add(stillPaused(draft))
  draft.add(keys.last)
  const allowed = new Set(allow)
  const open = refused.filter(({ allow: name }) => name === undefined || !allowed.has(name))
  const refusals = open.length > 0 ? open : conflictRefusals(draft.conflicts)
  return {
    steps: refusals.length > 0 ? [] : withUniqueIds(draft.steps),
    refusals,
    notes: leftDeclarations(running, wanted),
  }
}
