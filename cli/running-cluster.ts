import { ToolAccess, withToolAccess } from '../components/admin/tool-access.ts'
import type { Plan } from '../components/plan/plan.ts'
import { RemotingProbe } from '../components/platform/health/cluster-probe.ts'
import { createDataDir, readPlan } from '../components/platform/process/cluster-state.ts'
import { askFigures, type NodeView, viewCluster } from '../components/platform/process/cluster-view.ts'
import { lockDataDir } from '../components/platform/process/data-dir-lock.ts'
import { runningNodes } from '../components/platform/process/leftover-nodes.ts'
import { ownProcess } from '../components/platform/process/process-identity.ts'
import { RealProcessTable } from '../components/platform/process/process-table.ts'
import type { RolloutEvent } from '../components/platform/process/rollout/rollout-event.ts'
import { RolloutHost } from '../components/platform/process/rollout/rollout-host.ts'
import { openRollout } from '../components/platform/process/rollout/rollout-journal.ts'
import { removeRequest } from '../components/platform/process/rollout/rollout-request.ts'
import { accessSecrets } from '../components/platform/process/secrets/local-access.ts'
import { Supervisor } from '../components/platform/process/supervisor.ts'
import type { SupervisorEvent } from '../components/platform/process/supervisor-event.ts'
import { RealClock } from '../runtime/io/real-clock.ts'

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface RunOptions {
  readonly dataDir: string
  readonly onEvent: (event: SupervisorEvent) => void
  /** Called when a stop signal arrives: the first one stops in order, a second one kills. */
  readonly onStopSignal: (signal: string, kills: boolean) => void
  /** Called once everything is healthy. */
  readonly onReady: (view: () => Promise<NodeView[]>) => void
  /** Called before anything starts, while the data dir is locked; may refuse by throwing. Not when a rollout goes on. */
  readonly prepare?: () => Promise<void>
  readonly onRolloutEvent: (event: RolloutEvent) => void
}

/**
 * Runs the cluster in this process until a stop signal arrives, then stops every node. Where a rollout was cut off, what
 * still runs goes on, by the plan that the rollout had got to.
 */
export async function runCluster(planned: Plan, options: RunOptions): Promise<void> {
  // Its own secrets are there when `prepare` has run.
  const access = new ToolAccess()
  await withToolAccess(access, () => runWith(access, planned, options))
}

async function runWith(access: ToolAccess, planned: Plan, options: RunOptions): Promise<void> {
  const { dataDir, onEvent } = options
  createDataDir(dataDir)
  const lock = lockDataDir(dataDir)
  const probe = new RemotingProbe()
  try {
    const processes = new RealProcessTable()
    const cutOff = openRollout(dataDir) === undefined ? undefined : readPlan(dataDir)
    if (cutOff === undefined) {
      await options.prepare?.()
      removeRequest(dataDir)
    }
    const clock = new RealClock()
    const onPlan = (plan: Plan) => access.use(accessSecrets(dataDir, plan))
    onPlan(cutOff ?? planned)
    const self = ownProcess()
    const supervisor = new Supervisor({ dataDir, processes, probe, clock, self, onEvent, onPlan })
    const stopped = stopOnSignal(supervisor, options.onStopSignal)
    const view = async () => {
      const plan = supervisor.plan ?? planned
      return viewCluster(plan, supervisor.states(), await askFigures(probe, plan, supervisor.states()))
    }
    const host = new RolloutHost({ dataDir, nodes: supervisor, clock, onEvent: options.onRolloutEvent })
    const adopted = cutOff === undefined ? new Map() : runningNodes(dataDir, processes)
    void supervisor.bringUp(cutOff ?? planned, adopted).then(() => {
      options.onReady(view)
      host.start()
    })
    await stopped
    host.stop()
  } finally {
    probe.close()
    lock.release()
  }
}

function stopOnSignal(supervisor: Supervisor, onSignal: RunOptions['onStopSignal']): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping = false
    const handle = (signal: string) => {
      onSignal(signal, stopping)
      if (stopping) supervisor.killAll()
      else supervisor.takeDown().then(resolve, reject)
      stopping = true
    }
    for (const signal of stopSignals) process.on(signal, handle)
  })
}
