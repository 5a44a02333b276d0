import { expect, test } from 'vitest'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { bodiesOf, WholeBroker } from './testing/whole-broker.ts'

const SLAVE = 'brokerRole=SLAVE\nbrokerId=1\nlistenPort=10921\nslaveReadEnable=true\nhaMasterAddress=127.0.0.1:10912\n'

async function pair(master = ''): Promise<{ master: WholeBroker; slave: WholeBroker }> {
  const first = await WholeBroker.start(master)
  const slave = await WholeBroker.start(SLAVE, {}, first)
  await slave.settle()
  return { master: first, slave }
}

test('a SYNC_MASTER answers when its slave holds the message', async () => {
  const { master, slave } = await pair('brokerRole=SYNC_MASTER\n')
  await master.advance(100)
  const sent = await Promise.all(Array.from({ length: 20 }, (_, i) => master.beginSend('T', { body: `m${i}` })))
  await master.settle()
  expect((await Promise.all(sent.map((one) => one.promise))).map((answer) => answer.code)).toEqual(sent.map(() => 0))
  expect(slave.broker.store.writtenOffset).toBe(master.broker.store.writtenOffset)
})

test('a slave that stops answering means FLUSH_SLAVE_TIMEOUT, none at all SLAVE_NOT_AVAILABLE', async () => {
  const { master, slave } = await pair('brokerRole=SYNC_MASTER\nslaveTimeout=1000\n')
  await master.advance(100)
  slave.disk.fail({ nth: 1, operations: ['write'], path: /commitlog/, code: 'EIO', forever: true })
  const waiting = master.beginSend('T')
  await master.settle()
  expect(waiting.isSettled()).toBe(false)
  await master.advance(1200)
  expect((await waiting.promise).code).toBe(ResponseCode.FLUSH_SLAVE_TIMEOUT)
  const stopped = slave.broker.stop()
  await master.settle()
  await stopped
  expect((await master.send('T')).code).toBe(ResponseCode.SLAVE_NOT_AVAILABLE)
})

test('while the master is there, the slave sends consumers back to it; without it they read and wait at the slave', async () => {
  const { master, slave } = await pair()
  await master.send('T', { body: 'one' })
  await slave.advance(3_100)
  slave.broker.tables.topics.createForSendBack('T', 4, 6, 0)
  const behind = await slave.pull('T')
  expect([behind.code, behind.fields['suggestWhichBrokerId'], bodiesOf(behind)]).toEqual([0, '0', ['one']])
  expect(await slave.pull('T', { offset: 1 })).toMatchObject({
    code: ResponseCode.PULL_RETRY_IMMEDIATELY,
    fields: { suggestWhichBrokerId: '0' },
  })
  const stopped = master.broker.stop()
  await slave.settle()
  await stopped
  await slave.advance(11_000)
  const held = slave.beginPull('T', { offset: 1 })
  await slave.settle()
  expect(held.isSettled()).toBe(false)
  await slave.advance(15_600)
  expect((await held.promise).code).toBe(ResponseCode.PULL_NOT_FOUND)
})
