import { relative, resolve } from 'node:path'
import { styleText } from 'node:util'
import { encryptedPaths } from '../../components/plan/checks/check-secrets.ts'
import { type Plan, planCluster } from '../../components/plan/plan.ts'
import { platformKind } from '../../components/plan/schema/platform-config.ts'
import type { NodeView } from '../../components/platform/process/cluster-view.ts'
import { lockHolder } from '../../components/platform/process/data-dir-lock.ts'
import { stopLeftoverNodes } from '../../components/platform/process/leftover-nodes.ts'
import { checkPortsFree } from '../../components/platform/process/port-check.ts'
import { RealProcessTable } from '../../components/platform/process/process-table.ts'
import { describeRolloutEvent } from '../../components/platform/process/rollout/rollout-event.ts'
import { openRollout } from '../../components/platform/process/rollout/rollout-journal.ts'
import { prepareSecrets } from '../../components/platform/process/secrets/prepare-secrets.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { renderClientHint, renderCluster } from '../cluster-table.ts'
import { dataDirOf } from '../data-dir.ts'
import { renderEvent } from '../event-printer.ts'
import { LiveArea } from '../live-area.ts'
import { checkAllLocal } from '../local-nodes.ts'
import { checkPrograms } from '../programs.ts'
import { runCluster } from '../running-cluster.ts'
import { renderSecurity, securityStatus } from '../security-status.ts'
import { loadStack } from '../stack-source.ts'
import { UserError } from '../user-error.ts'

export interface UpOptions {
  readonly detach?: boolean
  readonly dataDir?: string
  readonly basePort?: number
  readonly runtimeBin?: string
  readonly allow?: readonly string[]
  readonly waitSeconds?: number
}

const refreshMs = 2000

/**
 * `gantry up`: plans, checks, starts; stays until Ctrl-C, or leaves a supervisor behind with --detach. A cluster that runs
 * already is changed to what the stack says now.
 */
export async function up(stack: string, options: UpOptions): Promise<void> {
  const { name, config } = loadStack(stack)
  const dataDir = dataDirOf(name, options.dataDir)
  const encrypted = encryptedPaths(config)
  if (encrypted.length > 0) {
    throw new UserError(`only Pulumi can decrypt ${encrypted.join(', ')}: bring this stack up with "pulumi up"`)
  }
  const { basePort, runtimeBin } = options
  const planned = planCluster(config, { localDataDir: dataDir, ...(basePort === undefined ? {} : { basePort }) })
  checkAllLocal(planned, platformKind(config.platform))
  const programs = { ...planned.programs, ...(runtimeBin === undefined ? {} : { runtimeBin: resolve(runtimeBin) }) }
  const plan = { ...planned, programs }
  checkPrograms(plan)
  for (const warning of plan.warnings) process.stdout.write(`${styleText('yellow', `note: ${warning}`)}\n`)
  const rolls = lockHolder(dataDir) !== undefined || openRollout(dataDir) !== undefined
  if (rolls) {
    const { upRolling } = await import('./up-rolling.ts')
    const readyTimeoutMs = config.platform.readyTimeoutSeconds * 1000
    await upRolling(plan, dataDir, { ...options, readyTimeoutMs })
    return
  }
  process.stdout.write(
    `Starting ${plan.cluster}: ${plan.nodes.length} nodes, files in ${relative('', dataDir) || '.'}\n`,
  )
  if (options.detach) {
    const { upDetached } = await import('./up-detached.ts')
    await upDetached(plan, dataDir, config.platform.readyTimeoutSeconds * 1000)
  } else await upHere(plan, dataDir)
}

/** Makes room before anything starts: ends what an earlier run left; then every port must be free. Makes what `security` asks for. */
export async function makeRoom(plan: Plan, dataDir: string, print: (line: string) => void): Promise<void> {
  const printEvent = (event: Parameters<typeof renderEvent>[0]) => print(renderEvent(event))
  await stopLeftoverNodes(dataDir, new RealProcessTable(), new RealClock(), printEvent)
  await checkPortsFree(plan.nodes)
  await prepareSecrets(dataDir, plan, Date.now())
}

/** Runs the cluster here, until Ctrl-C. */
export async function upHere(plan: Plan, dataDir: string): Promise<void> {
  const live = process.stdout.isTTY ? new LiveArea(process.stdout) : undefined
  const print = (line: string) => (live ? live.print(line) : process.stdout.write(`${line}\n`))
  let refresh: NodeJS.Timeout | undefined
  await runCluster(plan, {
    dataDir,
    prepare: () => makeRoom(plan, dataDir, print),
    onEvent: (event) => print(renderEvent(event)),
    onRolloutEvent: (event) => print(`  ${describeRolloutEvent(event)}`),
    onStopSignal: (_, kills) => {
      clearInterval(refresh)
      live?.show([])
      print(kills ? 'Killing all nodes' : 'Stopping (Ctrl-C again to kill)')
    },
    onReady: (view) => {
      const show = async () => showCluster(plan, dataDir, await view(), live)
      void show()
      if (live) refresh = setInterval(() => void show(), refreshMs)
    },
  })
  process.exit(0)
}

/** On a terminal the table stays at the bottom and is kept up to date; elsewhere it is printed once. */
function showCluster(plan: Plan, dataDir: string, nodes: readonly NodeView[], live: LiveArea | undefined): void {
  const lines = [
    '',
    ...renderCluster(nodes),
    '',
    ...renderClientHint(plan.namesrvAddr),
    ...renderSecurity(securityStatus(dataDir, plan), Date.now()),
    '',
    'Ctrl-C stops the cluster.',
  ]
  if (live) live.show(lines)
  else process.stdout.write(`${lines.join('\n')}\n`)
}
