import type { Plan } from '../plan.ts'
import type { BrokerNode } from '../plan-node.ts'
import { brokersOf, isElected, likelyMaster } from './group-change.ts'
import { asMasterInPlace } from './interim-slave.ts'
import { nodeChange } from './node-change.ts'
import { settingsOf } from './node-settings.ts'
import type { Observed, RolloutStep } from './rollout.ts'
import type { Unit } from './schedule.ts'
import {
  forgetReplica,
  noEffect,
  pauseWrites,
  restartMs,
  restartNode,
  resumeWrites,
  startNode,
  stopNode,
} from './steps.ts'

const brokersIn = (plan: Plan, group: string): BrokerNode[] => brokersOf(plan).filter((node) => node.group === group)

const seed = (group: string, from: readonly string[]): RolloutStep => ({
  id: `seed:${group}`,
  action: { kind: 'seedGroup', group, from },
  waits: [],
  effect: noEffect,
  reason: 'a group without topics is found by nobody, and one without consumer groups serves nobody',
})

/**
 * Groups that the cluster gets, those among them that an earlier rollout only started.
 * @param from groups whose topics it gets
 */
export const newGroup = (group: string, wanted: Plan, from: readonly string[]): Unit => ({
  id: `new:${group}`,
  after: [],
  steps: [...brokersIn(wanted, group).map((node) => startNode(node, `of the new group ${group}`)), seed(group, from)],
})

/** @param after units that start what is still missing of it */
export const seedAgain = (group: string, after: readonly string[], from: readonly string[]): Unit => ({
  id: `new:${group}`,
  after,
  steps: [seed(group, from)],
})

/**
 * A fixed master that was moved when a rollout was cut off: the one that has everything is still a slave, and consumers would
 * get nothing more of the group.
 */
const reviveMaster = (brokers: readonly BrokerNode[]): RolloutStep[] => {
  const hasMaster = brokers.some((node) => isElected(node) || node.role !== 'SLAVE')
  const slave = brokers.find(({ replica }) => replica === 0)
  if (hasMaster || slave === undefined) return []
  return [restartNode(slave, asMasterInPlace(slave, 'ASYNC_MASTER'), 'its role to that of the master, which has gone')]
}

/**
 * A group that the cluster loses. Slaves end first: until then they may be read from.
 * @param after units without which nobody would take what its producers send
 */
export const removedGroup = (
  group: string,
  running: Plan,
  { deadlineMs, after, observed }: { deadlineMs: number; after: readonly string[]; observed: Observed | undefined },
): Unit => {
  const brokers = brokersIn(running, group)
  const master = likelyMaster(group, brokers, observed)
  const sorted = brokers.toReversed().toSorted((a, b) => Number(a.id === master) - Number(b.id === master))
  const drain: RolloutStep = {
    id: `drain:${group}`,
    action: { kind: 'drainGroup', group, deadlineMs },
    waits: [],
    effect: { kind: 'writesPaused', group, aboutMs: deadlineMs },
    reason: 'producers use the other groups, and consumers get what is left in this one',
  }
  return {
    id: `remove:${group}`,
    after,
    steps: [
      ...reviveMaster(brokers),
      drain,
      ...sorted.map((node) => stopNode(node, `${group} is drained`)),
      ...sorted.filter(isElected).map((node) => forgetReplica(node, true)),
    ],
  }
}

const copiesOf = (node: BrokerNode): number => Number(settingsOf(node).get('minInSyncReplicas') ?? 1)

/**
 * A group with a fixed master becomes one of controllers. The former master goes first: it has everything, and an empty or
 * shorter replica that came before it would be elected.
 */
export const electedGroup = (group: string, running: Plan, wanted: Plan): Unit => {
  const before = new Map(brokersIn(running, group).map((node) => [node.id, node]))
  const pairs = brokersIn(wanted, group).flatMap((node) => {
    const from = before.get(node.id)
    return from === undefined ? [] : [{ from, node, isDone: isElected(from) }]
  })
  const open = pairs.filter(({ isDone }) => !isDone)
  const master = open.find(({ from }) => from.role !== 'SLAVE')
  const slaves = open.filter((pair) => pair !== master)
  const restart = ({ from, node }: (typeof pairs)[number]) => {
    const change = nodeChange(from, node, running, wanted)
    const isAlone = from === master?.from && slaves.length === 0
    const aboutMs = restartMs(node)
    if (from !== master?.from) return restartNode(from, node, 'to a replica that may be elected')
    const effect = isAlone
      ? ({ kind: 'groupUnavailable', group, aboutMs } as const)
      : ({ kind: 'readsFromSlaves', group } as const)
    return restartNode(from, node, change.kind === 'restart' ? `to the first elected master` : 'its role', effect)
  }
  const aboutMs = open.length * restartMs(pairs[0]!.node)
  const pause =
    master === undefined
      ? []
      : [
          pauseWrites(
            master.from,
            slaves.map(({ from }) => from),
            aboutMs,
            'heirs',
          ),
        ]
  const first = master === undefined ? [] : [restart(master)]
  const lead = (master ?? pairs[0]!).node
  // Sends are refused anyway until as many copies are there as the group asks for.
  const enough = Math.max(0, copiesOf(lead) - (pairs.length - slaves.length))
  const rest = slaves.map(restart)
  const resume = master === undefined ? [] : [resumeWrites(lead)]
  return {
    id: `elected:${group}`,
    after: [],
    steps: [...pause, ...first, ...rest.slice(0, enough), ...resume, ...rest.slice(enough)],
  }
}
