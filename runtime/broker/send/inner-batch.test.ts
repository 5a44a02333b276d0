import { expect, test } from 'vitest'
import { messagesOf } from '../../codec/message/inner-batch.ts'
import type { RemotingCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { PopClient } from '../testing/pop-client.ts'
import { messagesOf as pulled, START_MS, WholeBroker } from '../testing/whole-broker.ts'

const TOPIC = 'B'

async function started(): Promise<WholeBroker> {
  const whole = await WholeBroker.start()
  const sizes = { topic: TOPIC, defaultTopic: 'TBW102', readQueueNums: 2, writeQueueNums: 2, perm: 6 }
  const fields = { ...sizes, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false }
  const attributes = '+queue.type=BatchCQ'
  await whole.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, { fields: { ...fields, attributes } })
  return whole
}

function batchOf(bodies: readonly string[]): Buffer {
  return Buffer.concat(
    bodies.map((text) => {
      const body = Buffer.from(text)
      const bytes = Buffer.alloc(22 + body.length)
      bytes.writeInt32BE(bytes.length, 0)
      bytes.writeInt32BE(body.length, 16)
      body.copy(bytes, 20)
      return bytes
    }),
  )
}

const text = (properties: Readonly<Record<string, string>>): string =>
  Object.entries(properties)
    .map(([name, value]) => `${name}\x01${value}\x02`)
    .join('')

function sendBatch(
  whole: WholeBroker,
  bodies: readonly string[],
  properties: Readonly<Record<string, string>> = { UNIQ_KEY: 'u' },
  sysFlag = 0,
): Promise<RemotingCommand> {
  const named = { a: 'pg', b: TOPIC, c: 'TBW102', d: 4, e: 0, f: sysFlag, g: START_MS, h: 0, j: 0, k: false, m: true }
  return whole.ask(RequestCode.SEND_BATCH_MESSAGE, { fields: { ...named, i: text(properties) }, body: batchOf(bodies) })
}

const shown = async (whole: WholeBroker, offset = 0) =>
  pulled(await whole.pull(TOPIC, { offset })).map((record) => [
    record.queueOffset,
    messagesOf(record)
      .map(({ body }) => body.toString())
      .join(),
  ])

test('a batch stays one record, whose messages have the offsets behind its own', async () => {
  const whole = await started()
  const answer = await sendBatch(whole, ['a', 'b', 'c'])
  expect(answer.fields).toMatchObject({ queueOffset: '0', transactionId: 'u', batchUniqId: 'u' })
  expect(answer.fields['msgId']).toHaveLength(32)
  expect((await whole.send(TOPIC, { body: 'single' })).fields['queueOffset']).toBe('3')
  const next = await sendBatch(whole, ['d', 'e'], { UNIQ_KEY: 'v', TAGS: 'red', INNER_BASE: '77', INNER_NUM: '9' })
  expect(next.fields['queueOffset']).toBe('4')
  expect(await shown(whole)).toEqual([
    [0, 'a,b,c'],
    [3, 'single'],
    [4, 'd,e'],
  ])
  expect(await shown(whole, 2)).toEqual(await shown(whole))
  const last = pulled(await whole.pull(TOPIC, { offset: 5 })).at(-1)!
  expect([...last.properties]).toEqual([
    ['UNIQ_KEY', 'v'],
    ['TAGS', 'red'],
    ['MSG_REGION', 'DefaultRegion'],
    ['TRACE_ON', 'true'],
    ['CLUSTER', 'DefaultCluster'],
    ['INNER_NUM', '2'],
    ['INNER_BASE', '4'],
  ])
})

test('messages that are compressed, or have no key together, become records of their own', async () => {
  const whole = await started()
  const alone = await sendBatch(whole, ['a', 'b'], {})
  expect([alone.fields['msgId']!.split(',').length, alone.fields['batchUniqId']]).toEqual([2, undefined])
  await sendBatch(whole, ['c', 'd'], { UNIQ_KEY: 'u' }, 1)
  expect(whole.broker.store.findQueue(TOPIC, 0)!.maxOffset).toBe(4)
})

