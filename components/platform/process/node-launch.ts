import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Programs } from '../../plan/plan.ts'
import type { PlanNode } from '../../plan/plan-node.ts'
import { apacheCommand } from './apache-launch.ts'
import { nodeLogFile } from './cluster-state.ts'
import type { LaunchSpec } from './process-table.ts'

/** The engine's launchers by kind of node: they find a Node, run in the foreground and end on SIGTERM. */
export const launcherNames = {
  nameServer: 'mqnamesrv',
  controller: 'mqcontroller',
  broker: 'mqbroker',
  proxy: 'mqproxy',
} as const satisfies Record<PlanNode['kind'], string>

/** What a launcher takes its conf file by. */
export const confFlagOf = ({ kind }: Pick<PlanNode, 'kind'>): string => (kind === 'proxy' ? '-pc' : '-c')

/** The folder of the launchers of this package. */
export const engineBin = dirname(fileURLToPath(new URL('../../../runtime/bin/mqbroker', import.meta.url)))

/** What a node is started with, before it is known where its output goes. */
export type NodeCommand = Pick<LaunchSpec, 'command' | 'args' | 'env'>

function gantryCommand(node: PlanNode, { runtimeBin = engineBin }: Programs): NodeCommand {
  return {
    command: join(runtimeBin, launcherNames[node.kind]),
    args: [confFlagOf(node), node.confFile.path],
    env: {
      ...(node.nodeOptions.length > 0 ? { GANTRY_NODE_OPTIONS: node.nodeOptions.join(' ') } : {}),
      ...tlsVariables(node),
    },
  }
}

/** In the place of what this process has: a stack that makes certificates says all of TLS. */
export const tlsVariables = ({ tls }: Pick<PlanNode, 'tls'>): Readonly<Record<string, string>> =>
  tls === undefined ? {} : { JAVA_OPT: '', JAVA_OPT_EXT: `-Dtls.config.file=${tls.path}` }

/** How a node is started, by whatever engine it is to have. */
export function nodeCommand(node: PlanNode, programs: Programs): NodeCommand {
  return node.engine === 'apache' ? apacheCommand(node, programs) : gantryCommand(node, programs)
}

export function launchSpec(node: PlanNode, dataDir: string, programs: Programs): LaunchSpec {
  return { ...nodeCommand(node, programs), cwd: node.dataDir, logFile: nodeLogFile(dataDir, node.id) }
}
