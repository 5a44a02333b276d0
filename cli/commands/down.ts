import { relative } from 'node:path'
import { readPlan, readState } from '../../components/platform/process/cluster-state.ts'
import { lockHolder } from '../../components/platform/process/data-dir-lock.ts'
import { stopLeftoverNodes } from '../../components/platform/process/leftover-nodes.ts'
import { isRunning, type ProcessRef } from '../../components/platform/process/process-identity.ts'
import { RealProcessTable } from '../../components/platform/process/process-table.ts'
import { purgeDataDir } from '../../components/platform/process/purge-data-dir.ts'
import { stopTimeoutMs } from '../../components/platform/process/stop-processes.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { onlyDataDir } from '../data-dir.ts'
import { renderEvent } from '../event-printer.ts'
import { UserError } from '../user-error.ts'

const lookMs = 25
/** NameServers with controllers, masters, slaves, proxies. */
const stagesMax = 4
/** A supervisor stops its nodes stage by stage, each with its own time-out and a SIGKILL after it. */
const supervisorTimeoutMs = (stages: number): number => stages * 2 * stopTimeoutMs + 5000

const print = (line: string) => process.stdout.write(`${line}\n`)

/** Asks the supervisor to stop its cluster and waits; ends it by force when it hangs. */
async function stopSupervisor(supervisor: ProcessRef, timeoutMs: number): Promise<void> {
  const processes = new RealProcessTable()
  processes.signal(supervisor, 'SIGTERM')
  const deadlineMs = performance.now() + timeoutMs
  while (isRunning(supervisor)) {
    if (performance.now() > deadlineMs) {
      print(`the supervisor (pid ${supervisor.pid}) did not stop within ${timeoutMs / 1000} s: killed`)
      processes.signal(supervisor, 'SIGKILL')
      return
    }
    await new Promise<void>((resolve) => setTimeout(resolve, lookMs))
  }
}

/** `gantry down`: stops the cluster, whether its supervisor is alive or not; --purge also removes its files. */
export async function down(
  stack: string | undefined,
  options: { readonly dataDir?: string; readonly purge?: boolean },
): Promise<void> {
  const dataDir = onlyDataDir({ stack, dataDir: options.dataDir })
  const state = readState(dataDir)
  if (state === undefined) throw new UserError(`no cluster was started in ${dataDir}`)
  const plan = readPlan(dataDir)
  const cluster = plan?.cluster ?? 'the cluster'
  const supervisor = lockHolder(dataDir)
  if (supervisor !== undefined)
    await stopSupervisor(supervisor, supervisorTimeoutMs(plan?.startOrder.length ?? stagesMax))
  const leftovers = await stopLeftoverNodes(dataDir, new RealProcessTable(), new RealClock(), (event) =>
    print(renderEvent(event)),
  )
  const did = supervisor !== undefined || leftovers > 0 ? 'stopped' : 'was not running'
  print(`${cluster} in ${relative('', dataDir) || '.'} ${did}`)
  if (options.purge) {
    const left = purgeDataDir(dataDir)
    const kept = left.length === 0 ? '' : `, but for what is not its own: ${left.join(', ')}`
    print(`${relative('', dataDir) || '.'} removed${kept}`)
  }
}