test.each<[string, Record<string, string>, number]>([
  ['a batch cannot be delayed', { DELAY: '3' }, 0],
  ['a batch cannot be delayed', { TIMER_DELAY_SEC: '3' }, 0],
  ['a batch cannot be part of a transaction', {}, 4],
  ['a batch of a topic with queue.type=BatchCQ goes into no light queues', { INNER_MULTI_DISPATCH: '%LMQ%a' }, 0],
  ['a batch of a topic with queue.type=BatchCQ belongs to no lite topic', { __LITE_TOPIC: 'a' }, 0],
])('%s (%j)', async (remark, properties, sysFlag) => {
  const whole = await started()
  const answer = await sendBatch(whole, ['a', 'b'], { UNIQ_KEY: 'u', ...properties }, sysFlag)
  expect([answer.code, answer.remark]).toEqual([ResponseCode.MESSAGE_ILLEGAL, remark])
  expect(whole.broker.store.findQueue(TOPIC, 0)?.maxOffset ?? 0).toBe(0)
})

test('nobody says of a single message that it holds others', async () => {
  const whole = await started()
  for (const topic of [TOPIC, 'ordinary']) {
    const byProperty = await whole.send(topic, { body: 'a', properties: 'INNER_NUM\x013\x02' })
    expect([byProperty.code, byProperty.remark]).toEqual([
      ResponseCode.MESSAGE_ILLEGAL,
      'the message says that it holds others (INNER_NUM, or bit 128 of sysFlag): send those as a batch, with SEND_BATCH_MESSAGE',
    ])
    const named = { a: 'pg', b: topic, c: 'TBW102', d: 4, e: 0, f: 128, g: START_MS, h: 0, i: '', j: 0, k: false }
    const byFlag = await whole.ask(RequestCode.SEND_MESSAGE_V2, { fields: named, body: Buffer.from('a') })
    expect(byFlag.code).toBe(ResponseCode.MESSAGE_ILLEGAL)
  }
})

test('a write that fails takes the batch back, and its offsets are given again', async () => {
  const whole = await started()
  await sendBatch(whole, ['a', 'b'])
  whole.disk.fail({ nth: 1, operations: ['write'], path: /commitlog/, code: 'EIO' })
  expect((await sendBatch(whole, ['lost', 'lost'])).code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
  expect((await sendBatch(whole, ['c'])).fields['queueOffset']).toBe('2')
  expect(await shown(whole)).toEqual([
    [0, 'a,b'],
    [2, 'c'],
  ])
})

test('a message of a batch cannot be sent back by its place: the client sends it to the retry topic', async () => {
  const whole = await started()
  await sendBatch(whole, ['a', 'b'])
  await whole.ask(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, { body: Buffer.from('{"groupName":"cg"}') })
  const answer = await whole.ask(RequestCode.CONSUMER_SEND_MSG_BACK, {
    fields: { group: 'cg', offset: 0, delayLevel: 0 },
  })
  expect([answer.code, answer.remark]).toEqual([ResponseCode.SYSTEM_ERROR, 'the record at 0 holds several messages'])
})

test('batches are not popped', async () => {
  const whole = await started()
  await sendBatch(whole, ['a', 'b'])
  const { code, remark } = await new PopClient(whole, 'cg', TOPIC).answer()
  expect([code, remark]).toEqual([
    ResponseCode.NO_PERMISSION,
    'the topic[B] has queue.type=BatchCQ: batches cannot be popped, use a consumer that pulls',
  ])
})

test('a broker that is started again goes on with the same queues', async () => {
  const whole = await started()
  await sendBatch(whole, ['a', 'b', 'c'])
  await whole.restart()
  expect((await sendBatch(whole, ['d', 'e'])).fields['queueOffset']).toBe('3')
  expect(await shown(whole)).toEqual([
    [0, 'a,b,c'],
    [3, 'd,e'],
  ])
})
