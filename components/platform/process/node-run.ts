import type { Timer } from '../../../runtime/io/clock.ts'
import type { PlanNode } from '../../plan/plan-node.ts'
import type { NodePhase } from '../platform.ts'
import type { NodeState } from './cluster-state.ts'
import type { ProcessRef } from './process-identity.ts'

/** A node and its current process. */
export interface NodeRun {
  node: PlanNode
  phase: NodePhase
  process: ProcessRef | undefined
  /** Was healthy at least once: what depends on it may start. */
  wasHealthy: boolean
  startedAtMs: number
  /** Of the current process; means something while the phase is healthy. */
  healthyAtMs: number
  slowReportedMs: number
  failures: number
  starts: number
  trouble: string | undefined
  timer: Timer | undefined
}

export function newRun(node: PlanNode): NodeRun {
  return {
    node,
    phase: 'waiting',
    process: undefined,
    wasHealthy: false,
    startedAtMs: 0,
    healthyAtMs: 0,
    slowReportedMs: 0,
    failures: 0,
    starts: 0,
    trouble: undefined,
    timer: undefined,
  }
}

export function stateOf(run: NodeRun): NodeState {
  return {
    id: run.node.id,
    phase: run.phase,
    restarts: Math.max(0, run.starts - 1),
    ...(run.process === undefined ? {} : { process: run.process }),
    ...(run.trouble === undefined ? {} : { trouble: run.trouble }),
  }
}
