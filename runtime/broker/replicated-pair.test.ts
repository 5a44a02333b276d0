import { expect, test } from 'vitest'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { bodiesOf, messagesOf, WholeBroker } from './testing/whole-broker.ts'

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

test('offsets that a slave cannot take over yet are not taken for known: its master tells them again', async () => {
  const slave = await WholeBroker.start(SLAVE)
  const { tables } = slave.broker
  const source = tables.slaveSources().find(({ code }) => code === RequestCode.GET_ALL_CONSUMER_OFFSET)!
  const tell = (offset: number, logEnd: number) => {
    const body = { dataVersion: {}, logEnd, offsetTable: { 'T@cg': { 0: offset } } }
    return source.apply(Buffer.from(JSON.stringify(body)))
  }
  const log = { writtenOffset: 0, flushedOffset: 0, dispatchedOffset: 100, flush: () => undefined }
  expect([tell(3, 200), tell(4, 300)]).toEqual([true, false])
  tables.tick(slave.clock.now(), log)
  expect(tables.offsets.query('cg', 'T', 0)).toBe(-1)
  tables.tick(slave.clock.now(), { ...log, dispatchedOffset: 250 })
  expect(tell(4, 300)).toBe(true)
})

test('a slave has the light queues of its master and the offsets of their groups, and goes on with them', async () => {
  const light = 'enableLmq=true\nenableMultiDispatch=true\n'
  const master = await WholeBroker.start(light)
  const slave = await WholeBroker.start(SLAVE + light, {}, master)
  await slave.settle()
  const properties = 'INNER_MULTI_DISPATCH\x01%LMQ%a\x02'
  for (const body of ['one', 'two']) await master.send('T', { body, properties })
  const offset = { topic: '%LMQ%a', consumerGroup: '%LMQ%g', queueId: 0 }
  await master.ask(RequestCode.UPDATE_CONSUMER_OFFSET, { fields: { ...offset, commitOffset: 1 } })
  await slave.advance(3_100)
  // Without a name server it does not know whom to ask for tables.
  const { tables } = slave.broker
  const source = tables.slaveSources().find(({ code }) => code === RequestCode.GET_ALL_CONSUMER_OFFSET)!
  const told = await master.ask(RequestCode.GET_ALL_CONSUMER_OFFSET)
  expect(source.apply(told.body!)).toBe(true)
  await slave.advance(200)
  const pulled = await slave.pull('%LMQ%a', { sysFlag: 4, fields: { consumerGroup: '%LMQ%g' } })
  expect(bodiesOf(pulled)).toEqual(['one', 'two'])
  expect(tables.offsets.query('%LMQ%g', '%LMQ%a', 0)).toBe(1)
  const stopped = slave.broker.stop()
  await slave.settle()
  await stopped
  await slave.startAgain(`listenPort=10921\n${light}`)
  await slave.send('T', { body: 'three', properties })
  const all = await slave.pull('%LMQ%a', { sysFlag: 4, fields: { consumerGroup: '%LMQ%g' } })
  expect(messagesOf(all).map(({ properties: found }) => found.get('INNER_MULTI_QUEUE_OFFSET'))).toEqual(['0', '1', '2'])
})
