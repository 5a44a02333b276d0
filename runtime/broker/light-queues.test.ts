import { expect, test } from 'vitest'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { readConsumerOffsets } from './offsets/consumer-offsets.ts'
import { TransactionClient } from './testing/transaction-client.ts'
import { bodiesOf, messagesOf, WholeBroker } from './testing/whole-broker.ts'

const ON = 'enableLmq=true\nenableMultiDispatch=true\n'
const GROUP = { consumerGroup: '%LMQ%g' }

function to(names: string, more = ''): { properties: string } {
  return { properties: `INNER_MULTI_DISPATCH\x01${names}\x02${more}` }
}

async function passSeconds(whole: WholeBroker, seconds: number): Promise<void> {
  for (let i = 0; i < seconds * 10; i++) await whole.advance(100)
}

test('a pull that waits at a light queue is answered by the next message that names it', async () => {
  const whole = await WholeBroker.start(ON)
  await whole.send('T', { body: 'one', queueId: 1, ...to('%LMQ%a') })
  expect(bodiesOf(await whole.pull('%LMQ%a', { fields: GROUP }))).toEqual(['one'])
  const held = whole.beginPull('%LMQ%a', { offset: 1, fields: GROUP })
  await whole.settle()
  await whole.send('T', { body: 'two', ...to('%LMQ%b') })
  expect(held.isSettled()).toBe(false)
  await whole.send('T', { body: 'three', queueId: 2, ...to('%LMQ%b,%LMQ%a') })
  expect(bodiesOf(await held.promise)).toEqual(['three'])
  expect(bodiesOf(await whole.pull('%LMQ%b', { fields: GROUP }))).toEqual(['two', 'three'])
})

test('light topics and groups are there without being created, and in no table', async () => {
  const whole = await WholeBroker.start(`${ON}autoCreateSubscriptionGroup=false\nautoCreateTopicEnable=false\n`)
  const sizes = { topic: 'T', defaultTopic: 'TBW102', readQueueNums: 4, writeQueueNums: 4, perm: 6 }
  const created = { ...sizes, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false }
  await whole.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, { fields: created })
  await whole.send('T', { body: 'one', ...to('%LMQ%a') })
  const config = await whole.ask(RequestCode.GET_TOPIC_CONFIG, { fields: { topic: '%LMQ%a' } })
  expect(JSON.parse(config.body!.toString())).toMatchObject({
    topicName: '%LMQ%a',
    readQueueNums: 1,
    writeQueueNums: 1,
    perm: 6,
  })
  expect((await whole.pull('%LMQ%a', { fields: GROUP })).code).toBe(ResponseCode.SUCCESS)
  expect((await whole.pull('%LMQ%a', { fields: { consumerGroup: 'other' } })).code).toBe(
    ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
  )
  const change = { ...created, topic: '%LMQ%a', perm: 4 }
  expect((await whole.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, { fields: change })).code).toBe(ResponseCode.SUCCESS)
  const group = Buffer.from(JSON.stringify({ groupName: '%LMQ%g', consumeEnable: false }))
  expect((await whole.ask(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, { body: group })).code).toBe(0)
  expect((await whole.pull('%LMQ%a', { fields: GROUP })).code).toBe(ResponseCode.SUCCESS)
  const saved = (name: string) => whole.disk.readFile(`/store/config/${name}.json`).toString()
  expect(saved('topics') + saved('subscriptionGroup')).not.toContain('%LMQ%')
  expect((await whole.ask(RequestCode.CLEAN_UNUSED_TOPIC)).code).toBe(ResponseCode.SUCCESS)
  expect((await whole.pull('%LMQ%a', { fields: GROUP })).code).toBe(ResponseCode.SUCCESS)
  await whole.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { fields: { topic: '%LMQ%a' } })
  expect((await whole.pull('%LMQ%a', { sysFlag: 4, fields: GROUP })).code).toBe(ResponseCode.PULL_NOT_FOUND)
})

