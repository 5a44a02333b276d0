import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { FakeClient } from '../testing/fake-client.ts'
import { topicConfig } from '../topics/topic-config.ts'

const START = 1_700_000_000_000

function withMessages(settings = ''): BrokerFixture {
  const broker = new BrokerFixture(settings)
  broker.topics.createIfAbsent(topicConfig('T1', { readQueueNums: 2, writeQueueNums: 2 }))
  broker.groups.find('g1')
  for (let i = 0; i < 3; i++) {
    broker.files.put({ topic: 'T1' })
    broker.clock.nowMs += 100
  }
  return broker
}

async function reset(broker: BrokerFixture, more: Record<string, string | number> = {}, language = 'JAVA') {
  const fields = { topic: 'T1', group: 'g1', timestamp: -1, isForce: 'true', ...more }
  const answer = await broker.ask(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, { fields, language })
  return answer.code === ResponseCode.SUCCESS ? answer.body : [answer.code, answer.remark]
}

async function heartbeat(broker: BrokerFixture, from: FakeClient, version = 513): Promise<void> {
  const consumerDataSet = [{ groupName: 'g1', subscriptionDataSet: [{ topic: 'T1', subVersion: 1 }] }]
  const body = JSON.stringify({ clientID: from.remoteText, consumerDataSet })
  await broker.ask(RequestCode.HEART_BEAT, { from, body, version })
  broker.endTurn()
  from.pushed.length = 0
}

test('positions are reset in the broker: to the end, to a time, to an offset', async () => {
  const broker = withMessages()
  const queue = (queueId: number) => `{"brokerName":"broker-a","queueId":${queueId},"topic":"T1"}`
  expect(await reset(broker)).toBe(`{"offsetTable":{${queue(0)}:3,${queue(1)}:0}}`)
  expect(await reset(broker, { timestamp: START + 100 })).toBe(`{"offsetTable":{${queue(0)}:1,${queue(1)}:0}}`)
  expect(await reset(broker, { queueId: 0, offset: 2 })).toBe(`{"offsetTable":{${queue(0)}:2}}`)
  expect(await reset(broker, { queueId: 0 })).toBe(`{"offsetTable":{${queue(0)}:3}}`)
  expect(broker.offsets.hasReset('g1', 'T1', 0)).toBe(true)
  expect(broker.offsets.query('g1', 'T1', 0)).toBe(3)
})

test('a reset of what does not exist, or beyond the queue, or on a slave is refused', async () => {
  const broker = withMessages()
  expect(await reset(broker, { topic: 'TX' })).toEqual([ResponseCode.TOPIC_NOT_EXIST, 'Topic TX does not exist'])
  expect(await reset(broker, { group: 'gX' })).toEqual([
    ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
    'Group gX does not exist',
  ])
  expect(await reset(broker, { queueId: 0, offset: 99 })).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'Target offset 99 not in consume queue range [0-3]',
  ])
  expect(await reset(broker, { queueId: 2, offset: 0 })).toEqual([
    ResponseCode.INVALID_PARAMETER,
    'queueId 2 is not one of topic T1, whose read queues are 0 to 1',
  ])
  broker.topics.createIfAbsent(topicConfig('Empty', { readQueueNums: 0, writeQueueNums: 0 }))
  expect(await reset(broker, { topic: 'Empty' })).toEqual([ResponseCode.SYSTEM_ERROR, 'No queues to reset.'])
  const slave = withMessages('brokerRole=SLAVE\nbrokerId=1\n')
  expect(await reset(slave)).toEqual([ResponseCode.SYSTEM_ERROR, 'Can not reset offset in slave broker'])
})

test('without server-side reset the online consumers are told their positions', async () => {
  const broker = withMessages('useServerSideResetOffset=false\n')
  expect(await reset(broker)).toEqual([ResponseCode.SYSTEM_ERROR, 'THe consumer group <g1> not exist'])
  broker.offsets.commit('g1', 'T1', 0, 2)
  broker.offsets.commit('g1', 'T1', 1, 0)
  expect(await reset(broker, { timestamp: START + 100 })).toEqual([
    ResponseCode.CONSUMER_NOT_ONLINE,
    `Consumer not online, so can not reset offset, Group: g1 Topic: T1 Timestamp: ${START + 100}`,
  ])
  const client = new FakeClient()
  await heartbeat(broker, client)
  const table =
    '{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"T1"}:1,{"brokerName":"broker-a","queueId":1,"topic":"T1"}:0}}'
  expect(await reset(broker, { timestamp: START + 100 })).toBe(table)
  const [pushed] = client.pushed
  expect([pushed!.code, pushed!.fields, String(pushed!.body)]).toEqual([
    RequestCode.RESET_CONSUMER_CLIENT_OFFSET,
    { topic: 'T1', group: 'g1', timestamp: START + 100, queueId: -1, isForce: false },
    table,
  ])
  expect(broker.offsets.query('g1', 'T1', 0)).toBe(2)
  await reset(broker, { timestamp: START + 250, isForce: 'false' }, 'CPP')
  expect(String(client.pushed[1]!.body)).toBe(
    '{"offsetTable":[{"brokerName":"broker-a","offset":2,"queueId":0,"topic":"T1"},' +
      '{"brokerName":"broker-a","offset":0,"queueId":1,"topic":"T1"}]}',
  )
  await heartbeat(broker, new FakeClient('old:1'), 28)
  expect(await reset(broker)).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'the client does not support this feature. version=28',
  ])
})

test('offsets are cloned for one topic, or for all that the source group has', async () => {
  const broker = withMessages()
  broker.topics.createIfAbsent(topicConfig('T2'))
  for (const topic of ['T1', 'T2', 'Gone']) broker.offsets.commit('g1', topic, 0, 2)
  const clone = (fields: Record<string, string>) =>
    broker.ask(RequestCode.CLONE_GROUP_OFFSET, { fields: { srcGroup: 'g1', destGroup: 'g2', ...fields } })
  await clone({ topic: 'T1', offline: 'true' })
  expect(broker.offsets.topicsOf('g2')).toEqual(['T1'])
  await heartbeat(broker, new FakeClient())
  await clone({ topic: 'T2', offline: 'false' })
  expect(broker.offsets.topicsOf('g2')).toEqual(['T1'])
  await clone({ offline: 'true' })
  expect(broker.offsets.topicsOf('g2')).toEqual(['T1', 'T2'])
})
