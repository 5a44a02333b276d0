import { withToolAccess } from '../components/admin/tool-access.ts'
import type { Plan } from '../components/plan/plan.ts'
import { RemotingProbe } from '../components/platform/health/cluster-probe.ts'
import { type NodeState, readPlan, readState } from '../components/platform/process/cluster-state.ts'
import { askFigures, type NodeView, viewCluster } from '../components/platform/process/cluster-view.ts'
import { isRunning } from '../components/platform/process/process-identity.ts'
import { describeRolloutEvent } from '../components/platform/process/rollout/rollout-event.ts'
import { openRollout } from '../components/platform/process/rollout/rollout-journal.ts'
import { lastRolloutEvent } from '../components/platform/process/rollout/rollout-log.ts'
import { localAccess } from '../components/platform/process/secrets/local-access.ts'
import { type SecurityStatus, securityStatus } from './security-status.ts'
import { UserError } from './user-error.ts'

export interface ClusterStatus {
  readonly dataDir: string
  readonly cluster: string
  /** Its supervisor is alive. */
  readonly running: boolean
  readonly supervisorPid?: number
  /** Everything has been healthy since the supervisor started. */
  readonly ready: boolean
  readonly namesrvAddr: string
  /** Where the stack makes certificates or credentials. */
  readonly security?: SecurityStatus
  readonly nodes: readonly NodeView[]
  /** One that is under way, or that has not come to its end. */
  readonly rollout?: RolloutStatus
}

interface RolloutStatus {
  readonly state: 'under way' | 'cut off' | 'stopped'
  /** What was told of it last; '' when nothing was. */
  readonly last: string
}

/** How far a rollout is. @param supervised whether there is anybody to go on with it */
function rolloutStatus(dataDir: string, supervised: boolean): RolloutStatus | undefined {
  const rollout = openRollout(dataDir)
  if (rollout === undefined) return undefined
  const event = lastRolloutEvent(dataDir)
  const last = event === undefined ? '' : describeRolloutEvent(event).trim()
  if (rollout.state === 'stopped') return { state: 'stopped', last }
  return { state: supervised ? 'under way' : 'cut off', last }
}

/** The recorded state, put right by what really runs: the supervisor may have been killed. */
function actualState(node: NodeState, supervised: boolean): NodeState {
  if (supervised) return node
  const { process: ref, trouble: _, ...rest } = node
  return ref !== undefined && isRunning(ref) ? node : { ...rest, phase: 'stopped' }
}

async function figures(plan: Plan, states: ReadonlyMap<string, NodeState>): Promise<NodeView[]> {
  const probe = new RemotingProbe()
  try {
    return viewCluster(plan, states, await askFigures(probe, plan, states))
  } finally {
    probe.close()
  }
}

/** Looks at a data dir and asks the nodes that run. @throws UserError when no cluster was ever started there. */
export async function clusterStatus(dataDir: string): Promise<ClusterStatus> {
  const state = readState(dataDir)
  const plan = readPlan(dataDir)
  if (state === undefined || plan === undefined) {
    throw new UserError(`no cluster was started in ${dataDir}. Start one with "gantry up <stack>".`)
  }
  const running = isRunning(state.supervisor)
  const rollout = rolloutStatus(dataDir, running)
  const security = securityStatus(dataDir, plan)
  const states = new Map(state.nodes.map((node) => [node.id, actualState(node, running)]))
  return {
    dataDir,
    cluster: plan.cluster,
    running,
    ...(running ? { supervisorPid: state.supervisor.pid } : {}),
    ready: running && state.ready,
    namesrvAddr: plan.namesrvAddr,
    ...(security === undefined ? {} : { security }),
    nodes: await withToolAccess(localAccess(dataDir, plan), () => figures(plan, states)),
    ...(rollout === undefined ? {} : { rollout }),
  }
}