test('offsets of before are kept, and those of light groups saved as official brokers save them', async () => {
  const whole = await WholeBroker.start()
  await whole.send('T', { body: 'one' })
  const commit = (topic: string, consumerGroup: string) =>
    whole.ask(RequestCode.UPDATE_CONSUMER_OFFSET, { fields: { topic, consumerGroup, queueId: 0, commitOffset: 1 } })
  const query = async (topic: string, consumerGroup: string) =>
    (await whole.ask(RequestCode.QUERY_CONSUMER_OFFSET, { fields: { topic, consumerGroup, queueId: 0 } })).fields[
      'offset'
    ]
  await whole.pull('T')
  await commit('T', 'cg')
  const stopped = whole.broker.stop()
  await whole.settle()
  await stopped
  await whole.startAgain(ON)
  expect(await query('T', 'cg')).toBe('1')
  await whole.send('T', { body: 'two', ...to('%LMQ%a') })
  await commit('%LMQ%a', '%LMQ%g')
  await commit('%LMQ%a', 'cg')
  const { body } = await whole.ask(RequestCode.GET_ALL_CONSUMER_OFFSET)
  const told = JSON.parse(body!.toString())
  expect(told).toMatchObject({
    lmqOffsetTable: { '%LMQ%a@%LMQ%g': 1 },
    offsetTable: { 'T@cg': { 0: 1 }, '%LMQ%a@cg': { 0: 1 } },
  })
  expect(Object.keys(told.offsetTable)).not.toContain('%LMQ%a@%LMQ%g')
  expect(told.groupTopicMap).toEqual({ cg: ['T', '%LMQ%a'] })
  // What a slave takes over.
  expect(readConsumerOffsets(told).offsets.get('%LMQ%a@%LMQ%g')).toEqual(new Map([[0, 1]]))
  await whole.restart()
  const text = whole.disk.readFile('/store/config/lmqConsumerOffset.json').toString()
  expect(text).toContain('\t"lmqOffsetTable":{\n\t\t"%LMQ%a@%LMQ%g":1\n\t},\n')
  expect(await query('%LMQ%a', '%LMQ%g')).toBe('1')
  expect(await query('%LMQ%a', 'cg')).toBe('1')
})

test('what is popped from a light queue and not acknowledged comes again', async () => {
  const whole = await WholeBroker.start(ON)
  for (const name of ['a', 'b']) await whole.send('T', { body: `other-${name}`, queueId: 3 })
  for (const body of ['one', 'two']) await whole.send('T', { body, queueId: 3, ...to('%LMQ%a') })
  const pop = (topic: string) =>
    whole.ask(RequestCode.POP_MESSAGE, {
      fields: {
        ...{ consumerGroup: 'cg', topic, queueId: -1, bornTime: whole.clock.now(), maxMsgNums: 16 },
        ...{ invisibleTime: 10_000, pollTime: 0, initMode: 0 },
      },
    })
  const popped = await pop('%LMQ%a')
  expect(bodiesOf(popped)).toEqual(['one', 'two'])
  // Offsets of the light queue, not those that the records have in their topic.
  expect(popped.fields).toMatchObject({ msgOffsetInfo: '0 0 0,1', startOffsetInfo: '0 0 0' })
  const { popTime, invisibleTime, reviveQid } = popped.fields
  const extraInfo = `0 ${popTime} ${invisibleTime} ${reviveQid} 0 broker-a 0 0`
  const acked = { consumerGroup: 'cg', topic: '%LMQ%a', queueId: 0, offset: 0, extraInfo }
  expect((await whole.ask(RequestCode.ACK_MESSAGE, { fields: acked })).code).toBe(0)
  await passSeconds(whole, 11)
  const again = await pop('%LMQ%a')
  expect(bodiesOf(again)).toEqual(['two'])
  expect(messagesOf(again)[0]!.reconsumeTimes).toBe(1)
  expect(bodiesOf(await whole.pull('%LMQ%a', { fields: GROUP }))).toEqual(['one', 'two'])
})

