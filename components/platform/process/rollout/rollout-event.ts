import type { RolloutRefusal } from '../../../plan/rollout/rollout.ts'
import type { TrafficReport } from '../../../rollout/traffic-gaps.ts'

/** What happens in a rollout: a line of rollout-events.jsonl each. */
export type RolloutEvent =
  | { readonly type: 'planned'; readonly steps: readonly PlannedStep[]; readonly notes: readonly string[] }
  | { readonly type: 'refused'; readonly refusals: readonly RolloutRefusal[] }
  | ({ readonly type: 'step'; readonly position: number; readonly count: number } & PlannedStep)
  /** Told again whenever what is missing changes. `id`: of the step; '' before the first one. */
  | { readonly type: 'waiting'; readonly id: string; readonly waitsFor: string }
  /** `traffic`: what brokers stored and gave out meanwhile, where it was looked at. */
  | {
      readonly type: 'stepDone'
      readonly id: string
      readonly tookMs: number
      readonly outcome?: string
      readonly traffic?: TrafficReport
    }
  /** Something failed: nothing else was touched. `id` as above. */
  | { readonly type: 'stopped'; readonly id: string; readonly reason: string }
  | { readonly type: 'done'; readonly tookMs: number; readonly traffic?: TrafficReport }

/** A step, as far as it is of interest to whoever reads the log. */
export interface PlannedStep {
  readonly id: string
  /** In words. */
  readonly what: string
  readonly reason: string
  /** What clients see; '' for nothing. */
  readonly clients: string
}

/** With when it happened (ms since 1970) and of which rollout. */
export type LoggedRolloutEvent = RolloutEvent & { readonly timeMs: number; readonly rollout: string }

/** Whether nothing comes after it. */
export const isLastEvent = ({ type }: RolloutEvent): boolean =>
  type === 'refused' || type === 'stopped' || type === 'done'

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** One line for a person. */
export function describeRolloutEvent(event: RolloutEvent): string {
  switch (event.type) {
    case 'planned':
      return `rollout of ${event.steps.length} steps`
    case 'refused':
      return `refused: ${event.refusals.map(({ path, reason }) => `${path}: ${reason}`).join('; ')}`
    case 'step': {
      const clients = event.clients === '' ? '' : ` (clients: ${event.clients})`
      return `[${event.position}/${event.count}] ${event.what}${clients}`
    }
    case 'waiting':
      return `  waits: ${event.waitsFor}`
    case 'stepDone':
      return `  done after ${seconds(event.tookMs)}${event.outcome === undefined ? '' : `: ${event.outcome}`}`
    case 'stopped':
      return `stopped${event.id === '' ? ' before the first step' : ` at ${event.id}`}, nothing else was touched: ${event.reason}`
    case 'done':
      return `rollout done after ${seconds(event.tookMs)}`
  }
}
