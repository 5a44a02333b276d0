import { expect, test } from 'vitest'
import { messagesOf } from '../codec/message/inner-batch.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { messagesOf as pulled, START_MS, WholeBroker } from './testing/whole-broker.ts'

const SLAVE = 'brokerRole=SLAVE\nbrokerId=1\nlistenPort=10921\nslaveReadEnable=true\nhaMasterAddress=127.0.0.1:10912\n'
const TOPIC = 'B'

async function createTopic(whole: WholeBroker): Promise<void> {
  const sizes = { topic: TOPIC, defaultTopic: 'TBW102', readQueueNums: 1, writeQueueNums: 1, perm: 6 }
  const fields = { ...sizes, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false }
  const attributes = '+queue.type=BatchCQ'
  await whole.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, { fields: { ...fields, attributes } })
}

async function sendBatch(whole: WholeBroker, ...bodies: readonly string[]): Promise<void> {
  const parts = bodies.map((text) => {
    const bytes = Buffer.alloc(22 + text.length)
    bytes.writeInt32BE(bytes.length, 0)
    bytes.writeInt32BE(text.length, 16)
    bytes.write(text, 20)
    return bytes
  })
  const named = { a: 'pg', b: TOPIC, c: 'TBW102', d: 4, e: 0, f: 0, g: START_MS, h: 0, j: 0, k: false, m: true }
  const fields = { ...named, i: 'UNIQ_KEY\x01u\x02' }
  const answer = await whole.ask(RequestCode.SEND_BATCH_MESSAGE, { fields, body: Buffer.concat(parts) })
  expect([answer.code, answer.remark]).toEqual([0, undefined])
}

const bodies = async (whole: WholeBroker) =>
  pulled(await whole.pull(TOPIC))
    .flatMap(messagesOf)
    .map(({ queueOffset, body }) => `${queueOffset} ${body}`)

const queueOf = ({ broker }: WholeBroker) => broker.store.findQueue(TOPIC, 0)!

test('a slave has the batch consume queues of its master, also when it hears of the topic after its first message', async () => {
  const master = await WholeBroker.start()
  const slave = await WholeBroker.start(SLAVE, {}, master)
  await slave.settle()
  await createTopic(master)
  await master.send(TOPIC, { body: 'early' })
  await slave.settle()
  expect([queueOf(master).isBatch, queueOf(slave).isBatch]).toEqual([true, false])
  // Without a name server it does not know whom to ask for tables.
  const source = slave.broker.tables.slaveSources().find(({ code }) => code === RequestCode.GET_ALL_TOPIC_CONFIG)!
  expect(source.apply((await master.ask(RequestCode.GET_ALL_TOPIC_CONFIG)).body!)).toBe(true)
  expect(queueOf(slave).isBatch).toBe(true)
  await sendBatch(master, 'a', 'b', 'c')
  await slave.settle()
  expect([queueOf(slave).maxOffset, queueOf(slave).nextOffset]).toEqual([4, 4])
  const stopped = master.broker.stop()
  await slave.settle()
  await stopped
  await slave.advance(11_000)
  expect(await bodies(slave)).toEqual(['0 early', '1 a', '2 b', '3 c'])
})

test('delayed and timed messages come to such a topic one by one, when their time has come', async () => {
  const whole = await WholeBroker.start()
  await createTopic(whole)
  await sendBatch(whole, 'a', 'b')
  await whole.send(TOPIC, { body: 'delayed', properties: 'DELAY\x011\x02' })
  await whole.send(TOPIC, { body: 'timed', properties: 'TIMER_DELAY_SEC\x013\x02' })
  for (let i = 0; i < 60; i++) await whole.advance(100)
  expect(await bodies(whole)).toEqual(['0 a', '1 b', '2 delayed', '3 timed'])
})

test('a topic that is deleted and made again begins anew, of either type', async () => {
  const whole = await WholeBroker.start()
  await createTopic(whole)
  await sendBatch(whole, 'a', 'b')
  await whole.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { fields: { topic: TOPIC } })
  await whole.send(TOPIC, { body: 'ordinary' })
  expect([queueOf(whole).isBatch, await bodies(whole)]).toEqual([false, ['0 ordinary']])
  await whole.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { fields: { topic: TOPIC } })
  await createTopic(whole)
  await sendBatch(whole, 'c', 'd')
  expect([queueOf(whole).isBatch, await bodies(whole)]).toEqual([true, ['0 c', '1 d']])
  await whole.restart()
  expect([queueOf(whole).isBatch, await bodies(whole)]).toEqual([true, ['0 c', '1 d']])
})

test('administrators see the units that begin within as many messages as they ask for', async () => {
  const whole = await WholeBroker.start()
  await createTopic(whole)
  await sendBatch(whole, 'a', 'b', 'c')
  await whole.send(TOPIC, { body: 'single' })
  await sendBatch(whole, 'd', 'e')
  const unitsFrom = async (index: number, count: number) => {
    const fields = { topic: TOPIC, queueId: 0, index, count }
    const { body } = await whole.ask(RequestCode.QUERY_CONSUME_QUEUE, { fields })
    return (JSON.parse(body!.toString()) as { queueData: unknown[] }).queueData.length
  }
  expect([await unitsFrom(0, 3), await unitsFrom(0, 4), await unitsFrom(1, 4), await unitsFrom(4, 1)]).toEqual([
    1, 2, 3, 1,
  ])
})

test('where a queue was there before the topic was known, its messages stay records of their own until the next start', async () => {
  const whole = await WholeBroker.start()
  await whole.send(TOPIC, { body: 'early' })
  whole.broker.tables.topics.delete(TOPIC)
  await createTopic(whole)
  await sendBatch(whole, 'a', 'b')
  expect([queueOf(whole).isBatch, await bodies(whole)]).toEqual([false, ['0 early', '1 a', '2 b']])
  await whole.restart()
  await sendBatch(whole, 'c', 'd')
  expect([queueOf(whole).isBatch, await bodies(whole)]).toEqual([true, ['0 early', '1 a', '2 b', '3 c', '4 d']])
})
