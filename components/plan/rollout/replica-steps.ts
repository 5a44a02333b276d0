import type { BrokerNode } from '../plan-node.ts'
import { type GroupChange, isElected, type Succession } from './group-change.ts'
import { asInterimSlave } from './interim-slave.ts'
import { settingsOf } from './node-settings.ts'
import { type ClientEffect, originalId, type RolloutStep } from './rollout.ts'
import {
  forgetReplica,
  handOver,
  handOverAndLeave,
  isLearner,
  noEffect,
  pauseWrites,
  restartMs,
  restartNode,
  resumeWrites,
  startNode,
  stopNode,
} from './steps.ts'

/** One replica and what it is to be. */
export interface ReplicaChange {
  readonly from: BrokerNode
  readonly node: BrokerNode
  readonly why: string
}

/** Copies that have to be there for a send to be acknowledged, the master's included. */
const copiesWanted = (master: BrokerNode): number => {
  const settings = settingsOf(master)
  if (isElected(master)) return Number(settings.get('minInSyncReplicas') ?? 1)
  return master.role === 'SYNC_MASTER' ? Number(settings.get('inSyncReplicas') ?? 1) : 1
}

/** Replicas that run besides one that is touched; those that are to leave come last. */
const besides = ({ after, added, before, gone, successions, movesInTurn }: GroupChange, id: string): BrokerNode[] => {
  // Of one that moves, what is there at the moment may have its former id.
  const moved = [...successions, ...movesInTurn].map(({ node }) => node)
  const there = new Set([...before, ...added, ...moved].map((node) => node.id))
  const staying = after.filter((other) => other.id !== id && there.has(other.id))
  return [...staying, ...gone.filter((other) => other.id !== id)]
}

/** The master's last word: who copies from it has everything, and reads are served meanwhile. */
const whileMasterIsAway = ({ group }: GroupChange, others: readonly BrokerNode[], node: BrokerNode): ClientEffect =>
  others.length > 0 ? { kind: 'readsFromSlaves', group } : { kind: 'groupUnavailable', group, aboutMs: restartMs(node) }

const restartElected = (group: GroupChange, { from, node, why }: ReplicaChange): RolloutStep[] => {
  const others = besides(group, node.id)
  const aboutMs = restartMs(node)
  if (others.length === 0) return restartAlone(group, { from, node, why })
  const lacks = others.length < copiesWanted(node)
  const effect: ClientEffect = lacks ? { kind: 'writesPaused', group: group.group, aboutMs } : noEffect
  const preferred = others.filter((other) => !isLearner(other))
  const isSamePlace = from.port === node.port && from.advertisedAddress === node.advertisedAddress
  const doing = isSamePlace ? 'restart' : 'move'
  return [handOver(from, preferred, from.id === group.master, doing), restartNode(from, node, why, effect)]
}

const restartAlone = (group: GroupChange, { from, node, why }: ReplicaChange): RolloutStep[] => [
  pauseWrites(from, [], restartMs(node)),
  restartNode(from, node, why, whileMasterIsAway(group, [], node)),
  resumeWrites(node),
]

const restartFixedMaster = (group: GroupChange, { from, node, why }: ReplicaChange): RolloutStep[] => {
  const others = besides(group, node.id)
  const restart = restartNode(from, node, why, whileMasterIsAway(group, others, node))
  // One that was a slave until now takes no writes, and there is nobody to catch up with.
  if (from.role === 'SLAVE') return [restart, resumeWrites(node)]
  const running = others.filter(({ id }) => !group.down.has(id))
  return [pauseWrites(from, running, restartMs(node)), restart, resumeWrites(node)]
}

const restartSlave = (group: GroupChange, { from, node, why }: ReplicaChange): RolloutStep[] => {
  const master = group.before.find(({ id }) => id === group.master)
  const restart = restartNode(from, node, why)
  if (master === undefined || besides(group, node.id).length >= copiesWanted(master)) return [restart]
  // Its master would wait for it with every send, and then answer that it was not there.
  return [pauseWrites(master, [], restartMs(node)), restart, resumeWrites(master)]
}

