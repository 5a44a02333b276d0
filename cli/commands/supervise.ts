import { readPlan } from '../../components/platform/process/cluster-state.ts'
import { describeRolloutEvent } from '../../components/platform/process/rollout/rollout-event.ts'
import { describeEvent } from '../../components/platform/process/supervisor-event.ts'
import { runCluster } from '../running-cluster.ts'
import { UserError } from '../user-error.ts'

function log(message: string): void {
  process.stdout.write(`${new Date().toISOString()} ${message}\n`)
}

/** The background half of `gantry up --detach`: runs the plan found in the data dir until SIGTERM. */
export async function supervise(dataDir: string): Promise<void> {
  const plan = readPlan(dataDir)
  if (plan === undefined) throw new UserError(`there is no plan in ${dataDir}: use "gantry up --detach"`)
  await runCluster(plan, {
    dataDir,
    onEvent: (event) => log(describeEvent(event)),
    onRolloutEvent: (event) => log(describeRolloutEvent(event)),
    onStopSignal: (signal, kills) => log(`${signal}: ${kills ? 'killing' : 'stopping'} all nodes`),
    onReady: () => log(`NAMESRV_ADDR=${plan.namesrvAddr}`),
  })
  log('stopped')
  process.exit(0)
}
