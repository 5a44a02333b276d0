import { expect, test } from 'vitest'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { bodiesOf, messagesOf, WholeBroker } from './testing/whole-broker.ts'

/** Settings that parts of a broker were given when they were made. */
const set = async (whole: WholeBroker, text: string) => {
  const answer = await whole.ask(RequestCode.UPDATE_BROKER_CONFIG, { body: Buffer.from(text) })
  expect(answer.code, answer.remark).toBe(ResponseCode.SUCCESS)
  return answer.remark
}

test('the flush mode changes live, both ways; what waits for the disk still does', async () => {
  const whole = await WholeBroker.start('', { syncs: 'manual' })
  expect((await whole.send('T')).code).toBe(0)
  expect(await set(whole, 'flushDiskType=SYNC_FLUSH\n')).toBeUndefined()
  const waiting = whole.beginSend('T')
  await whole.settle()
  expect(waiting.isSettled()).toBe(false)
  expect(await set(whole, 'flushDiskType=ASYNC_FLUSH\n')).toBeUndefined()
  expect((await whole.send('T')).fields['queueOffset']).toBe('2')
  expect(waiting.isSettled()).toBe(false)
  while (whole.disk.completeSyncs() > 0) await whole.settle()
  expect((await waiting.promise).code).toBe(0)
})

test('a master begins to wait for slaves, and ends it, without a restart; a slave is not made a master by it', async () => {
  const whole = await WholeBroker.start()
  expect((await whole.send('T')).code).toBe(0)
  expect(await set(whole, 'brokerRole=SYNC_MASTER\n')).toBeUndefined()
  expect((await whole.send('T')).code).toBe(ResponseCode.SLAVE_NOT_AVAILABLE)
  expect(await set(whole, 'brokerRole=ASYNC_MASTER\n')).toBeUndefined()
  expect((await whole.send('T')).code).toBe(0)
  expect(bodiesOf(await whole.pull('T'))).toHaveLength(3)
  const slave = await WholeBroker.start('brokerRole=SLAVE\nbrokerId=1\n')
  expect(await set(slave, 'brokerRole=ASYNC_MASTER\nbrokerId=0\n')).toBe(
    'saved, but needs a restart: brokerRole, brokerId',
  )
  expect((await slave.send('T')).code).toBe(ResponseCode.SYSTEM_BUSY)
})

test('limits, waits and the region change for what comes next', async () => {
  const whole = await WholeBroker.start('flushDiskType=SYNC_FLUSH\nsyncFlushTimeout=60000\n', { syncs: 'manual' })
  await set(whole, 'maxMessageSize=10\nsyncFlushTimeout=300\nregionId=North\ntraceOn=false\n')
  expect((await whole.send('T', { body: 'x'.repeat(11) })).code).toBe(ResponseCode.MESSAGE_ILLEGAL)
  const late = whole.beginSend('T')
  await whole.settle()
  await whole.advance(600)
  expect(await late.promise).toMatchObject({
    code: ResponseCode.FLUSH_DISK_TIMEOUT,
    fields: { MSG_REGION: 'North', TRACE_ON: 'false' },
  })
  const [message] = messagesOf(await whole.pull('T'))
  expect(message!.properties.get('MSG_REGION')).toBe('North')
})

test('how much is recent enough to be pulled in large pieces is read for each pull', async () => {
  const whole = await WholeBroker.start('maxTransferCountOnMessageInDisk=1\n')
  for (let i = 0; i < 3; i++) await whole.send('T', { body: `${i}` })
  expect(bodiesOf(await whole.pull('T'))).toHaveLength(3)
  await set(whole, 'accessMessageInMemoryMaxRatio=0\n')
  expect(bodiesOf(await whole.pull('T'))).toHaveLength(1)
})

test('a name server that joins the list is registered with at once', async () => {
  const whole = await WholeBroker.start('namesrvAddr=127.0.0.1:9876\n')
  const second = await WholeBroker.start('listenPort=9999\nbrokerName=stand-in\n', {}, whole)
  const asked: number[] = []
  second.broker.server.handle(RequestCode.REGISTER_BROKER, ({ code }) => {
    asked.push(code)
    return { code: ResponseCode.SUCCESS }
  })
  await set(whole, 'namesrvAddr=127.0.0.1:9876;127.0.0.1:9999\n')
  await whole.settle()
  expect(asked).toEqual([RequestCode.REGISTER_BROKER])
  await whole.advance(30_000)
  expect(asked.length).toBeGreaterThan(1)
})
