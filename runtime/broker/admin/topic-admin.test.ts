import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { topicConfig } from '../topics/topic-config.ts'

const TOPIC = {
  topic: 'T1',
  defaultTopic: 'TBW102',
  readQueueNums: 2,
  writeQueueNums: 3,
  perm: 6,
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: 0,
  order: false,
}

async function create(broker: BrokerFixture, more: Record<string, string | number> = {}) {
  const { code, remark } = await broker.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, { fields: { ...TOPIC, ...more } })
  return [code, remark]
}

test('a topic is created durably, announced, and read back in official form', async () => {
  const broker = new BrokerFixture()
  const announced: string[] = []
  broker.topics.onChanged((topics) => announced.push(...topics.map((topic) => topic.topicName)))
  expect(await create(broker, { attributes: '+message.type=FIFO' })).toEqual([ResponseCode.SUCCESS, undefined])
  expect(announced).toEqual(['T1'])
  expect(broker.disk.readFile('/store/config/topics.json').toString()).toContain('"T1":{')
  const answer = await broker.ask(RequestCode.GET_TOPIC_CONFIG, { fields: { topic: 'T1' } })
  expect(answer.body).toBe(
    '{"attributes":{"message.type":"FIFO"},"order":false,"perm":6,"readQueueNums":2,"topicFilterType":"SINGLE_TAG",' +
      '"topicName":"T1","topicSysFlag":0,"writeQueueNums":3}',
  )
  await create(broker, { writeQueueNums: 4 })
  expect(broker.topics.find('T1')).toMatchObject({ writeQueueNums: 4, attributes: new Map([['message.type', 'FIFO']]) })
  const version = broker.topics.dataVersion.counter
  expect(await create(broker, { writeQueueNums: 4 })).toEqual([ResponseCode.SUCCESS, undefined])
  expect([broker.topics.dataVersion.counter, announced.length]).toEqual([version, 2])
})

test('names that are illegal or belong to the system are refused with the official remarks', async () => {
  const broker = new BrokerFixture()
  const invalid = ResponseCode.INVALID_PARAMETER
  expect(await create(broker, { topic: 'T 1' })).toEqual([
    invalid,
    'The specified topic: T 1, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$',
  ])
  expect(await create(broker, { topic: ' ' })).toEqual([invalid, 'The specified topic is blank.'])
  expect(await create(broker, { topic: 'x'.repeat(128) })).toEqual([
    invalid,
    `The specified topic: ${'x'.repeat(128)}, is longer than topic max length: 127`,
  ])
  expect(await create(broker, { topic: `%DLQ%${'x'.repeat(251)}` })).toEqual([
    invalid,
    `The specified topic is DLQ or Retry topic: %DLQ%${'x'.repeat(251)}, and it's longer than topic max length: 255`,
  ])
  expect(await create(broker, { topic: 'TBW102' })).toEqual([
    invalid,
    'The topic[TBW102] is conflict with system topic.',
  ])
  expect(await create(broker, { topic: 'broker-a' })).toEqual([
    invalid,
    'The topic[broker-a] is conflict with system topic.',
  ])
  expect(await create(broker, { topic: 'x'.repeat(127) })).toEqual([ResponseCode.SUCCESS, undefined])
})

test('queue numbers, permissions and filter types that make no sense are refused', async () => {
  const broker = new BrokerFixture()
  expect(await create(broker, { readQueueNums: -1 })).toEqual([
    ResponseCode.INVALID_PARAMETER,
    'readQueueNums of topic T1 is -1: give a number from 0 to 65535',
  ])
  expect(await create(broker, { writeQueueNums: 65_536 })).toEqual([
    ResponseCode.INVALID_PARAMETER,
    'writeQueueNums of topic T1 is 65536: give a number from 0 to 65535',
  ])
  expect(await create(broker, { perm: 9 })).toEqual([
    ResponseCode.INVALID_PARAMETER,
    'perm of topic T1 is 9: give the sum of 4 (read), 2 (write) and 1 (inherit)',
  ])
  expect(await create(broker, { readQueueNums: 'x' })).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'the custom field <readQueueNums> is not a whole number: x',
  ])
  expect(await create(broker, { topicFilterType: 'FOO' })).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'topicFilterType = [FOO] value invalid',
  ])
  expect(broker.topics.find('T1')).toBe(undefined)
})

