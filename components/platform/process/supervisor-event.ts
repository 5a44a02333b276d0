import type { ProcessExit } from './process-table.ts'

/** What a supervisor tells whoever shows it to the user. */
export type SupervisorEvent =
  | { readonly type: 'leftover'; readonly nodeId: string; readonly pid: number }
  | { readonly type: 'starting'; readonly nodeId: string }
  | { readonly type: 'healthy'; readonly nodeId: string; readonly tookMs: number }
  | { readonly type: 'slow'; readonly nodeId: string; readonly waitedMs: number; readonly missing: string }
  | {
      readonly type: 'exited'
      readonly nodeId: string
      readonly exit: ProcessExit
      readonly lastWords: string | undefined
      readonly restartInMs: number
      readonly failures: number
    }
  | { readonly type: 'ready'; readonly tookMs: number }
  | { readonly type: 'provisionFailed'; readonly message: string; readonly retryInMs: number }
  | { readonly type: 'fileTrouble'; readonly message: string }
  | { readonly type: 'stopping'; readonly nodeId: string }
  | { readonly type: 'killed'; readonly nodeId: string; readonly afterMs: number }
  | { readonly type: 'stopped'; readonly nodeId: string }

function describeExit(exit: ProcessExit): string {
  if (exit.error !== undefined) return `could not be started: ${exit.error}`
  if (exit.code === undefined && exit.signal === undefined) return 'has ended'
  if (exit.signal !== undefined) return `was ended by ${exit.signal}`
  return `exited with code ${exit.code}`
}

/** One line for a person. */
export function describeEvent(event: SupervisorEvent): string {
  switch (event.type) {
    case 'leftover':
      return `${event.nodeId} still runs from an earlier start (pid ${event.pid}): stopping it`
    case 'starting':
      return `${event.nodeId} starting`
    case 'healthy':
      return `${event.nodeId} healthy after ${event.tookMs} ms`
    case 'slow':
      return `${event.nodeId} not healthy after ${Math.round(event.waitedMs / 1000)} s: ${event.missing}`
    case 'exited': {
      const words = event.lastWords === undefined ? '' : ` (${event.lastWords})`
      const times = event.failures > 1 ? `, exit ${event.failures} in a row` : ''
      const when = event.restartInMs === 0 ? 'at once' : `in ${event.restartInMs} ms`
      return `${event.nodeId} ${describeExit(event.exit)}${words}; restarting ${when}${times}`
    }
    case 'ready':
      return `cluster ready after ${event.tookMs} ms`
    case 'provisionFailed':
      return `creating topics and groups failed, next try in ${event.retryInMs} ms: ${event.message}`
    case 'fileTrouble':
      return `the supervisor goes on, but could not write its files: ${event.message}`
    case 'stopping':
      return `${event.nodeId} stopping`
    case 'killed':
      return `${event.nodeId} did not stop within ${event.afterMs} ms: killed`
    case 'stopped':
      return `${event.nodeId} stopped`
  }
}
