import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { FakeClient } from '../testing/fake-client.ts'
import { topicConfig } from '../topics/topic-config.ts'
import { timeText } from './time-text.ts'

const START = 1_700_000_000_000

/** Topic T1 with two messages in queue 0, stored at START and START + 50, and none in queue 1. */
function withMessages(settings = ''): BrokerFixture {
  const broker = new BrokerFixture(settings)
  broker.topics.createIfAbsent(topicConfig('T1', { readQueueNums: 2, writeQueueNums: 2 }))
  broker.groups.find('g1')
  broker.files.put({ topic: 'T1', properties: 'TAGS\x01a\x02' })
  broker.clock.nowMs += 50
  broker.files.put({ topic: 'T1' })
  return broker
}

async function answer(broker: BrokerFixture, code: number, fields: Record<string, string | number>) {
  const { code: responseCode, remark, body } = await broker.ask(code, { fields })
  return responseCode === ResponseCode.SUCCESS && remark === undefined ? body : [responseCode, remark]
}

async function subscribe(broker: BrokerFixture, from: FakeClient, topics: string[], version = 513): Promise<void> {
  const subscriptionDataSet = topics.map((topic) => ({ topic, subString: '*', subVersion: 1 }))
  const consumerDataSet = [{ groupName: 'g1', messageModel: 'CLUSTERING', subscriptionDataSet }]
  const body = JSON.stringify({ clientID: from.remoteText, consumerDataSet })
  await broker.ask(RequestCode.HEART_BEAT, { from, body, version })
}

test('topicStatus: offsets and last times of all queues', async () => {
  const broker = withMessages()
  expect(await answer(broker, RequestCode.GET_TOPIC_STATS_INFO, { topic: 'T1' })).toBe(
    '{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"T1"}:' +
      `{"lastUpdateTimestamp":${START + 50},"maxOffset":2,"minOffset":0},` +
      '{"brokerName":"broker-a","queueId":1,"topic":"T1"}:{"lastUpdateTimestamp":0,"maxOffset":0,"minOffset":0}},' +
      '"topicPutTps":0.0}',
  )
  expect(await answer(broker, RequestCode.GET_TOPIC_STATS_INFO, { topic: 'TX' })).toEqual([
    ResponseCode.TOPIC_NOT_EXIST,
    'topic[TX] not exist',
  ])
})

test('consumerProgress: where a group stands in each queue', async () => {
  const broker = withMessages()
  broker.offsets.commit('g1', 'T1', 0, 1)
  broker.offsets.commitPulled('g1', 'T1', 0, 2)
  const progress =
    '{"consumeTps":0.0,"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"T1"}:' +
    `{"brokerOffset":2,"consumerOffset":1,"lastTimestamp":${START},"pullOffset":2},` +
    '{"brokerName":"broker-a","queueId":1,"topic":"T1"}:' +
    '{"brokerOffset":0,"consumerOffset":0,"lastTimestamp":0,"pullOffset":0}}}'
  const ask = (fields: Record<string, string>) =>
    answer(broker, RequestCode.GET_CONSUME_STATS, { consumerGroup: 'g1', ...fields })
  expect(await ask({})).toBe(progress)
  expect(await ask({ topic: 'T1' })).toBe(progress)
  expect(await ask({ topicList: 'T1;TX;' })).toBe(progress)
  expect(await ask({ consumerGroup: 'gX' })).toBe('{"consumeTps":0.0,"offsetTable":{}}')
  await subscribe(broker, new FakeClient(), ['T2'])
  expect(await ask({ topic: 'T1' })).toBe('{"consumeTps":0.0,"offsetTable":{}}')
  expect(await ask({ topicList: 'T1' })).toBe(progress)
})

test('statsAll: all groups of the broker with what they lag behind', async () => {
  const broker = withMessages()
  for (const { groupName } of [...broker.groups.all()]) if (groupName !== 'g1') broker.groups.delete(groupName)
  broker.offsets.commit('g1', 'T1', 0, 1)
  broker.stats.groupGet('T1', 'g1').messages = 25
  broker.stats.tick(START + 10_000)
  expect(await answer(broker, RequestCode.GET_BROKER_CONSUME_STATS, { isOrder: 'false' })).toBe(
    '{"brokerAddr":"127.0.0.1:10911","consumeStatsList":[{"g1":[{"consumeTps":2.5,"offsetTable":' +
      '{{"brokerName":"broker-a","queueId":0,"topic":"T1"}:' +
      `{"brokerOffset":2,"consumerOffset":1,"lastTimestamp":${START},"pullOffset":0},` +
      '{"brokerName":"broker-a","queueId":1,"topic":"T1"}:' +
      '{"brokerOffset":0,"consumerOffset":0,"lastTimestamp":0,"pullOffset":0}}}]}],"totalDiff":1,"totalInflightDiff":-1}',
  )
  expect(await answer(broker, RequestCode.GET_BROKER_CONSUME_STATS, { isOrder: 'true' })).toBe(
    '{"brokerAddr":"127.0.0.1:10911","consumeStatsList":[{"g1":[]}],"totalDiff":0,"totalInflightDiff":0}',
  )
})