/** A replica restarts in its place, and the group loses nothing. */
export const restartReplica = (group: GroupChange, change: ReplicaChange): RolloutStep[] => {
  if (isElected(change.node)) return restartElected(group, change)
  return change.node.role === 'SLAVE' ? restartSlave(group, change) : restartFixedMaster(group, change)
}

/** The only one that is left of a fixed master and its successor: others have nobody to get anything from before it is master. */
const revive = (slave: BrokerNode, master: BrokerNode): RolloutStep[] => [
  restartNode(slave, master, 'its role to that of the master'),
  resumeWrites(master),
]

/** A new replica beside the one whose place it will take. */
export const startSuccessor = ({ node, former, revived }: Succession): RolloutStep[] => [
  ...(revived === undefined ? [] : revive(revived, { ...former, id: revived.id })),
  startNode(isElected(node) ? node : asInterimSlave(node, former), 'takes the place of the one that runs elsewhere'),
]

/** One that stood beside another takes its place. */
export const succeed = (group: GroupChange, { former, node, current }: Succession): RolloutStep[] => {
  const others = group.after.filter(({ id }) => id !== node.id)
  const wasMaster = `${group.master}` === former.id || (current === undefined && group.master === node.id)
  if (isElected(node)) {
    const preferred = [node, ...others].filter((other) => !isLearner(other))
    const stop = stopNode(former, `${node.id} has taken its place`)
    return [...handOverAndLeave(former, preferred, wasMaster, 'leave'), stop, forgetReplica(former)]
  }
  const interim = current ?? asInterimSlave(node, former)
  if (node.role === 'SLAVE') {
    return [stopNode(former, `${node.id} has caught up`), restartNode(interim, node, 'its brokerId to the final one')]
  }
  const effect = whileMasterIsAway(group, others, node)
  return [
    pauseWrites(former, [...others, interim], restartMs(node), 'heirs'),
    stopNode(former, `${node.id} has everything it has`, effect),
    restartNode(interim, node, 'its role to that of the master', effect),
    resumeWrites(node),
  ]
}

/** A replica leaves the place that it was started at for a rollout that was cut off, and that is not wanted any more. */
export const retreat = (group: GroupChange, node: BrokerNode): RolloutStep[] => {
  const stop = stopNode(node, 'its place is not wanted any more')
  if (!isElected(node)) return [stop]
  const preferred = group.before.filter(({ id }) => id !== node.id && !group.gone.some((other) => other.id === id))
  const sameReplica = (other: BrokerNode) => originalId(other.id) === originalId(node.id)
  const sorted = preferred
    .filter((other) => !isLearner(other))
    .toSorted((a, b) => Number(sameReplica(b)) - Number(sameReplica(a)))
  return [...handOverAndLeave(node, sorted, node.id === group.master, 'leave'), stop, forgetReplica(node)]
}

/** Ends at its old place first, and is filled by the others at its new one. */
export const moveInTurn = (group: GroupChange, { from, node, why }: ReplicaChange): RolloutStep[] => {
  const others = besides(group, node.id)
  const start = startNode(node, `moves: ${why}; the others give it everything`)
  if (!isElected(node)) return [stopNode(from, `moves: ${why}`), start]
  const preferred = others.filter((other) => !isLearner(other))
  const over = handOverAndLeave(from, preferred, from.id === group.master, 'move')
  return [...over, stopNode(from, `moves: ${why}`), forgetReplica(from), start]
}

export const removeReplica = (group: GroupChange, node: BrokerNode): RolloutStep[] => {
  const stop = stopNode(node, 'not in the config any more')
  if (!isElected(node)) return [stop]
  // One that goes back to where it was still has its former id.
  const running = group.after.map((other) => group.restarts.find((restart) => restart.node === other)?.from ?? other)
  const preferred = running.filter((other) => other.id !== node.id && !isLearner(other))
  return [...handOverAndLeave(node, preferred, node.id === group.master, 'leave'), stop, forgetReplica(node)]
}
