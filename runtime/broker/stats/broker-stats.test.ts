import { expect, test } from 'vitest'
import { BrokerStats } from './broker-stats.ts'

const NOON = new Date(2026, 10, 21, 12, 0, 0).getTime()
const HOUR = 3_600_000

function newStats(): BrokerStats {
  return new BrokerStats('DefaultCluster', (topic) => topic === 'SYSTEM', NOON)
}

test('rates are those of the last minute, sampled every ten seconds', () => {
  const stats = newStats()
  const put = stats.topicPut('T1')
  let now = NOON
  for (let second = 0; second < 65; second++) {
    put.messages += 30
    put.bytes += 3000
    put.times += 10
    now += 1000
    stats.tick(now)
  }
  expect(stats.topicPutTps('T1')).toBe(30)
  expect(stats.report('TOPIC_PUT_NUMS', 'T1')).toEqual({
    statsMinute: { sum: 1800, tps: 30, avgpt: 3 },
    statsHour: { sum: 0, tps: 0, avgpt: 0 },
    statsDay: { sum: 0, tps: 0, avgpt: 0 },
  })
  expect(stats.report('TOPIC_PUT_SIZE', 'T1')!.statsMinute).toEqual({ sum: 180_000, tps: 3000, avgpt: 300 })
  expect(stats.report('BROKER_PUT_NUMS', 'DefaultCluster')!.statsMinute).toEqual({ sum: 1800, tps: 30, avgpt: 0 })
  for (let second = 1; second <= 70; second++) stats.tick(now + second * 1000)
  expect(stats.topicPutTps('T1')).toBe(0)
})

test('the first sample counts what came since its interval began', () => {
  const stats = newStats()
  stats.groupGet('T1', 'g1').messages = 50
  stats.tick(NOON + 10_000)
  expect(stats.groupGetTps('T1', 'g1')).toBe(5)
  stats.tick(NOON + HOUR)
  const report = stats.report('GROUP_GET_NUMS', 'T1@g1')!
  expect([report.statsHour.sum, report.statsDay.sum]).toEqual([50, 50])
})

test('what was never counted has no statistics', () => {
  const stats = newStats()
  stats.topicPut('T1')
  expect(stats.report('TOPIC_PUT_NUMS', 'T1')).toBe(undefined)
  expect(stats.report('TOPIC_PUT_NUMS', 'T2')).toBe(undefined)
  expect(stats.report('NO_SUCH_STATS', 'T1')).toBe(undefined)
})

test('totals leave system topics out and are remembered at midnight', () => {
  const stats = newStats()
  stats.put({ topicName: 'T1' }, 0, 10, 100)
  stats.put({ topicName: 'SYSTEM' }, 0, 7, 100)
  stats.put({ topicName: 'T1' }, 0, 1, 100)
  stats.groupGet('T1', 'g1').messages = 4
  stats.groupGet('SYSTEM', 'g1').messages = 2
  stats.tick(NOON + 12 * HOUR)
  stats.put({ topicName: 'T1' }, 0, 5, 100)
  stats.tick(NOON + 13 * HOUR)
  expect(stats.dailyTotals()).toEqual({
    msgPutTotalYesterdayMorning: 0,
    msgPutTotalTodayMorning: 11,
    msgPutTotalTodayNow: 16,
    msgGetTotalYesterdayMorning: 0,
    msgGetTotalTodayMorning: 4,
    msgGetTotalTodayNow: 4,
  })
  stats.tick(NOON + 36 * HOUR)
  expect(stats.dailyTotals()).toMatchObject({ msgPutTotalYesterdayMorning: 11, msgPutTotalTodayMorning: 16 })
})

test('counters go with their topic or group; the broker’s totals do not fall', () => {
  const stats = newStats()
  const before = stats.topicPut('T1')
  stats.put({ topicName: 'T1' }, 0, 3, 30)
  stats.groupGet('T1', 'g1').messages = 2
  stats.sendBack('T1', 'g1').messages = 1
  stats.sendBackToDlq('T1', 'g1').messages = 1
  stats.onTopicDeleted('T1')
  expect(stats.report('TOPIC_PUT_NUMS', 'T1')).toBe(undefined)
  expect(stats.report('GROUP_GET_NUMS', 'T1@g1')).toBe(undefined)
  expect(stats.report('SNDBCK_PUT_NUMS', 'T1@g1')).toBe(undefined)
  expect(stats.report('SNDBCK2DLQ_TIMES', 'g1@T1')).toBe(undefined)
  stats.put({ topicName: 'T1' }, 0, 1, 10)
  expect([before.messages, stats.topicPut('T1').messages]).toEqual([3, 1])
  stats.groupGet('T2', 'g1').messages = 2
  stats.onGroupDeleted('g1')
  expect(stats.report('GROUP_GET_NUMS', 'T2@g1')).toBe(undefined)
  expect(stats.dailyTotals()).toMatchObject({ msgPutTotalTodayNow: 4, msgGetTotalTodayNow: 4 })
})
