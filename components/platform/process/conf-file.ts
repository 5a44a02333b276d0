import { chmodSync, writeFileSync } from 'node:fs'
import type { PlanNode } from '../../plan/plan-node.ts'

/** It may hold secrets: nobody but its owner reads it. */
const ownerOnly = 0o600

/** Writes a node's conf file. Its folder has to be there. */
export function writeConfFile({ confFile: { path, text } }: Pick<PlanNode, 'confFile'>): void {
  writeFileSync(path, text, { mode: ownerOnly })
  // The mode counts only for a file that is new.
  chmodSync(path, ownerOnly)
}
