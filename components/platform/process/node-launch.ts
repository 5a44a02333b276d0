import { fileURLToPath } from 'node:url'
import type { PlanNode } from '../../plan/plan-node.ts'
import { nodeLogFile } from './cluster-state.ts'
import type { LaunchSpec } from './process-table.ts'

/** The launchers of the engine: they find a Node, run in the foreground and end on SIGTERM. */
export interface Launchers {
  readonly nameServer: string
  readonly broker: string
}

const launcher = (name: string): string => fileURLToPath(new URL(`../../../runtime/bin/${name}`, import.meta.url))

export const engineLaunchers: Launchers = { nameServer: launcher('mqnamesrv'), broker: launcher('mqbroker') }

export function launchSpec(node: PlanNode, dataDir: string, launchers: Launchers): LaunchSpec {
  return {
    command: node.kind === 'broker' ? launchers.broker : launchers.nameServer,
    args: ['-c', node.confFile.path],
    env: node.nodeOptions.length > 0 ? { GANTRY_NODE_OPTIONS: node.nodeOptions.join(' ') } : {},
    cwd: node.dataDir,
    logFile: nodeLogFile(dataDir, node.id),
  }
}