test('names that can be no queues are refused with the reason, so is one queue too many', async () => {
  const whole = await WholeBroker.start(`${ON}enableLmqQuota=true\nmaxLmqConsumeQueueNum=1\n`)
  expect(await whole.send('T', to('%LMQ%a,b'))).toMatchObject({
    code: ResponseCode.MESSAGE_ILLEGAL,
    remark: expect.stringContaining("names the queue 'b': names begin with %LMQ%"),
  })
  expect((await whole.send('T', to('%LMQ%a'))).code).toBe(ResponseCode.SUCCESS)
  expect(await whole.pull('%LMQ%c', { fields: GROUP })).toMatchObject({
    code: ResponseCode.TOPIC_NOT_EXIST,
    remark: expect.stringContaining('as many light queues as may be'),
  })
  expect(await whole.send('T', to('%LMQ%b', 'DELAY\x011\x02'))).toMatchObject({
    code: ResponseCode.LMQ_QUOTA_EXCEEDED,
    remark: expect.stringContaining('[LMQ_CONSUME_QUEUE_NUM_EXCEEDED]there are 1 light queues'),
  })
})

test('delayed messages and those of transactions are in light queues when their time has come', async () => {
  const whole = await WholeBroker.start(ON)
  const forged = 'INNER_MULTI_QUEUE_OFFSET\x010\x02'
  await whole.send('T', { body: 'now', ...to('%LMQ%a', forged) })
  await whole.send('T', { body: 'delayed', ...to('%LMQ%a', `${forged}DELAY\x011\x02`) })
  await whole.send('T', { body: 'timed', ...to('%LMQ%a', `${forged}TIMER_DELAY_MS\x013000\x02`) })
  const producer = new TransactionClient(whole)
  const half = await producer.half({ INNER_MULTI_DISPATCH: '%LMQ%a', INNER_MULTI_QUEUE_OFFSET: '0' })
  const pulled = async () => messagesOf(await whole.pull('%LMQ%a', { sysFlag: 4, fields: GROUP }))
  expect((await pulled()).map(({ body }) => body.toString())).toEqual(['now'])
  await passSeconds(whole, 6)
  await producer.end(half, 8)
  await whole.settle()
  const found = await pulled()
  expect(found.length).toBe(4)
  expect(found.slice(0, 3).map(({ body }) => body.toString())).toEqual(['now', 'delayed', 'timed'])
  expect(found.map(({ properties }) => properties.get('INNER_MULTI_QUEUE_OFFSET'))).toEqual(['0', '1', '2', '3'])
})

test('a light queue is assigned to the clients of this broker, and counted with all others', async () => {
  const whole = await WholeBroker.start(ON)
  await whole.send('T', { body: 'one', ...to('%LMQ%a') })
  await whole.pull('%LMQ%a', { fields: GROUP })
  const query = {
    topic: '%LMQ%a',
    consumerGroup: 'g',
    clientId: 'c',
    strategyName: 'AVG',
    messageModel: 'BROADCASTING',
  }
  const answer = await whole.ask(RequestCode.QUERY_ASSIGNMENT, { body: Buffer.from(JSON.stringify(query)) })
  expect(JSON.parse(answer.body!.toString())).toEqual({
    messageQueueAssignments: [{ messageQueue: { brokerName: 'broker-a', queueId: 0, topic: '%LMQ%a' }, mode: 'PULL' }],
  })
  const stats = async (statsKey: string) =>
    (await whole.ask(RequestCode.VIEW_BROKER_STATS_DATA, { fields: { statsName: 'GROUP_GET_NUMS', statsKey } })).code
  expect(await stats('%LMQ%@%LMQ%')).toBe(ResponseCode.SUCCESS)
  expect(await stats('%LMQ%a@%LMQ%g')).toBe(ResponseCode.SYSTEM_ERROR)
})