test('attributes are checked as Apache RocketMQ checks them', async () => {
  const broker = new BrokerFixture()
  const change = async (attributes: string) => (await create(broker, { attributes }))[1]
  // Remarks recorded from an Apache RocketMQ 5.5.0 broker.
  expect(await change('message.type=NORMAL')).toBe('add/alter attribute format is wrong: message.type')
  expect(await change('message.type')).toBe('delete attribute format is wrong: message.type')
  expect(await change('-message.type')).toBe('only add attribute is supported while creating topic. key: message.type')
  expect(await change('+message.type=XX')).toBe(
    'value is not in set: [UNSPECIFIED, MIXED, TRANSACTION, PRIORITY, FIFO, DELAY, LITE, NORMAL]',
  )
  expect(await change('+reserve.time=-2')).toBe('value is not in range(-1, 9223372036854775807)')
  expect(await change('+reserve.time=x')).toBe('For input string: "x"')
  expect(await create(broker, { attributes: '+message.type=MIXED' })).toEqual([
    ResponseCode.INVALID_PARAMETER,
    'MIXED message type is not supported.',
  ])
  expect(await change('+message.type=NORMAL')).toBe(undefined)
  expect(await change('+message.type=FIFO,-message.type')).toBe('alter duplication key. key: message.type')
  expect(await change('+foo=FIFO')).toBe('unsupported key: foo')
  expect(await change('+queue.type=BatchCQ')).toBe('attempt to update an unchangeable attribute. key: queue.type')
  expect(await change('-reserve.time')).toBe('attempt to delete a nonexistent key: reserve.time')
  expect(await change('+a=1,+a=2')).toBe('key duplication: +a')
})

test('a list of topics is created whole or not at all', async () => {
  const broker = new BrokerFixture()
  const createAll = async (...topicConfigList: object[]) => {
    const body = JSON.stringify({ topicConfigList })
    const { code, remark } = await broker.ask(RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, { body })
    return [code, remark]
  }
  expect(await createAll({ topicName: 'L1' }, { topicName: 'L 2' })).toEqual([
    ResponseCode.INVALID_PARAMETER,
    'The specified topic: L 2, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$',
  ])
  expect(await createAll({ topicName: 'L1' }, { topicName: 'L2', attributes: { foo: 'x' } })).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'only add attribute is supported while creating topic. key: oo',
  ])
  expect(await createAll({ topicName: 'L1', topicFilterType: 'X' })).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'body of UPDATE_AND_CREATE_TOPIC_LIST: topicFilterType is "X", expected SINGLE_TAG or MULTI_TAG',
  ])
  expect(broker.topics.find('L1')).toBe(undefined)
  expect(await createAll({ topicName: 'L1', readQueueNums: 1 }, { topicName: 'L2' })).toEqual([0, undefined])
  expect([broker.topics.find('L1'), broker.topics.find('L2')]).toEqual([
    topicConfig('L1', { readQueueNums: 1 }),
    topicConfig('L2'),
  ])
})

