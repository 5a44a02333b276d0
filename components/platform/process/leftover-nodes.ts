import type { Clock } from '../../../runtime/io/clock.ts'
import { readPlan, readState } from './cluster-state.ts'
import type { ProcessRef } from './process-identity.ts'
import type { ProcessTable } from './process-table.ts'
import { stopProcesses } from './stop-processes.ts'
import type { SupervisorEvent } from './supervisor-event.ts'

/** Processes of a data dir that still run, by node id. They outlive a supervisor that was killed. */
export function runningNodes(
  dataDir: string,
  processes: Pick<ProcessTable, 'isRunning'>,
): ReadonlyMap<string, ProcessRef> {
  const running = new Map<string, ProcessRef>()
  for (const { id, process: ref } of readState(dataDir)?.nodes ?? []) {
    if (ref !== undefined && processes.isRunning(ref)) running.set(id, ref)
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
