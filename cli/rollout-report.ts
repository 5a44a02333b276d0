import type { LoggedRolloutEvent } from '../components/platform/process/rollout/rollout-event.ts'
import { renderTable } from './text-table.ts'

const columns = [
  { title: 'STEP' },
  { title: 'STARTED' },
  { title: 'TOOK', align: 'right' as const },
  { title: 'OUTCOME' },
]

const timeOfDay = (timeMs: number): string => new Date(timeMs).toISOString().slice(11, 23)

/** What a rollout did, from its events: each step, when it started, how long it took. */
export function renderRolloutReport(events: readonly LoggedRolloutEvent[]): string[] {
  const started = new Map(events.flatMap((event) => (event.type === 'step' ? [[event.id, event.timeMs] as const] : [])))
  const rows = events.flatMap((event) => {
    if (event.type !== 'stepDone' && event.type !== 'stopped') return []
    if (!started.has(event.id)) return []
    const startedAt = started.get(event.id) ?? event.timeMs
    const tookMs = event.type === 'stepDone' ? event.tookMs : event.timeMs - startedAt
    const outcome = event.type === 'stepDone' ? (event.outcome ?? 'done') : 'stopped here'
    return [[event.id, timeOfDay(startedAt), `${(tookMs / 1000).toFixed(1)} s`, outcome]]
  })
  return rows.length === 0 ? [] : renderTable(columns, rows)
}