test('time spans say how old the messages are that a group has before it', async () => {
  const broker = withMessages()
  broker.offsets.commit('g1', 'T1', 0, 1)
  broker.clock.nowMs = START + 80
  const text = (ms: number) => timeText(ms)
  expect(await answer(broker, RequestCode.QUERY_CONSUME_TIME_SPAN, { topic: 'T1', group: 'g1' })).toBe(
    `{"consumeTimeSpanSet":[{"consumeTimeStamp":${START},"consumeTimeStampStr":"${text(START)}","delayTime":30,` +
      `"maxTimeStamp":${START + 50},"maxTimeStampStr":"${text(START + 50)}",` +
      '"messageQueue":{"brokerName":"broker-a","queueId":0,"topic":"T1"},' +
      `"minTimeStamp":${START},"minTimeStampStr":"${text(START)}"},` +
      `{"consumeTimeStamp":-1,"consumeTimeStampStr":"${text(-1)}","delayTime":${START + 81},` +
      `"maxTimeStamp":-1,"maxTimeStampStr":"${text(-1)}",` +
      '"messageQueue":{"brokerName":"broker-a","queueId":1,"topic":"T1"},' +
      `"minTimeStamp":-1,"minTimeStampStr":"${text(-1)}"}]}`,
  )
  expect(await answer(broker, RequestCode.QUERY_CONSUME_TIME_SPAN, { topic: 'TX', group: 'g1' })).toEqual([
    ResponseCode.TOPIC_NOT_EXIST,
    'topic[TX] not exist',
  ])
  const noon = new Date(2026, 10, 5, 12, 3, 4, 56).getTime()
  expect(timeText(noon)).toBe('2026-11-05#12:03:04:056')
})

test('queryCq: units of a consume queue, with the subscription of a group', async () => {
  const broker = withMessages()
  const ask = (fields: Record<string, string | number>) =>
    answer(broker, RequestCode.QUERY_CONSUME_QUEUE, { topic: 'T1', queueId: 0, index: 0, count: 10, ...fields })
  const second = broker.files.store.lastAppend
  const units =
    `"queueData":[{"eval":false,"physicOffset":0,"physicSize":${second.phyOffset},"tagsCode":97},` +
    `{"eval":false,"physicOffset":${second.phyOffset},"physicSize":${second.sizeBytes},"tagsCode":0}]`
  expect(await ask({})).toBe(`{"maxQueueIndex":2,"minQueueIndex":0,${units}}`)
  expect(await ask({ consumerGroup: 'g1' })).toBe(
    `{"filterData":"g1@T1 is not online!","maxQueueIndex":2,"minQueueIndex":0,${units}}`,
  )
  await subscribe(broker, new FakeClient(), ['T1'])
  expect(await ask({ consumerGroup: 'g1', index: 1, count: 1 })).toBe(
    `{"filterData":"null","maxQueueIndex":2,"minQueueIndex":0,` +
      `"queueData":[{"eval":false,"physicOffset":${second.phyOffset},"physicSize":${second.sizeBytes},"tagsCode":0}],` +
      '"subscriptionData":{"classFilterMode":false,"codeSet":[],"expressionType":"TAG","subString":"*","subVersion":1,"tagsSet":[],"topic":"T1"}}',
  )
  expect(await ask({ queueId: 7 })).toEqual([ResponseCode.SYSTEM_ERROR, '7@T1 is not exist!'])
  expect(await ask({ index: 9 })).toEqual([ResponseCode.SUCCESS, 'Index 9 of 0@T1 is not exist!'])
  expect(await ask({ count: -1 })).toBe('{"maxQueueIndex":2,"minQueueIndex":0,"queueData":[]}')
})

test('who consumes what, online or by offsets', async () => {
  const broker = withMessages()
  broker.offsets.commit('g2', 'T1', 0, 1)
  await subscribe(broker, new FakeClient(), ['T1'])
  expect(await answer(broker, RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, { topic: 'T1' })).toBe(
    '{"groupList":["g1","g2"]}',
  )
  expect(await answer(broker, RequestCode.QUERY_TOPICS_BY_CONSUMER, { group: 'g2' })).toBe(
    '{"brokerAddr":"127.0.0.1:10911","topicList":["T1"]}',
  )
  expect(await answer(broker, RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, { group: 'g1', topic: 'T1' })).toBe(
    '{"group":"g1","subscriptionData":{"classFilterMode":false,"codeSet":[],"expressionType":"TAG","subString":"*",' +
      '"subVersion":1,"tagsSet":[],"topic":"T1"},"topic":"T1"}',
  )
  expect(await answer(broker, RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, { group: 'gX', topic: 'T1' })).toBe(
    '{"group":"gX","topic":"T1"}',
  )
})

test('broker statistics by name and key', async () => {
  const broker = withMessages()
  const ask = (statsName: string) => answer(broker, RequestCode.VIEW_BROKER_STATS_DATA, { statsName, statsKey: 'T1' })
  expect(await ask('TOPIC_PUT_NUMS')).toEqual([ResponseCode.SYSTEM_ERROR, 'The stats <TOPIC_PUT_NUMS> <T1> not exist'])
  broker.stats.put({ topicName: 'T1' }, 0, 30, 3000)
  broker.stats.tick(START + 10_000)
  expect(await ask('TOPIC_PUT_NUMS')).toBe(
    '{"statsDay":{"avgpt":0.0,"sum":0,"tps":0.0},"statsHour":{"avgpt":0.0,"sum":0,"tps":0.0},' +
      '"statsMinute":{"avgpt":30.0,"sum":30,"tps":3.0}}',
  )
})
