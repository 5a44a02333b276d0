import { withToolAccess } from '../../components/admin/tool-access.ts'
import { planCluster } from '../../components/plan/plan.ts'
import { planRollout } from '../../components/plan/rollout/plan-rollout.ts'
import type { Observed, Rollout } from '../../components/plan/rollout/rollout.ts'
import { describeRollout } from '../../components/plan/rollout/rollout-words.ts'
import { readPlan } from '../../components/platform/process/cluster-state.ts'
import { observeRunning } from '../../components/platform/process/rollout/observe-running.ts'
import { localAccess } from '../../components/platform/process/secrets/local-access.ts'
import { dataDirOf } from '../data-dir.ts'
import { loadStack } from '../stack-source.ts'
import { UserError } from '../user-error.ts'

export interface PlanDiffOptions {
  readonly dataDir?: string
  readonly basePort?: number
  readonly allow?: readonly string[]
  readonly json?: boolean
}

/**
 * `gantry plan diff`: what it takes to go from one stack to another, or from the cluster that runs in a data dir to a stack.
 * Touches nothing. Exit code 1 when it is refused.
 */
export async function planDiff(first: string, second: string | undefined, options: PlanDiffOptions): Promise<void> {
  const rollout = second === undefined ? await fromRunning(first, options) : betweenStacks(first, second, options)
  const text = options.json ? JSON.stringify(rollout, null, 2) : describeRollout(rollout).join('\n')
  process.stdout.write(`${text}\n`)
  if (rollout.refusals.length > 0) process.exitCode = 1
}

const portOption = ({ basePort }: PlanDiffOptions) => (basePort === undefined ? {} : { basePort })

function betweenStacks(old: string, wanted: string, options: PlanDiffOptions): Rollout {
  const [before, after] = [loadStack(old), loadStack(wanted)]
  // The same cluster, whatever its two files are called.
  const place = { localDataDir: dataDirOf(after.name, options.dataDir), ...portOption(options) }
  const { allow = [] } = options
  return planRollout({ running: planCluster(before.config, place), wanted: planCluster(after.config, place), allow })
}

async function fromRunning(stack: string, options: PlanDiffOptions): Promise<Rollout> {
  const { name, config } = loadStack(stack)
  const dataDir = dataDirOf(name, options.dataDir)
  const running = readPlan(dataDir)
  if (running === undefined) {
    throw new UserError(
      `no cluster was started in ${dataDir}. Name two stacks to compare them: gantry plan diff <old> <new>`,
    )
  }
  const planned = planCluster(config, { localDataDir: dataDir, ...portOption(options) })
  const wanted = { ...planned, programs: { ...running.programs, ...planned.programs } }
  const look = () => observeRunning(dataDir, running)
  const observed: Observed = await withToolAccess(localAccess(dataDir, running), look)
  return planRollout({ running, wanted, observed, allow: options.allow ?? [] })
}
