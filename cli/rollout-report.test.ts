import { expect, it } from 'vitest'
import type { LoggedRolloutEvent, RolloutEvent } from '../components/platform/process/rollout/rollout-event.ts'
import { renderRolloutReport } from './rollout-report.ts'

const startMs = Date.UTC(2026, 0, 2, 3, 4, 5)
const logged = (...events: RolloutEvent[]): LoggedRolloutEvent[] =>
  events.map((event, index) => ({ ...event, timeMs: startMs + index * 1000, rollout: 'one' }))

const step = (id: string): RolloutEvent => ({
  ...{ type: 'step', id, what: id, reason: '', clients: '' },
  position: 1,
  count: 2,
})

it('says of each step how long it took and how long nobody sent or got anything', () => {
  const traffic = { stored: 400, fetched: 396, sendGapMs: 640, fetchGapMs: 1210 }
  const lines = renderRolloutReport(
    logged(
      step('handOver:a'),
      { type: 'stepDone', id: 'handOver:a', tookMs: 35_120, traffic },
      step('restart:a'),
      { type: 'stepDone', id: 'restart:a', tookMs: 900, traffic: { stored: 0, fetched: 0 } },
      { type: 'done', tookMs: 36_100, traffic },
    ),
  )
  expect(lines.map((line) => line.trimEnd())).toEqual([
    'STEP        STARTED         TOOK  NO SENDS FOR  NO FETCHES FOR  OUTCOME',
    'handOver:a  03:04:05.000  35.1 s         0.6 s           1.2 s  done',
    'restart:a   03:04:07.000   0.9 s                                done',
    'As the brokers saw it, asked ten times a second: 400 messages were sent, with 0.6 s at most between two;',
    'consumers got 396, with 1.2 s at most between two. Clients that had nothing to send or to get count as a gap, too.',
  ])
})

it('says so when nothing was sent, and where a rollout stopped', () => {
  const quiet = renderRolloutReport(
    logged(
      step('live:a'),
      { type: 'stepDone', id: 'live:a', tookMs: 5 },
      { type: 'done', tookMs: 5, traffic: { stored: 0, fetched: 0 } },
    ),
  )
  expect(quiet.at(-1)).toBe('Nobody sent anything meanwhile.')
  const stopped = renderRolloutReport(logged(step('live:a'), { type: 'stopped', id: 'live:a', reason: 'no answer' }))
  expect(stopped.at(-1)).toMatch(/^live:a +03:04:05.000 +1.0 s +stopped here$/)
})
