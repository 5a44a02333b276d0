import type { Clock } from '../../../runtime/io/clock.ts'
import type { Plan } from '../../plan/plan.ts'
import type { ProcessRef } from './process-identity.ts'
import type { ProcessTable, StopSignal } from './process-table.ts'
import type { SupervisorEvent } from './supervisor-event.ts'

/**
 * A node gets this long to end after SIGTERM; then it is killed. A proxy of Apache RocketMQ waits up to 30 s for its gRPC
 * clients (grpcShutdownTimeSeconds), and a broker writes out what it has in memory.
 */
export const stopTimeoutMs = 45_000
/** Between two looks whether it has ended. */
const goneLookMs = 20

export interface StopContext {
  readonly plan: Pick<Plan, 'startOrder'>
  readonly processOf: (nodeId: string) => ProcessRef | undefined
  readonly processes: ProcessTable
  readonly clock: Clock
}

/** Looks rather than waits for an exit event: the processes need not be children of this one. */
async function waitUntilGone(
  context: Pick<StopContext, 'processes' | 'clock'>,
  ref: ProcessRef,
  timeoutMs: number,
): Promise<boolean> {
  const { processes, clock } = context
  const deadlineMs = clock.monotonic() + timeoutMs
  while (processes.isRunning(ref)) {
    if (clock.monotonic() >= deadlineMs) return false
    await new Promise<void>((resolve) => clock.after(goneLookMs, resolve))
  }
  return true
}

type StopEvent = Extract<SupervisorEvent, { type: 'stopping' | 'stopped' | 'killed' }>

/** Tells a process to end, and ends it when it does not; at once with SIGKILL for a signal. */
export async function stopNode(
  context: Pick<StopContext, 'processes' | 'clock'>,
  nodeId: string,
  ref: ProcessRef,
  onEvent: (event: StopEvent) => void,
  signal: StopSignal = 'SIGTERM',
) {
  onEvent({ type: 'stopping', nodeId })
  context.processes.signal(ref, signal)
  if (!(await waitUntilGone(context, ref, stopTimeoutMs))) {
    onEvent({ type: 'killed', nodeId, afterMs: stopTimeoutMs })
    context.processes.signal(ref, 'SIGKILL')
    await waitUntilGone(context, ref, stopTimeoutMs)
  }
  onEvent({ type: 'stopped', nodeId })
}

/** Stops what still runs of a plan: slaves, then masters, then NameServers; each stage at once. */
export async function stopProcesses(context: StopContext, onEvent: (event: StopEvent) => void): Promise<void> {
  for (const stage of context.plan.startOrder.toReversed()) {
    const running = stage.flatMap((id) => {
      const ref = context.processOf(id)
      return ref !== undefined && context.processes.isRunning(ref) ? [{ id, ref }] : []
    })
    await Promise.all(running.map(({ id, ref }) => stopNode(context, id, ref, onEvent)))
  }
}
