import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { topicConfig } from '../topics/topic-config.ts'
import { bytesText } from './runtime-info.ts'

test('these codes are served', () => {
  expect(new BrokerFixture().handlers.codes).toEqual([
    14, 15, 17, 18, 21, 25, 26, 28, 34, 35, 38, 41, 42, 43, 45, 46, 200, 201, 202, 203, 204, 207, 208, 215, 222, 223,
    225, 300, 303, 305, 306, 307, 308, 309, 314, 315, 316, 317, 321, 328, 329, 343, 345, 351, 352, 353, 401, 402, 513,
    2001, 2002, 2003, 2004,
  ])
})

test('runtime info has every name that an Apache RocketMQ 5.5.0 broker answers', async () => {
  const broker = new BrokerFixture()
  broker.files.put({ topic: 'T1' })
  broker.stats.put({ topicName: 'T1' }, 0, 1, 100)
  const { body } = await broker.ask(RequestCode.GET_BROKER_RUNTIME_INFO)
  const { table } = JSON.parse(body) as { table: Record<string, string> }
  const official =
    'EndTransactionQueueSize EndTransactionThreadPoolQueueCapacity ackThreadPoolQueueCapacity ' +
    'ackThreadPoolQueueHeadWaitTimeMills ackThreadPoolQueueSize bootTimestamp brokerActive brokerVersionDesc ' +
    'commitLogDirCapacity commitLogDiskRatio commitLogDiskRatio_/store/commitlog commitLogMaxOffset commitLogMinOffset ' +
    'consumeQueueDiskRatio dispatchBehindBytes dispatchMaxBuffer earliestMessageTimeStamp getFoundTps ' +
    'getMessageEntireTimeMax getMissTps getTotalTps getTransferredTps litePullThreadPoolQueueCapacity ' +
    'litePullThreadPoolQueueHeadWaitTimeMills litePullThreadPoolQueueSize msgGetTotalTodayMorning msgGetTotalTodayNow ' +
    'msgGetTotalYesterdayMorning msgPutTotalTodayMorning msgPutTotalTodayNow msgPutTotalYesterdayMorning ' +
    'pageCacheLockTimeMills pullThreadPoolQueueCapacity pullThreadPoolQueueHeadWaitTimeMills pullThreadPoolQueueSize ' +
    'putLatency99 putLatency999 putMessageAverageSize putMessageDistributeTime putMessageEntireTimeMax ' +
    'putMessageFailedTimes putMessageSizeTotal putMessageTimesTotal putTps queryThreadPoolQueueCapacity ' +
    'queryThreadPoolQueueHeadWaitTimeMills queryThreadPoolQueueSize remainHowManyDataToFlush ' +
    'remainTransientStoreBufferNumbs runtime sendThreadPoolQueueCapacity sendThreadPoolQueueHeadWaitTimeMills ' +
    'sendThreadPoolQueueSize startAcceptSendRequestTimeStamp timerCongestNum timerDequeueTps timerEnqueueTps ' +
    'timerOffsetBehind timerReadBehind'
  expect(official.split(' ').filter((name) => !(name in table))).toEqual([])
  expect(table).toMatchObject({
    brokerActive: 'true',
    brokerVersionDesc: 'V5_5_0',
    commitLogMaxOffset: String(broker.files.store.writtenOffset),
    dispatchBehindBytes: '0',
    earliestMessageTimeStamp: '1700000000000',
    msgPutTotalTodayNow: '1',
    msgPutTotalTodayMorning: '0',
    putMessageTimesTotal: '1',
    remainHowManyDataToFlush: `${broker.files.store.writtenOffset} B`,
    sendThreadPoolQueueCapacity: '10000',
    scheduleMessageOffset_1: '3,5',
  })
  expect(table['commitLogDirCapacity']).toMatch(/^Total : [\d.]+ [KMGTPE]?i?B, Free : [\d.]+ [KMGTPE]?i?B\.$/)
})

test('amounts of bytes are written as Java writes them', () => {
  expect([0, 1023, 1024, 1536, 1024 ** 2, 252 * 1024 ** 3].map(bytesText)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '1.0 MiB',
    '252.0 GiB',
  ])
})

test('system topics are listed', async () => {
  const { body } = await new BrokerFixture().ask(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER)
  // The set was read from an Apache RocketMQ 5.5.0 broker with the same configuration.
  expect((JSON.parse(body) as { topicList: string[] }).topicList.sort()).toEqual([
    'BenchmarkTest',
    'CHECKPOINT_TOPIC',
    'DefaultCluster',
    'DefaultCluster_REPLY_TOPIC',
    'OFFSET_MOVED_EVENT',
    'RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC',
    'RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC',
    'RMQ_SYS_TRACE_TOPIC',
    'RMQ_SYS_TRANS_HALF_TOPIC',
    'RMQ_SYS_TRANS_OP_HALF_TOPIC',
    'SCHEDULE_TOPIC_XXXX',
    'SELF_TEST_TOPIC',
    'TBW102',
    'TRANS_CHECK_MAX_TIME_TOPIC',
    'broker-a',
    'rmq_sys_REVIVE_LOG_DefaultCluster',
    'rmq_sys_SYNC_BROKER_MEMBER_broker-a',
    'rmq_sys_wheel_timer',
  ])
})

