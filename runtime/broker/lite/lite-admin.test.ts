import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { createLite, LITE_ON, LiteTestClient, litePopped, sendLite } from '../testing/lite-client.ts'
import { START_MS, WholeBroker } from '../testing/whole-broker.ts'

async function liteBroker(): Promise<WholeBroker> {
  const whole = await WholeBroker.start(`${LITE_ON}liteLagLatencyCollectEnable=true\n`)
  await createLite(whole, 'P', 'g', { 'lite.topic.expiration': 60 })
  return whole
}

async function told(whole: WholeBroker, code: number, fields: Record<string, string | number> = {}): Promise<object> {
  const { body, remark } = await whole.ask(code, { fields })
  if (body === undefined) throw new Error(remark)
  return JSON.parse(body.toString())
}

test('a broker tells of its lite topics, their subscribers and how far these are behind', async () => {
  const whole = await liteBroker()
  const client = new LiteTestClient(whole)
  await client.sync('PARTIAL_ADD', ['a', 'b', 'c'])
  for (const lite of ['a', 'a', 'a', 'b']) await sendLite(whole, lite, 'x')
  for (const popped of await client.pop()) if (popped.offset === 0 && popped.lite === 'a') await client.ack(popped)
  expect(await told(whole, RequestCode.GET_BROKER_LITE_INFO)).toEqual({
    ...{ storeType: 'default', maxLmqNum: 20_000, currentLmqNum: 2, liteSubscriptionCount: 3, orderInfoCount: 2 },
    ...{ cqTableSize: 3, offsetTableSize: 2, eventMapSize: 1, topicMeta: { P: 60 }, groupMeta: { P: ['g'] } },
  })
  expect(await told(whole, RequestCode.GET_PARENT_TOPIC_INFO, { topic: 'P' })).toEqual({
    ...{ topic: 'P', ttl: 60, groups: ['g'], lmqNum: 2, liteTopicCount: 2 },
  })
  expect(await told(whole, RequestCode.GET_LITE_TOPIC_INFO, { parentTopic: 'P', liteTopic: 'a' })).toEqual({
    ...{ parentTopic: 'P', liteTopic: 'a', subscriber: [{ clientId: 'c1', group: 'g' }], shardingToBroker: true },
    topicOffset: { minOffset: 0, maxOffset: 3, lastUpdateTimestamp: START_MS },
  })
  const whose = { parentTopic: 'P', group: 'g' }
  expect(await told(whole, RequestCode.GET_LITE_CLIENT_INFO, { ...whose, clientId: 'c1', maxCount: 2 })).toEqual({
    ...{ ...whose, clientId: 'c1', lastAccessTime: START_MS, lastConsumeTime: 0, liteTopicCount: 3 },
    liteTopicSet: ['%LMQ%$P$a', '%LMQ%$P$b'],
  })
  expect(await told(whole, RequestCode.GET_LITE_CLIENT_INFO, { ...whose, clientId: 'c9' })).toMatchObject({
    liteTopicCount: -1,
  })
  const a = { liteTopic: 'a', lagCount: 2, earliestUnconsumedTimestamp: START_MS }
  const b = { liteTopic: 'b', lagCount: 1, earliestUnconsumedTimestamp: START_MS }
  expect(await told(whole, RequestCode.GET_LITE_GROUP_INFO, { group: 'g', topK: 1 })).toEqual({
    ...{ ...whose, totalLagCount: 3, earliestUnconsumedTimestamp: START_MS, lagCountTopK: [a] },
    lagTimestampTopK: [expect.toBeOneOf([a, b])],
  })
  expect(await told(whole, RequestCode.GET_LITE_GROUP_INFO, { group: 'g', liteTopic: 'a', topK: 1 })).toEqual({
    ...{ ...whose, liteTopic: 'a', totalLagCount: 2, earliestUnconsumedTimestamp: START_MS },
    liteTopicOffsetWrapper: { brokerOffset: 3, consumerOffset: 1, pullOffset: 0, lastTimestamp: START_MS },
  })
})

test('an administrator has lite topics looked through at once, and deletes them with their topic', async () => {
  const whole = await liteBroker()
  const client = new LiteTestClient(whole)
  await client.sync('PARTIAL_ADD', ['a'])
  await sendLite(whole, 'a', 'a0')
  await client.pop({ invisibleTime: 500 })
  // Behind the back of what is under way.
  whole.broker.tables.offsets.commit('g', '%LMQ%$P$a', 0, 0)
  const held = client.begin()
  const asked = await whole.ask(RequestCode.TRIGGER_LITE_DISPATCH, { fields: { group: 'g' } })
  expect(asked.code).toBe(0)
  for (let i = 0; i < 10; i++) await whole.advance(100)
  expect(litePopped(await held.promise)).toMatchObject([{ body: 'a0', times: 1 }])
  await whole.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { fields: { topic: 'P' } })
  expect(whole.broker.store.queues.lightQueueCount).toBe(0)
  expect(await whole.ask(RequestCode.GET_PARENT_TOPIC_INFO, { fields: { topic: 'P' } })).toMatchObject({
    code: ResponseCode.TOPIC_NOT_EXIST,
    remark: 'Topic [P] not exist.',
  })
})

test('questions about what is no lite topic or group are answered with the reason', async () => {
  const whole = await liteBroker()
  await whole.send('T', { body: 'x' })
  const ask = async (code: number, fields: Record<string, string | number>) =>
    (await whole.ask(code, { fields })).remark
  expect(await ask(RequestCode.GET_PARENT_TOPIC_INFO, { topic: 'T' })).toBe('Topic [T] type not match.')
  expect(await ask(RequestCode.GET_LITE_GROUP_INFO, { group: 'h', topK: 1 })).toBe('Group [h] not exist.')
  expect(await ask(RequestCode.TRIGGER_LITE_DISPATCH, { group: 'TOOLS_CONSUMER' })).toBe(
    'Group [TOOLS_CONSUMER] is not a LITE group.',
  )
  const client = { parentTopic: 'P', group: 'TOOLS_CONSUMER', clientId: 'c' }
  expect(await ask(RequestCode.GET_LITE_CLIENT_INFO, client)).toBe('Subscription [TOOLS_CONSUMER]-[P] not match.')
})