test('a deleted topic takes its queues, offsets and counters with it', async () => {
  const broker = new BrokerFixture()
  await create(broker)
  broker.topics.createIfAbsent(topicConfig('%RETRY%g1_T1'))
  broker.files.put({ topic: 'T1' })
  broker.offsets.commit('g1', 'T1', 0, 1)
  broker.stats.put({ topicName: 'T1' }, 0, 1, 10)
  const remove = async (topic: string) => {
    const { code, remark } = await broker.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { fields: { topic } })
    return [code, remark]
  }
  expect(await remove('T1')).toEqual([ResponseCode.SUCCESS, undefined])
  expect(broker.topics.find('T1')).toBe(undefined)
  expect(broker.files.store.findQueue('T1', 0)).toBe(undefined)
  expect(broker.offsets.query('g1', 'T1', 0)).toBe(-1)
  expect(broker.stats.report('TOPIC_PUT_NUMS', 'T1')).toBe(undefined)
  expect(broker.topics.find('%RETRY%g1_T1')).toBe(undefined)
  expect(broker.disk.readFile('/store/config/topics.json').toString()).not.toContain('"T1"')
  expect(await remove('T1')).toEqual([ResponseCode.SUCCESS, undefined])
  expect(await remove(' ')).toEqual([ResponseCode.INVALID_PARAMETER, 'The specified topic is blank.'])
  expect(await remove('SCHEDULE_TOPIC_XXXX')).toEqual([
    ResponseCode.INVALID_PARAMETER,
    'The topic[SCHEDULE_TOPIC_XXXX] is conflict with system topic.',
  ])
})

test('a topic that does not exist is TOPIC_NOT_EXIST, not an error of the system', async () => {
  const answer = await new BrokerFixture().ask(RequestCode.GET_TOPIC_CONFIG, { fields: { topic: 'TX' } })
  expect([answer.code, answer.remark]).toEqual([ResponseCode.TOPIC_NOT_EXIST, 'No topic in this broker. topic: TX'])
})

test('all topics go out at once to those who do not ask for pages, else page by page of one version', async () => {
  const broker = new BrokerFixture()
  const names = (body: string) => Object.keys((JSON.parse(body) as { topicConfigTable: object }).topicConfigTable)
  const whole = await broker.ask(RequestCode.GET_ALL_TOPIC_CONFIG)
  expect(whole.fields).toEqual({ totalTopicNum: '15' })
  expect(names(whole.body).length).toBe(15)
  expect(whole.body.slice(0, 170)).toBe(
    '{"dataVersion":{"counter":0,"stateVersion":0,"timestamp":1700000000000},' +
      '"mappingDataVersion":{"counter":0,"stateVersion":0,"timestamp":0},"topicConfigTable":{"SELF_TEST_T',
  )
  expect(whole.body.endsWith('},"topicQueueMappingDetailMap":{},"topicQueueMappingInfoMap":{}}')).toBe(true)
  const page = async (fields: Record<string, string>) =>
    names((await broker.ask(RequestCode.GET_ALL_TOPIC_CONFIG, { fields })).body)
  const version = JSON.stringify(broker.topics.dataVersion.toJson())
  const first = await page({ topicSeq: '0', maxTopicNum: '2' })
  expect(first).toEqual(['BenchmarkTest', 'DefaultCluster'])
  expect(await page({ topicSeq: '2', maxTopicNum: '1', dataVersion: version })).toEqual(['DefaultCluster_REPLY_TOPIC'])
  expect(await page({ topicSeq: '14', maxTopicNum: '5', dataVersion: version })).toEqual(['rmq_sys_wheel_timer'])
  broker.topics.createIfAbsent(topicConfig('T1'))
  expect(await page({ topicSeq: '2', maxTopicNum: '2', dataVersion: version })).toEqual(first)
  expect(await page({ topicSeq: '2', maxTopicNum: '2', dataVersion: '{"' })).toEqual(first)
})

test('when topics.json cannot be written the administrator is told, and it is written as soon as that works', async () => {
  const broker = new BrokerFixture()
  broker.disk.fail({ nth: 1, code: 'ENOSPC', operations: ['write'] })
  const [code, remark] = await create(broker)
  expect(code).toBe(ResponseCode.SYSTEM_ERROR)
  expect(remark).toContain('changed, but /store/config/topics.json cannot be written yet: ')
  expect(remark).toContain('ENOSPC')
  broker.topics.state.saveIfChanged(broker.clock.now())
  expect(broker.disk.readFile('/store/config/topics.json').toString()).toContain('"T1":{')
})