test('queues of topics that do not exist are cleaned on request, those of others stay', async () => {
  const broker = new BrokerFixture()
  broker.topics.createIfAbsent(topicConfig('T1'))
  for (const topic of ['T1', 'Unknown', 'SCHEDULE_TOPIC_XXXX']) broker.files.put({ topic })
  expect((await broker.ask(RequestCode.CLEAN_UNUSED_TOPIC)).code).toBe(ResponseCode.SUCCESS)
  expect(broker.files.store.queues.topics().sort()).toEqual(['SCHEDULE_TOPIC_XXXX', 'T1'])
  expect((await broker.ask(RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE)).code).toBe(ResponseCode.SUCCESS)
  expect(broker.files.bodies('T1')).toEqual(['hello'])
  expect((await broker.ask(RequestCode.DELETE_EXPIRED_COMMITLOG)).code).toBe(ResponseCode.SUCCESS)
})

test('request modes are kept per topic and group', async () => {
  const broker = new BrokerFixture()
  broker.topics.createIfAbsent(topicConfig('T1'))
  const set = async (more: object = {}) => {
    const body = JSON.stringify({ topic: 'T1', consumerGroup: 'g1', mode: 'POP', popShareQueueNum: 1, ...more })
    const { code, remark } = await broker.ask(RequestCode.SET_MESSAGE_REQUEST_MODE, { body })
    return [code, remark]
  }
  expect(await set()).toEqual([ResponseCode.SUCCESS, undefined])
  expect(await set({ topic: '%RETRY%x' })).toEqual([
    ResponseCode.NO_PERMISSION,
    'retry topic is not allowed to set mode',
  ])
  expect(await set({ topic: 'TX' })).toEqual([ResponseCode.TOPIC_NOT_EXIST, 'topic[TX] not exist'])
  expect(await set({ consumerGroup: 'bad name' })).toEqual([
    ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
    'subscription group does not exist',
  ])
  expect(await set({ mode: 'PUSH' })).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'body of SET_MESSAGE_REQUEST_MODE: mode is "PUSH", expected PULL or POP',
  ])
  const all = await broker.ask(RequestCode.GET_ALL_MESSAGE_REQUEST_MODE)
  expect(all.body).toBe(
    '{"messageRequestModeMap":{"T1":{"g1":{"consumerGroup":"g1","mode":"POP","popShareQueueNum":1,"topic":"T1"}}}}',
  )
  const again = new BrokerFixture()
  again.disk.makeFolder('/store/config')
  const file = '/store/config/messageRequestMode.json'
  again.disk.writeFile(file, broker.disk.readFile(file))
  again.modes.load()
  expect((await again.ask(RequestCode.GET_ALL_MESSAGE_REQUEST_MODE)).body).toBe(all.body)
})

test('cold-data thresholds and the read mode are accepted as officially', async () => {
  const broker = new BrokerFixture()
  const thresholds = async (body: string) => {
    const { code, remark } = await broker.ask(RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG, { body })
    return [code, remark]
  }
  expect(await thresholds('g1=100\ng2=200\n')).toEqual([ResponseCode.SUCCESS, undefined])
  expect(await thresholds('g1=x')).toEqual([
    ResponseCode.INVALID_PARAMETER,
    'threshold of group g1 is "x": give a number of bytes',
  ])
  await broker.ask(RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG, { body: 'g2' })
  expect((await broker.ask(RequestCode.GET_COLD_DATA_FLOW_CTR_INFO)).body).toBe(
    '{"runtimeTable":{},"configTable":{"g1":100},"cgColdReadThreshold":3145728,"globalColdReadThreshold":104857600,"globalAcc":0}',
  )
  const mode = async (fields: Record<string, string>) => {
    const { code, remark } = await broker.ask(RequestCode.SET_COMMITLOG_READ_MODE, { fields })
    return [code, remark]
  }
  expect(await mode({ READ_AHEAD_MODE: '0' })).toEqual([0, 'set commitlog readahead mode success, mode: 0'])
  expect(await mode({ READ_AHEAD_MODE: '7' })).toEqual([
    ResponseCode.INVALID_PARAMETER,
    'set commitlog readahead mode param value error',
  ])
  expect(await mode({})).toEqual([ResponseCode.SYSTEM_ERROR, 'set commitlog readahead mode failed'])
})

test('delay offsets go to a slave as they are', async () => {
  expect((await new BrokerFixture().ask(RequestCode.GET_ALL_DELAY_OFFSET)).body).toBe(
    '{"dataVersion":{},"offsetTable":{1:3}}',
  )
})
