import { expect, test } from 'vitest'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import type { Connection } from '../io/network.ts'
import { bodiesOf, START_MS, WholeBroker } from './testing/whole-broker.ts'

const SYNC_FLUSH = 'flushDiskType=SYNC_FLUSH\nsyncFlushTimeout=20000\n'

test('a stop waits for the flush that a sender waits for, and takes nothing new meanwhile', async () => {
  const whole = await WholeBroker.start(SYNC_FLUSH, { syncs: 'manual' })
  const waiting = whole.beginSend('T')
  await whole.settle()
  let isStopped = false
  const stopped = whole.broker.stop().then(() => {
    isStopped = true
  })
  expect(await whole.send('T')).toMatchObject({
    code: ResponseCode.SERVICE_NOT_AVAILABLE,
    remark: expect.stringContaining('this broker is being stopped'),
  })
  expect([waiting.isSettled(), isStopped]).toEqual([false, false])
  whole.disk.completeSyncs()
  await whole.settle()
  await stopped
  expect((await waiting.promise).code).toBe(ResponseCode.SUCCESS)
})

test('a flush that does not end holds the stop for three seconds; then the sender hears that it is not confirmed', async () => {
  const whole = await WholeBroker.start(SYNC_FLUSH, { syncs: 'manual' })
  const waiting = whole.beginSend('T')
  await whole.settle()
  const stopped = whole.broker.stop()
  await whole.advance(2900)
  expect(waiting.isSettled()).toBe(false)
  await whole.advance(200)
  await stopped
  expect((await waiting.promise).code).toBe(ResponseCode.FLUSH_DISK_TIMEOUT)
})

test('a slave that does not answer holds the stop as long, and what is stored is there after the next start', async () => {
  const master = await WholeBroker.start('brokerRole=SYNC_MASTER\nslaveTimeout=20000\n')
  const settings = 'brokerRole=SLAVE\nbrokerId=1\nlistenPort=10921\nhaMasterAddress=127.0.0.1:10912\n'
  const slave = await WholeBroker.start(settings, {}, master)
  await slave.settle()
  await master.advance(100)
  expect((await master.send('T', { body: 'confirmed' })).code).toBe(0)
  slave.disk.fail({ nth: 1, operations: ['write'], path: /commitlog/, code: 'EIO', forever: true })
  const waiting = master.beginSend('T')
  await master.settle()
  const restarted = master.restart()
  await master.advance(3100)
  expect((await waiting.promise).code).toBe(ResponseCode.FLUSH_SLAVE_TIMEOUT)
  await restarted
  expect(master.broker.store.findQueue('T', 0)?.maxOffset).toBe(2)
})

/** A slave that reports what it is told to report. */
class PlayedSlave {
  readonly #connection: Connection
  readonly #whole: WholeBroker

  private constructor(connection: Connection, whole: WholeBroker) {
    this.#connection = connection
    this.#whole = whole
  }

  static async connect(whole: WholeBroker): Promise<PlayedSlave> {
    const connection = await new Promise<Connection>((opened, closed) => {
      const ignored = Buffer.alloc(65_536)
      const events = { readBuffer: () => ignored, received: () => {}, drained: () => {}, closed, opened }
      whole.network.connect({ host: '127.0.0.1', port: 10_912 }, 1_000, events)
    })
    return new PlayedSlave(connection, whole)
  }

  async reports(offset: number): Promise<void> {
    const report = Buffer.alloc(8)
    report.writeBigInt64BE(BigInt(offset))
    this.#connection.write(report)
    await this.#whole.settle()
  }
}

async function stopWithSlaveAt(lag: number) {
  const whole = await WholeBroker.start('brokerRole=ASYNC_MASTER\n')
  const slave = await PlayedSlave.connect(whole)
  expect((await whole.send('T')).code).toBe(ResponseCode.SUCCESS)
  const end = whole.broker.store.writtenOffset
  await slave.reports(end - lag)
  const stop = { end, slave, whole, isDone: false, promise: Promise.resolve() }
  stop.promise = whole.broker.stop().then(() => {
    stop.isDone = true
  })
  await whole.settle()
  return stop
}

test('a master that stops waits until its slave has what was acknowledged without it', async () => {
  const stop = await stopWithSlaveAt(10)
  expect(stop.isDone).toBe(false)
  await stop.slave.reports(stop.end - 1)
  expect(stop.isDone).toBe(false)
  await stop.slave.reports(stop.end)
  await stop.promise
})

test('a slave that does not get on holds the stop of its master for three seconds', async () => {
  const stop = await stopWithSlaveAt(10)
  await stop.whole.advance(2_900)
  expect(stop.isDone).toBe(false)
  await stop.whole.advance(200)
  await stop.promise
})

test('a slave that has everything does not hold it', async () => {
  const stop = await stopWithSlaveAt(0)
  expect(stop.isDone).toBe(true)
})

test('a stop that is asked for twice is one stop: what is half delivered of a second goes on after the next start', async () => {
  const whole = await WholeBroker.start()
  for (const [body, dueMs] of [
    ['early', 2_100],
    ['late', 2_900],
  ] as const) {
    await whole.send('T', { body, properties: `TIMER_DELIVER_MS\x01${START_MS + dueMs}\x02` })
  }
  for (let i = 0; i < 25; i++) await whole.advance(100)
  const stops = [whole.broker.stop(), whole.broker.stop()]
  await whole.settle()
  await Promise.all(stops)
  await whole.startAgain()
  for (let i = 0; i < 10; i++) await whole.advance(100)
  expect(bodiesOf(await whole.pull('T', { sysFlag: 4 }))).toEqual(['early', 'late'])
})
