import type { Plan } from '../plan.ts'
import type { BrokerNode } from '../plan-node.ts'
import { groupsOf } from './advance-plan.ts'
import type { Observed, RolloutAction, RolloutStep, RolloutWait } from './rollout.ts'
import { noEffect } from './steps.ts'

/** `host:port` */
export const placeOf = ({ address, port }: Pick<BrokerNode, 'address' | 'port'>): string => `${address}:${port}`

/** Where a broker runs no more after an action, if so. */
export const vacatedBy = (action: RolloutAction): BrokerNode | undefined => {
  if (action.kind === 'stopNode' && action.node.kind === 'broker') return action.node
  if (action.kind !== 'restartNode' || action.from.kind !== 'broker') return undefined
  return placeOf(action.from) === placeOf(action.node) ? undefined : action.from
}

/** The other group whose broker was at the place of a node, by place: clients with an old route look for that one there. */
export const strangerAt = (vacated: ReadonlyMap<string, string>, node: BrokerNode): string | undefined => {
  const group = vacated.get(placeOf(node))
  return group === node.group ? undefined : group
}

/** The broker that an action brings to a place. */
export const arrivalOf = (action: RolloutAction): BrokerNode | undefined => {
  if (action.kind !== 'startNode' && action.kind !== 'restartNode') return undefined
  return action.node.kind === 'broker' ? action.node : undefined
}

/**
 * Clients go by the routes they have for half a minute. A group may stop taking writes only when they know another one that
 * takes some. And where the broker of one group was, none of another group may be: a client would read the queues of the one
 * from the other, and commit offsets there.
 */
export class KnownToClients {
  /** Groups that clients may not know as they are. */
  readonly #changed: Set<string>
  /** Which group's broker was at a place. */
  readonly #vacated: Map<string, string>

  constructor({ changedRoutes = [], vacated = {} }: Partial<Pick<Observed, 'changedRoutes' | 'vacated'>>) {
    this.#changed = new Set(changedRoutes)
    this.#vacated = new Map(Object.entries(vacated))
  }

  /**
   * What has to come before some steps that follow one another. Takes note of what they change.
   * @param plan by which the cluster runs before them
   */
  before(steps: readonly RolloutStep[], plan: Plan): RolloutStep[] {
    const known = groupsOf(plan)
    const waits = [...this.#otherIsKnown(steps, known), ...this.#placesAreForgotten(steps)]
    for (const { action } of steps) this.#note(action, known)
    return waits.map((wait) => ({
      id: `clients:${wait.group}`,
      action: { kind: 'awaitClients' },
      waits: [wait],
      effect: noEffect,
      reason:
        wait.kind === 'routesRenewed'
          ? `a broker of another group takes a place where one of ${wait.group} was`
          : `clients that have nobody but ${wait.group} to send to could not send`,
    }))
  }

  #otherIsKnown(steps: readonly RolloutStep[], groups: ReadonlySet<string>): (RolloutWait & { group: string })[] {
    const paused = steps.flatMap(({ action }) =>
      action.kind === 'pauseWrites' || action.kind === 'drainGroup' ? [action.group] : [],
    )
    const [group] = paused
    const others = [...groups].filter((other) => other !== group)
    if (group === undefined || others.length === 0 || !others.every((other) => this.#changed.has(other))) return []
    return [{ kind: 'otherGroupKnown', group, others }]
  }

  #placesAreForgotten(steps: readonly RolloutStep[]): (RolloutWait & { group: string })[] {
    const former = steps.flatMap(({ action }) => {
      const node = arrivalOf(action)
      return (node === undefined ? undefined : strangerAt(this.#vacated, node)) ?? []
    })
    return [...new Set(former)].map((group) => ({ kind: 'routesRenewed', group }))
  }

  #note(action: RolloutAction, known: ReadonlySet<string>): void {
    if (action.kind === 'resumeWrites') this.#changed.add(action.group)
    const [left, arrived] = [vacatedBy(action), arrivalOf(action)]
    if (left !== undefined) this.#vacated.set(placeOf(left), left.group)
    if (arrived === undefined) return
    this.#vacated.delete(placeOf(arrived))
    if (!known.has(arrived.group)) this.#changed.add(arrived.group)
  }
}
