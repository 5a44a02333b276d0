import { relative } from 'node:path'
import { planCluster } from '../../components/plan/plan.ts'
import { dataDirOf } from '../data-dir.ts'
import { loadStack } from '../stack-source.ts'

/** `gantry validate`: says whether the stack file is right, ports and placement included. */
export function validate(stack: string): void {
  const { name, path, config } = loadStack(stack)
  const plan = planCluster(config, { localDataDir: dataDirOf(name, undefined) })
  process.stdout.write(`${relative('', path)} is valid: cluster ${plan.cluster}, ${plan.nodes.length} nodes\n`)
}
