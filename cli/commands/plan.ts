import { planCluster } from '../../components/plan/plan.ts'
import { dataDirOf } from '../data-dir.ts'
import { renderPlan } from '../plan-text.ts'
import { loadStack } from '../stack-source.ts'

export interface PlanCommandOptions {
  readonly dataDir?: string
  readonly basePort?: number
  readonly json?: boolean
}

/** `gantry plan`: prints what `gantry up` would run. Reads the stack file and touches nothing else. */
export function plan(stack: string, options: PlanCommandOptions): void {
  const { name, config } = loadStack(stack)
  const localDataDir = dataDirOf(name, options.dataDir)
  const { basePort } = options
  const planned = planCluster(config, { localDataDir, ...(basePort === undefined ? {} : { basePort }) })
  const text = options.json ? JSON.stringify(planned, null, 2) : renderPlan(planned).join('\n')
  process.stdout.write(`${text}\n`)
}
