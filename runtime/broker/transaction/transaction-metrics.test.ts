import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { silentLogger } from '../../observe/logger.ts'
import { TransactionMetrics } from './transaction-metrics.ts'

const PATH = '/store/config/transactionMetrics.json'
/** Written by TransactionMetrics.persist() of Apache RocketMQ 5.5.0. */
const OFFICIAL =
  '{"dataVersion":{"counter":3,"stateVersion":0,"timestamp":1795681974916},"transactionCount":{"TopicA":{"count":2,"timeStamp":1795681974916},"Tß":{"count":-1,"timeStamp":1795681974916}}}'

function metricsOn(disk: SimDisk, nowMs: number): TransactionMetrics {
  const metrics = new TransactionMetrics({ disk, path: PATH, clock: new ManualClock(nowMs), logger: silentLogger })
  metrics.load()
  return metrics
}

test("the real broker's file is read and written to the byte", () => {
  const disk = new SimDisk()
  disk.makeFolder('/store/config')
  disk.writeFile(PATH, Buffer.from(OFFICIAL))
  const metrics = metricsOn(disk, 1_795_681_974_916)
  expect([metrics.count('TopicA'), metrics.count('Tß'), metrics.count('other')]).toEqual([2, -1, 0])
  metrics.state.save()
  expect(disk.readFile(PATH).toString()).toBe(OFFICIAL)
})

test('counts are saved every interval, without topics that are gone', () => {
  const disk = new SimDisk({ syncs: 'manual' })
  const metrics = metricsOn(disk, 1000)
  metrics.add('kept', 1)
  metrics.add('kept', 1)
  metrics.add('gone', 1)
  metrics.tick(1500, 1000, () => true)
  expect(disk.completeSyncs()).toBe(0)
  metrics.tick(2000, 1000, (topic) => topic === 'kept')
  disk.completeSyncs()
  const again = metricsOn(disk, 3000)
  expect([again.count('kept'), again.count('gone')]).toEqual([2, 0])
})
