import { expect, test } from 'vitest'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { WholeBroker } from './testing/whole-broker.ts'

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
