import { expect, test } from 'vitest'
import type { TimerReport } from '../../store/timer/timer-checkpoint.ts'
import { MastersReport } from './masters-report.ts'

const reported = (readMs: number, logEnd: number): TimerReport => ({
  progress: {
    ...{ readMs, logPosition: 0, queueOffset: 0, masterQueueOffset: 0 },
    ...{ stateVersion: 0, timestampMs: 0, counter: 0 },
  },
  logEnd,
})

test('what the master has done counts once, when what it wrote with it has come', () => {
  const report = new MastersReport<TimerReport>()
  report.learn(reported(1000, 500), 400)
  expect(report.take(499)).toBeUndefined()
  expect(report.take(500)?.progress.readMs).toBe(1000)
  expect(report.take(900)).toBeUndefined()
})

test('of a master that is always a little ahead the first report counts first, and then the latest', () => {
  const report = new MastersReport<TimerReport>()
  report.learn(reported(1000, 500), 400)
  report.learn(reported(2000, 600), 450)
  expect(report.take(550)?.progress.readMs).toBe(1000)
  report.learn(reported(3000, 540), 550)
  report.learn(reported(4000, 550), 550)
  expect(report.take(550)?.progress.readMs).toBe(4000)
})

test('what a former master had done beyond what came here does not count when another log has grown so far', () => {
  const report = new MastersReport<TimerReport>()
  report.learn(reported(1000, 500), 400)
  report.forget()
  expect(report.take(600)).toBeUndefined()
})

test('what a master had done before its log went back does not count', () => {
  const report = new MastersReport<TimerReport>()
  report.learn(reported(2000, 500), 300)
  report.learn(reported(1000, 450), 400)
  expect(report.take(700)?.progress.readMs).toBe(1000)
})
