import type { Plan } from '../plan.ts'
import type { BrokerNode } from '../plan-node.ts'
import { keysGeneration } from '../schema/security-config.ts'
import { brokersOf } from './group-change.ts'
import type { Observed, RolloutRefusal, RolloutStep } from './rollout.ts'
import { noEffect } from './steps.ts'

/*
 * The administrator and the servers get other keys: other users, both of which brokers know while one node after another goes over
 * (docs/decisions/0021-new-keys.md). Brokers get the new ones before anything else is done, and lose the former ones after everything.
 */

/** What a change of keys comes to, around the steps that restart nodes. */
export interface KeySteps {
  readonly first: readonly RolloutStep[]
  readonly last: readonly RolloutStep[]
}

/** Generations that brokers may know users of besides those wanted: the one that runs, and what a rollout before left. */
const formerKeys = (running: Plan, wanted: Plan, observed: Observed | undefined): number[] => {
  const to = keysGeneration(wanted.security)
  const from = keysGeneration(running.security)
  if (to === undefined || from === undefined) return []
  return [...new Set([from, ...(observed?.openKeys ?? [])])].filter((each) => each !== to).sort((a, b) => a - b)
}

const step = (
  kind: 'makeKeys' | 'adoptKeys' | 'dropKeys',
  generation: number,
  nodes: readonly BrokerNode[],
  reason: string,
): RolloutStep => ({
  id: `${kind}:${generation}`,
  action: { kind, generation, nodes },
  waits: [],
  effect: noEffect,
  reason,
})

/** @param running as the cluster was seen */
export const keySteps = (running: Plan, wanted: Plan, observed: Observed | undefined): KeySteps => {
  const former = formerKeys(running, wanted, observed)
  const generation = keysGeneration(wanted.security)
  if (former.length === 0 || generation === undefined) return { first: [], last: [] }
  // One that is down makes them itself, when it starts with its new settings.
  const there = brokersOf(running).filter(({ id }) => observed?.nodes.get(id)?.alive !== false)
  const brokers = brokersOf(wanted)
  const old = former.join(' and ')
  return {
    first: [step('makeKeys', generation, there, 'whoever signs with the new keys, or with the former ones, is served')],
    last: [
      step(
        'adoptKeys',
        generation,
        brokers,
        `all nodes have them; gantry itself signs with those of generation ${old}`,
      ),
      ...former.map((each) => step('dropKeys', each, brokers, 'nobody signs with them any more')),
    ],
  }
}

const placeOf = ({ id, host, address, port, dataDir }: BrokerNode): string =>
  [id, host, address, port, dataDir].join(' ')

/** Brokers that are new know nobody who signs with the former keys, and what brokers that go have in their files would stay. */
const otherBrokers = (running: Plan, wanted: Plan): RolloutRefusal[] => {
  const [before, after] = [running, wanted].map((plan) => new Map(brokersOf(plan).map((node) => [placeOf(node), node])))
  const differing = [...before!, ...after!].filter(([place]) => !(before!.has(place) && after!.has(place)))
  const ids = [...new Set(differing.map(([, { id }]) => id))].sort()
  if (ids.length === 0) return []
  const reason = `brokers come, go or move in the same change (${ids.join(', ')}), and not all of them would know the users of all others: do it before or after`
  return [{ path: 'security.accessControl.generation', reason }]
}

/** What keeps keys from being changed, or a change of them from being left half-way. */
export const keyRefusals = (running: Plan, wanted: Plan, observed: Observed | undefined): RolloutRefusal[] => {
  const left = observed?.openKeys ?? []
  if (left.length > 0 && wanted.security?.accessControl?.enforce !== true) {
    const reason = `the last rollout went from one generation of keys to another and was cut off: bring it to its end, or back, before brokers stop to check`
    return [{ path: 'security.accessControl', reason }]
  }
  return formerKeys(running, wanted, observed).length === 0 ? [] : otherBrokers(running, wanted)
}

/** The plan by which the cluster runs when all nodes have keys of a generation. */
export const withKeysInUse = (plan: Plan, generation: number): Plan => {
  const { security } = plan
  const accessControl = security?.accessControl
  return accessControl === undefined
    ? plan
    : { ...plan, security: { ...security, accessControl: { ...accessControl, generation } } }
}

/**
 * Generations whose users brokers may know while a change of keys is open, the one in use among them: who is killed may have noted
 * that another one is in use, and not this. @param rest the steps that are left
 */
export const openKeys = (rest: readonly RolloutStep[]): number[] => {
  const named = rest.flatMap(({ action }) =>
    action.kind === 'adoptKeys' || action.kind === 'dropKeys' ? [action.generation] : [],
  )
  return [...new Set(named)].sort((a, b) => a - b)
}
