import { expect, it } from 'vitest'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { FakeCluster } from './testing/fake-cluster.ts'
import { TrafficWatch } from './traffic-watch.ts'

/** A clock whose one timer runs when the test says so. */
class HandClock {
  nowMs = 0
  tick: () => void = () => {}

  monotonic(): number {
    return this.nowMs
  }

  every(_: number, run: () => void) {
    this.tick = run
    return {
      cancel: () => {
        this.tick = () => {}
      },
    }
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms
    this.tick()
    await new Promise(setImmediate)
  }
}

it('asks brokers for what they have stored and given out, those that are away left aside', async () => {
  const cluster = new FakeCluster()
  const counts = { msgPutTotalTodayNow: 10, msgGetTotalTodayNow: 4 }
  const broker = 'broker-a-0:10911'
  cluster.answer(broker, RequestCode.GET_BROKER_RUNTIME_INFO, () => {
    const table = Object.fromEntries(Object.entries(counts).map(([key, value]) => [key, `${value}`]))
    return { code: ResponseCode.SUCCESS, body: encodeJson({ table }) }
  })
  const clock = new HandClock()
  const watch = new TrafficWatch(cluster.live.asker, clock, () => [broker, 'broker-z:10911'])
  cluster.down.add('broker-z:10911')
  watch.start()
  await clock.pass(100)
  counts.msgPutTotalTodayNow = 15
  await clock.pass(100)
  watch.beginStep()
  cluster.down.add(broker)
  for (let look = 0; look < 7; look++) await clock.pass(100)
  cluster.down.delete(broker)
  counts.msgPutTotalTodayNow = 16
  await clock.pass(100)
  expect(watch.step).toEqual({ stored: 1, fetched: 0, sendGapMs: 800 })
  expect(watch.whole).toEqual({ stored: 6, fetched: 0, sendGapMs: 800 })
  watch.stop()
  counts.msgPutTotalTodayNow = 99
  await clock.pass(100)
  expect(watch.whole.stored).toBe(6)
})

it('gives up, and says why, when a broker says what nobody understands', async () => {
  const cluster = new FakeCluster()
  const broker = 'broker-a-0:10911'
  cluster.answer(broker, RequestCode.GET_BROKER_RUNTIME_INFO, () => ({
    code: ResponseCode.SUCCESS,
    body: Buffer.from('{"table":'),
  }))
  const clock = new HandClock()
  const watch = new TrafficWatch(cluster.live.asker, clock, () => [broker])
  watch.start()
  await clock.pass(100)
  expect(watch.whole.problem).toContain(broker)
})
