import type { BrokerNode, PlanNode } from '../plan-node.ts'
import { settingsOf } from './node-settings.ts'
import type { ClientEffect, RolloutStep, RolloutWait } from './rollout.ts'

export const noEffect: ClientEffect = { kind: 'none' }

/** How long a broker is away for a restart, roughly: from its last answer to its registration. */
export const restartMs = ({ engine }: PlanNode): number => (engine === 'apache' ? 10_000 : 2000)

/** Whether it copies only, and never counts for what is acknowledged. */
export const isLearner = (node: BrokerNode): boolean => settingsOf(node).get('asyncLearner') === 'true'

/** What a node has to be before the next one is touched. */
export const backInService = (node: PlanNode): RolloutWait[] => {
  const { id: nodeId } = node
  const healthy: RolloutWait = { kind: 'healthy', nodeId }
  if (node.kind !== 'broker') return [healthy]
  const waits: RolloutWait[] = [healthy, { kind: 'registered', nodeId }]
  if (node.role === 'REPLICA' && !isLearner(node))
    return [...waits, { kind: 'inSyncStateSet', nodeId, group: node.group }]
  return node.role === 'SLAVE' ? [...waits, { kind: 'caughtUp', nodeId, group: node.group }] : waits
}

export const startNode = (node: PlanNode, reason: string): RolloutStep => ({
  id: `start:${node.id}`,
  action: { kind: 'startNode', node },
  waits: backInService(node),
  effect: noEffect,
  reason,
})

export const restartNode = (
  from: PlanNode,
  node: PlanNode,
  why: string,
  effect: ClientEffect = noEffect,
): RolloutStep => ({
  id: `restart:${node.id}`,
  action: { kind: 'restartNode', node, from },
  waits: backInService(node),
  effect,
  reason: `changes ${why}`,
})

export const stopNode = (node: PlanNode, reason: string, effect: ClientEffect = noEffect): RolloutStep => ({
  id: `stop:${node.id}`,
  action: { kind: 'stopNode', node, keepData: true },
  waits: [],
  effect,
  reason,
})

export const changeLive = (node: PlanNode, settings: Readonly<Record<string, string>>): RolloutStep => ({
  id: `live:${node.id}`,
  action: { kind: 'changeLive', node, settings },
  waits: node.kind === 'broker' && 'namesrvAddr' in settings ? [{ kind: 'registered', nodeId: node.id }] : [],
  effect: noEffect,
  reason: `changes ${Object.keys(settings).join(', ')}, without a restart`,
})

const isOurs = ({ engine }: BrokerNode): boolean => engine !== 'apache'

/** A master of Apache's passes nothing on. A replica of ours does, and so clients are led to it first: see rollout/stand-in.ts. */
const isLedOver = (node: BrokerNode, preferred: readonly BrokerNode[]): boolean =>
  !isOurs(node) && !checksClients(node) && preferred.some(isOurs)

/** What is passed on to it is not what the client signed: one of Apache's refuses it. */
const checksClients = (node: BrokerNode): boolean => settingsOf(node).get('authenticationEnabled') === 'true'

const ledOverWords = '; clients come to know the next one before, for half a minute'

const handOverEffect = (node: BrokerNode, preferred: readonly BrokerNode[]): ClientEffect => {
  const { group } = node
  const effect = { kind: 'handOver', group } as const
  if (preferred.length === 0) return effect
  if (!isOurs(node)) return isLedOver(node, preferred) ? effect : { ...effect, lasts: 'untilRoutes' }
  return preferred.some(isOurs) ? effect : { ...effect, lasts: 'seconds' }
}

/**
 * A master begins with a SyncStateSet of its own. The others have to be in it before one of them goes, or too few are left for
 * it to take messages.
 * @param isMaster false when it is not known to be: then the step may have nothing to do
 * Clients with an old route send to the former master, which passes it on. It may go when they have asked for routes again:
 * before that they would find nobody there, and with only one group their sends would fail.
 * @param doing what comes next
 */
export const handOver = (
  node: BrokerNode,
  preferred: readonly BrokerNode[],
  isMaster: boolean,
  doing: 'restart' | 'leave' | 'move',
): RolloutStep => ({
  id: `handOver:${node.id}`,
  action: { kind: 'handOver', group: node.group, avoid: node.id, preferred: preferred.map(({ id }) => id) },
  waits: [
    ...preferred
      .filter((other) => !isLearner(other))
      .map(({ id: nodeId }): RolloutWait => ({ kind: 'inSyncStateSet', nodeId, group: node.group })),
    { kind: 'routesRenewed', group: node.group, ...(doing === 'restart' ? { ifHandedOver: true } : {}) },
  ],
  effect: isMaster ? handOverEffect(node, preferred) : noEffect,
  reason: isMaster
    ? `${node.id} is master and is about to ${doing}${isLedOver(node, preferred) ? ledOverWords : ''}`
    : `only if ${node.id} has become master: it is about to ${doing}`,
})

/**
 * Before a broker leaves its place for good. While clients come to know the new route the new master may fail, and this one be
 * elected again, alone in the SyncStateSet then: what the group has would end with it. So its role is looked at once more.
 */
export const handOverAndLeave = (
  node: BrokerNode,
  preferred: readonly BrokerNode[],
  isMaster: boolean,
  doing: 'leave' | 'move',
): RolloutStep[] => {
  const first = leaving(handOver(node, preferred, isMaster, doing))
  const reason = `only if ${node.id} has become master again meanwhile: it is about to ${doing}`
  const waits = first.waits.filter(({ kind }) => kind !== 'routesRenewed')
  return [first, { ...first, waits, effect: noEffect, reason }]
}

const leaving = (step: RolloutStep): RolloutStep =>
  step.action.kind === 'handOver' ? { ...step, action: { ...step.action, isLeaving: true } } : step

/** @param slaves that have to have everything before it goes on; `heirs`: because the master does not come back */
export const pauseWrites = (
  node: BrokerNode,
  slaves: readonly BrokerNode[],
  aboutMs: number,
  heirs: 'heirs' | undefined = undefined,
): RolloutStep => ({
  id: `pause:${node.group}`,
  action: { kind: 'pauseWrites', group: node.group, node },
  waits: slaves.map(({ id: nodeId }) => ({
    ...({ kind: 'caughtUp', nodeId, group: node.group } as const),
    ...(heirs === undefined ? {} : { isHeir: true as const }),
  })),
  effect: { kind: 'writesPaused', group: node.group, aboutMs },
  reason: `${node.group} takes no writes while ${node.id} is changed: nothing is acknowledged that could be lost`,
})

export const resumeWrites = (node: BrokerNode): RolloutStep => ({
  id: `resume:${node.group}`,
  action: { kind: 'resumeWrites', group: node.group, node },
  waits: [],
  effect: noEffect,
  reason: `${node.group} takes writes again`,
})

export const forgetReplica = (node: BrokerNode, wholeGroup = false): RolloutStep => ({
  id: `forget:${node.id}`,
  action: { kind: 'forgetReplica', group: node.group, node, wholeGroup },
  waits: [],
  effect: noEffect,
  reason: `the controllers need not wait for ${node.id} any more`,
})
