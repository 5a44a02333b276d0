import type { Plan } from '../components/plan/plan.ts'
import { missingProgram } from '../components/platform/process/missing-program.ts'
import { UserError } from './user-error.ts'

/** @throws UserError naming every program that nodes of the plan run and that is not there or cannot be executed. */
export function checkPrograms({ nodes, programs }: Plan): void {
  const missing = nodes.flatMap((node) => missingProgram(node, programs) ?? [])
  if (missing.length > 0) throw new UserError([...new Set(missing)].join('\n'))
}
