import { drawPlan } from '../../components/plan/drawing/plan-drawing.ts'
import { planCluster } from '../../components/plan/plan.ts'
import { dataDirOf } from '../data-dir.ts'
import { renderPlan } from '../plan-text.ts'
import { loadStack } from '../stack-source.ts'
import { UserError } from '../user-error.ts'

export interface PlanCommandOptions {
  readonly dataDir?: string
  readonly basePort?: number
  readonly json?: boolean
  readonly svg?: boolean
}

/** `gantry plan`: prints what `gantry up` would run. Reads the stack file and touches nothing else. */
export function plan(stack: string, options: PlanCommandOptions): void {
  const { name, config } = loadStack(stack)
  const localDataDir = dataDirOf(name, options.dataDir)
  const { basePort } = options
  const planned = planCluster(config, { localDataDir, ...(basePort === undefined ? {} : { basePort }) })
  if (options.json && options.svg) throw new UserError('give --json or --svg, not both')
  if (options.svg) process.stdout.write(drawPlan(planned, config))
  else process.stdout.write(`${options.json ? JSON.stringify(planned, null, 2) : renderPlan(planned).join('\n')}\n`)
}
