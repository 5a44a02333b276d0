import { arrivalOf, placeOf, vacatedBy } from '../../../plan/rollout/known-to-clients.ts'
import type { ActionOutcome, Observed, RolloutAction, RolloutStep, RolloutWait } from '../../../plan/rollout/rollout.ts'

/** Plain, for the journal. Times in ms since 1970, by group. */
export interface RouteChanges {
  /** When the role of master changed hands last, or was about to. */
  readonly handOvers: Readonly<Record<string, number>>
  /** When a group began to take writes, came, or was found elsewhere. */
  readonly changes: Readonly<Record<string, number>>
  /** Which group's broker was at a place `host:port`. */
  readonly vacated: Readonly<Record<string, string>>
}

const newest = (...times: (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

/**
 * Since when clients could have heard of what has changed. Kept over a rollout that is cut off: the next one finds everything
 * as it is, and cannot see for how long it has been so.
 */
export class ClientRoutes {
  readonly #handOvers: Map<string, number>
  readonly #changes: Map<string, number>
  readonly #vacated: Map<string, string>
  /** What was known of the group before the hand-over that is under way. */
  #before: number | undefined

  constructor({ handOvers = {}, changes = {}, vacated = {} }: Partial<RouteChanges> = {}) {
    this.#handOvers = new Map(Object.entries(handOvers))
    this.#changes = new Map(Object.entries(changes))
    this.#vacated = new Map(Object.entries(vacated))
  }

  get all(): RouteChanges {
    return {
      handOvers: Object.fromEntries(this.#handOvers),
      changes: Object.fromEntries(this.#changes),
      vacated: Object.fromEntries(this.#vacated),
    }
  }

  /** For whoever plans. */
  get observed(): Required<Pick<Observed, 'changedRoutes' | 'vacated'>> {
    return { changedRoutes: [...this.#changes.keys()], vacated: Object.fromEntries(this.#vacated) }
  }

  /** Without what every client knows by now. */
  since(ms: number): ClientRoutes {
    const young = (times: ReadonlyMap<string, number>) => [...times].filter(([, time]) => time >= ms)
    const changes = new Map(young(this.#changes))
    const vacated = [...this.#vacated].filter(([, group]) => changes.has(group))
    return new ClientRoutes({
      handOvers: Object.fromEntries(young(this.#handOvers)),
      changes: Object.fromEntries(changes),
      vacated: Object.fromEntries(vacated),
    })
  }

  /** It may happen from here on. */
  begin(action: RolloutAction, nowMs: number): void {
    if (action.kind !== 'handOver') return
    this.#before = this.#handOvers.get(action.group)
    this.#handOvers.set(action.group, nowMs)
  }

  end(action: RolloutAction, { isHandedOver = false }: ActionOutcome, nowMs: number): void {
    if (action.kind === 'resumeWrites') this.#changes.set(action.group, nowMs)
    const [left, arrived] = [vacatedBy(action), arrivalOf(action)]
    if (left !== undefined) {
      this.#vacated.set(placeOf(left), left.group)
      this.#changes.set(left.group, nowMs)
    }
    if (arrived !== undefined) {
      this.#vacated.delete(placeOf(arrived))
      if (action.kind === 'startNode') this.#changes.set(arrived.group, nowMs)
    }
    if (action.kind !== 'handOver') return
    if (isHandedOver) this.#handOvers.set(action.group, nowMs)
    else if (this.#before === undefined) this.#handOvers.delete(action.group)
    else this.#handOvers.set(action.group, this.#before)
  }

  /** What is to be waited for after a step, with the time from which on. */
  waitsOf({ waits }: RolloutStep): RolloutWait[] {
    return waits.flatMap((wait): RolloutWait[] => {
      if (wait.kind === 'otherGroupKnown') return this.#ofOthers(wait)
      if (wait.kind !== 'routesRenewed') return [wait]
      const handedOverMs = this.#handOvers.get(wait.group)
      if (wait.ifHandedOver) return handedOverMs === undefined ? [] : [{ ...wait, sinceMs: handedOverMs }]
      const sinceMs = newest(handedOverMs, this.#changes.get(wait.group))
      return [sinceMs === undefined ? wait : { ...wait, sinceMs }]
    })
  }

  /** One of them is enough: the one that has been as it is for longest. */
  #ofOthers(wait: Extract<RolloutWait, { kind: 'otherGroupKnown' }>): RolloutWait[] {
    const times = wait.others.map((group) => this.#changes.get(group))
    const known = times.filter((time) => time !== undefined)
    return known.length < times.length ? [] : [{ ...wait, sinceMs: Math.min(...known) }]
  }
}
