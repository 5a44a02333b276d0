import type { Clock } from '../../../runtime/io/clock.ts'
import { readPlan, readState } from './cluster-state.ts'
import type { ProcessRef } from './process-identity.ts'
import { processesByOption } from './process-search.ts'
import type { ProcessTable } from './process-table.ts'
import { stopProcesses } from './stop-processes.ts'
import type { SupervisorEvent } from './supervisor-event.ts'

/** What comes before a conf file in the command line of a node of either engine; the latter of Apache's proxy. */
const confFlags = ['-c', '-pc']

/**
 * Processes of a data dir that still run, by node id. They outlive a supervisor that was killed. One that was killed between
 * starting a process and noting it has left one that is found by the conf file it was started with.
 */
export function runningNodes(
  dataDir: string,
  processes: Pick<ProcessTable, 'isRunning'>,
): ReadonlyMap<string, ProcessRef> {
  const running = new Map<string, ProcessRef>()
  for (const { id, process: ref } of readState(dataDir)?.nodes ?? []) {
    if (ref !== undefined && processes.isRunning(ref)) running.set(id, ref)
  }
  const missing = (readPlan(dataDir)?.nodes ?? []).filter(({ id }) => !running.has(id))
  if (missing.length === 0) return running
  const known = new Set([...running.values()].map(({ pid }) => pid))
  const found = processesByOption(confFlags, new Set(missing.map(({ confFile }) => confFile.path)))
  for (const { id, confFile } of missing) {
    const ref = found.get(confFile.path)
    // Of two nodes with one folder, one is the former one.
    if (ref !== undefined && !known.has(ref.pid)) running.set(id, ref)
  }
  return running
}

/**
 * Stops what an earlier supervisor of this data dir left running. Call it only while no supervisor is alive there.
 * @returns how many there were.
 */
export async function stopLeftoverNodes(
  dataDir: string,
  processes: ProcessTable,
  clock: Clock,
  onEvent: (event: SupervisorEvent) => void,
): Promise<number> {
  const running = runningNodes(dataDir, processes)
  const plan = readPlan(dataDir)
  if (running.size === 0 || plan === undefined) return 0
  for (const [nodeId, ref] of running) onEvent({ type: 'leftover', nodeId, pid: ref.pid })
  await stopProcesses({ plan, processOf: (id) => running.get(id), processes, clock }, onEvent)
  return running.size
}
