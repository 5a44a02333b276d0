import type { PlanNode } from '../plan-node.ts'
import type { ClientEffect, RolloutStep, RolloutWait } from './rollout.ts'

const noEffect: ClientEffect = { kind: 'none' }

/** What a node has to be before the next one is touched. */
const backInService = (node: PlanNode): RolloutWait[] => {
  const { id: nodeId } = node
  const healthy: RolloutWait = { kind: 'healthy', nodeId }
  if (node.kind !== 'broker') return [healthy]
  const waits: RolloutWait[] = [healthy, { kind: 'registered', nodeId }]
  if (node.role === 'REPLICA') return [...waits, { kind: 'inSyncStateSet', nodeId, group: node.group }]
  return node.role === 'SLAVE' ? [...waits, { kind: 'caughtUp', nodeId, group: node.group }] : waits
}

export const startNode = (node: PlanNode, reason: string): RolloutStep => ({
  id: `start:${node.id}`,
  action: { kind: 'startNode', node },
  waits: backInService(node),
  effect: noEffect,
  reason,
})

export const stopNode = (node: PlanNode, reason: string): RolloutStep => ({
  id: `stop:${node.id}`,
  action: { kind: 'stopNode', node, keepData: true },
  waits: [],
  effect: noEffect,
  reason,
})

export const changeLive = (node: PlanNode, settings: Readonly<Record<string, string>>): RolloutStep => ({
  id: `live:${node.id}`,
  action: { kind: 'changeLive', node, settings },
  waits: [],
  effect: noEffect,
  reason: `${Object.keys(settings).join(', ')}: takes effect without a restart`,
})
