import { relative } from 'node:path'
import { type Plan, planCluster } from '../../components/plan/plan.ts'
import type { NodeView } from '../../components/platform/process/cluster-view.ts'
import { stopLeftoverNodes } from '../../components/platform/process/leftover-nodes.ts'
import type { Launchers } from '../../components/platform/process/node-launch.ts'
import { checkPortsFree } from '../../components/platform/process/port-check.ts'
import { RealProcessTable } from '../../components/platform/process/process-table.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { renderClientHint, renderCluster } from '../cluster-table.ts'
import { dataDirOf } from '../data-dir.ts'
import { renderEvent } from '../event-printer.ts'
import { LiveArea } from '../live-area.ts'
import { checkAllLocal } from '../local-nodes.ts'
import { runCluster } from '../running-cluster.ts'
import { engineBin, launchersIn } from '../runtime-bin.ts'
import { loadStack } from '../stack-source.ts'

export interface UpOptions {
  readonly detach?: boolean
  readonly dataDir?: string
  readonly basePort?: number
  readonly runtimeBin?: string
}

const refreshMs = 2000

/** `gantry up`: plans, checks, starts; stays until Ctrl-C, or leaves a supervisor behind with --detach. */
export async function up(stack: string, options: UpOptions): Promise<void> {
  const { name, config } = loadStack(stack)
  const dataDir = dataDirOf(name, options.dataDir)
  const { basePort } = options
  const plan = planCluster(config, { localDataDir: dataDir, ...(basePort === undefined ? {} : { basePort }) })
  checkAllLocal(plan)
  const runtimeBin = options.runtimeBin ?? engineBin
  const launchers = launchersIn(runtimeBin)
  process.stdout.write(
    `Starting ${plan.cluster}: ${plan.nodes.length} nodes, files in ${relative('', dataDir) || '.'}\n`,
  )
  if (options.detach) {
    const { upDetached } = await import('./up-detached.ts')
    await upDetached(plan, dataDir, runtimeBin)
  } else await upHere(plan, dataDir, launchers)
}

/** Makes room before anything starts: ends what an earlier run left, then every port must be free. */
export async function makeRoom(plan: Plan, dataDir: string, print: (line: string) => void): Promise<void> {
  const printEvent = (event: Parameters<typeof renderEvent>[0]) => print(renderEvent(event))
  await stopLeftoverNodes(dataDir, new RealProcessTable(), new RealClock(), printEvent)
  await checkPortsFree(plan.nodes)
}

async function upHere(plan: Plan, dataDir: string, launchers: Launchers): Promise<void> {
  const live = process.stdout.isTTY ? new LiveArea(process.stdout) : undefined
  const print = (line: string) => (live ? live.print(line) : process.stdout.write(`${line}\n`))
  let refresh: NodeJS.Timeout | undefined
  await runCluster(plan, {
    dataDir,
    launchers,
    prepare: () => makeRoom(plan, dataDir, print),
    onEvent: (event) => print(renderEvent(event)),
    onStopSignal: (_, kills) => {
      clearInterval(refresh)
      live?.show([])
      print(kills ? 'Killing all nodes' : 'Stopping (Ctrl-C again to kill)')
    },
    onReady: (view) => {
      const show = async () => showCluster(plan, await view(), live)
      void show()
      if (live) refresh = setInterval(() => void show(), refreshMs)
    },
  })
  process.exit(0)
}

/** On a terminal the table stays at the bottom and is kept up to date; elsewhere it is printed once. */
function showCluster(plan: Plan, nodes: readonly NodeView[], live: LiveArea | undefined): void {
  const lines = [
    '',
    ...renderCluster(nodes),
    '',
    ...renderClientHint(plan.namesrvAddr),
    '',
    'Ctrl-C stops the cluster.',
  ]
  if (live) live.show(lines)
  else process.stdout.write(`${lines.join('\n')}\n`)
}
