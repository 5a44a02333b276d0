import type { LoggedRolloutEvent } from '../components/platform/process/rollout/rollout-event.ts'
import type { TrafficReport } from '../components/rollout/traffic-gaps.ts'
import { renderTable } from './text-table.ts'

const right = 'right' as const
const columns = [
  { title: 'STEP' },
  { title: 'STARTED' },
  { title: 'TOOK', align: right },
  { title: 'NO SENDS FOR', align: right },
  { title: 'NO FETCHES FOR', align: right },
  { title: 'OUTCOME' },
]

const timeOfDay = (timeMs: number): string => new Date(timeMs).toISOString().slice(11, 23)

const seconds = (ms: number | undefined): string => (ms === undefined ? '' : `${(ms / 1000).toFixed(1)} s`)

/**
 * What a rollout did, from its events: each step, when it started, how long it took, and the longest time in which no broker
 * stored a message or gave one out.
 */
export function renderRolloutReport(events: readonly LoggedRolloutEvent[]): string[] {
  const started = new Map(events.flatMap((event) => (event.type === 'step' ? [[event.id, event.timeMs] as const] : [])))
  const rows = events.flatMap((event) => {
    if (event.type !== 'stepDone' && event.type !== 'stopped') return []
    if (!started.has(event.id)) return []
    const startedAt = started.get(event.id) ?? event.timeMs
    const isDone = event.type === 'stepDone'
    const tookMs = isDone ? event.tookMs : event.timeMs - startedAt
    const { sendGapMs, fetchGapMs } = (isDone && event.traffic) || {}
    const outcome = isDone ? (event.outcome ?? 'done') : 'stopped here'
    const gaps = [seconds(sendGapMs), seconds(fetchGapMs)]
    return [[event.id, timeOfDay(startedAt), seconds(tookMs), ...gaps, outcome]]
  })
  const done = events.find((event) => event.type === 'done')
  return rows.length === 0 ? [] : [...renderTable(columns, rows), ...trafficInWords(done?.traffic)]
}

function trafficInWords(traffic: TrafficReport | undefined): string[] {
  if (traffic === undefined) return []
  const { stored, fetched, sendGapMs, fetchGapMs, problem } = traffic
  if (problem !== undefined) return [`What clients saw was not measured: ${problem}`]
  if (sendGapMs === undefined) return ['Nobody sent anything meanwhile.']
  const consumers =
    fetchGapMs === undefined
      ? 'consumers got nothing'
      : `consumers got ${fetched}, with ${seconds(fetchGapMs)} at most between two`
  return [
    `As the brokers saw it, asked ten times a second: ${stored} messages were sent, with ${seconds(sendGapMs)} at most between two;`,
    `${consumers}. Clients that had nothing to send or to get count as a gap, too.`,
  ]
}
