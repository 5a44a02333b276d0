import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { BrokerFixture, FIRST_LEFT } from '../testing/broker-fixture.ts'
import { topicConfig } from '../topics/topic-config.ts'

const PATH = '/store/config/consumerOffset.json'

function withTopic(settings = ''): BrokerFixture {
  const broker = new BrokerFixture(settings)
  broker.topics.createIfAbsent(topicConfig('T1', { readQueueNums: 2, writeQueueNums: 2 }))
  broker.groups.find('g1')
  return broker
}

function position(more: Record<string, string | number> = {}) {
  return { fields: { consumerGroup: 'g1', topic: 'T1', queueId: 0, ...more } }
}

test('a committed offset is found again, one that is not is told apart by remark', async () => {
  const broker = withTopic()
  expect(await broker.ask(RequestCode.QUERY_CONSUMER_OFFSET, position())).toMatchObject({
    code: ResponseCode.QUERY_NOT_FOUND,
    remark: 'Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first',
  })
  expect(await broker.ask(RequestCode.QUERY_CONSUMER_OFFSET, position({ setZeroIfNotFound: 'false' }))).toMatchObject({
    code: ResponseCode.QUERY_NOT_FOUND,
    remark: 'Not found, do not set to zero, maybe this group boot first',
  })
  expect((await broker.ask(RequestCode.UPDATE_CONSUMER_OFFSET, position({ commitOffset: 3 }))).code).toBe(0)
  expect(await broker.ask(RequestCode.QUERY_CONSUMER_OFFSET, position())).toMatchObject({
    code: ResponseCode.SUCCESS,
    fields: { offset: '3' },
  })
})

test('commits for groups and topics that do not exist, or without numbers, are refused', async () => {
  const broker = withTopic()
  const commit = async (more: Record<string, string>) => {
    const { code, remark } = await broker.ask(
      RequestCode.UPDATE_CONSUMER_OFFSET,
      position({ commitOffset: '3', ...more }),
    )
    return [code, remark]
  }
  expect(await commit({ consumerGroup: 'gX' })).toEqual([
    ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
    'Group gX not exist!',
  ])
  expect(await commit({ topic: 'TX' })).toEqual([ResponseCode.TOPIC_NOT_EXIST, 'Topic TX not exist!'])
  expect(await commit({ commitOffset: 'x' })).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'the custom field <commitOffset> is not a whole number: x',
  ])
  expect(broker.offsets.queuesOf('g1', 'T1')).toBe(undefined)
})

test('a reset stands until the next pull takes it up; what the consumer commits meanwhile does not count', async () => {
  const broker = withTopic()
  const { offsets } = broker
  offsets.commit('g1', 'T1', 0, 40)
  offsets.assignReset('g1', 'T1', 0, 7)
  offsets.assignReset('g1', 'T1', 1, -1)
  const late = await broker.ask(RequestCode.UPDATE_CONSUMER_OFFSET, position({ commitOffset: 41 }))
  expect([late.code, late.remark]).toEqual([ResponseCode.SUCCESS, 'Offset has been previously reset'])
  expect([offsets.query('g1', 'T1', 0), offsets.query('g1', 'T1', 1), offsets.hasNoResets]).toEqual([7, -1, false])
  expect([offsets.takeReset('g1', 'T1', 0), offsets.takeReset('g1', 'T1', 0)]).toEqual([7, undefined])
  expect(offsets.hasNoResets).toBe(true)
  await broker.ask(RequestCode.UPDATE_CONSUMER_OFFSET, position({ commitOffset: 41 }))
  expect(offsets.query('g1', 'T1', 0)).toBe(41)
})

async function corrections(broker: BrokerFixture, more: Record<string, string>): Promise<string> {
  const answer = await broker.ask(RequestCode.QUERY_CORRECTION_OFFSET, { fields: { topic: 'T1', ...more } })
  expect(answer.code).toBe(ResponseCode.SUCCESS)
  return String(answer.body)
}

test('a correction is the offset of the slowest group, unless the compared group is behind it', async () => {
  const broker = withTopic()
  const { offsets } = broker
  for (const [group, first, second] of [
    ['g1', 40, 70],
    ['g2', 30, 90],
    ['gone', FIRST_LEFT - 1, 80],
  ] as const) {
    offsets.commit(group, 'T1', 0, first)
    offsets.commit(group, 'T1', 1, second)
  }
  offsets.commit('g3', 'T2', 0, 10)
  expect(await corrections(broker, {})).toBe('{"correctionOffsets":{0:30,1:70}}')
  expect(await corrections(broker, { filterGroups: 'g2,gone' })).toBe('{"correctionOffsets":{0:40,1:70}}')
  expect(await corrections(broker, { filterGroups: 'g2', compareGroup: 'g2' })).toBe(
    '{"correctionOffsets":{0:9223372036854775807,1:70}}',
  )
  // Whoever is left out is left out of this answer only.
  expect(offsets.groupsOf('T1')).toEqual(['g1', 'g2', 'gone'])
})

test('all offsets go to a slave in a form that Apache’s slaves can read, and into the file as Apache RocketMQ saves them', async () => {
  const broker = withTopic()
  const { offsets } = broker
  offsets.commit('g1', 'T1', 0, 3)
  offsets.commit('g1', 'T1', 99, 3)
  offsets.commitPulled('g1', 'T1', 0, 5)
  const answer = await broker.ask(RequestCode.GET_ALL_CONSUMER_OFFSET)
  expect(answer.body).toBe(
    '{"dataVersion":{"counter":0,"stateVersion":0,"timestamp":1700000000000},"groupTopicMap":{"g1":["T1"]},' +
      '"offsetTable":{"T1@g1":{"0":3,"99":3}},"pullOffsetTable":{"T1@g1":{"0":5}}}',
  )
  offsets.state.saveIfChanged(broker.clock.now())
  expect(broker.disk.readFile(PATH).toString()).toBe(`{
\t"dataVersion":{
\t\t"counter":0,
\t\t"stateVersion":0,
\t\t"timestamp":1700000000000
\t},
\t"groupTopicMap":{
\t\t"g1":[
\t\t\t"T1"
\t\t]
\t},
\t"offsetTable":{
\t\t"T1@g1":{
\t\t\t0:3,
\t\t\t99:3
\t\t}
\t},
\t"pullOffsetTable":{
\t\t"T1@g1":{
\t\t\t0:5
\t\t}
\t}
}`)
})

test('consumerOffset.json is read back, with keys that are nobody’s, and without a version as 4.x wrote it', () => {
  const broker = withTopic()
  broker.disk.makeFolder('/store/config')
  broker.disk.writeFile(PATH, Buffer.from('{"offsetTable":{"T1@g1":{0:3,"1":4},"odd@key@x":{0:9},"T2@g2":{}}}'))
  broker.offsets.load()
  expect([broker.offsets.query('g1', 'T1', 0), broker.offsets.query('g1', 'T1', 1)]).toEqual([3, 4])
  expect([broker.offsets.topicsOf('g1'), broker.offsets.groupsOf('T2')]).toEqual([['T1'], ['g2']])
  expect(broker.offsets.dataVersion.counter).toBe(0)
  expect(broker.offsets.body().toString()).toContain('"odd@key@x":{"0":9}')
})

test('the version grows once per consumerOffsetUpdateVersionStep commits', () => {
  const { offsets } = withTopic('consumerOffsetUpdateVersionStep=3\n')
  const versions = Array.from({ length: 7 }, (_, i) => {
    offsets.commit('g1', 'T1', 0, i)
    return offsets.dataVersion.counter
  })
  expect(versions).toEqual([0, 0, 1, 1, 1, 2, 2])
})

test('offsets are cloned, merged and removed by group and by topic', () => {
  const { offsets } = withTopic()
  offsets.commit('g1', 'T1', 0, 3)
  offsets.commitPulled('g1', 'T1', 0, 4)
  offsets.clone('g1', 'g2', 'T1')
  offsets.clone('gX', 'g3', 'T1')
  offsets.commit('g1', 'T1', 0, 9)
  expect([offsets.query('g2', 'T1', 0), offsets.groupsOf('T1')]).toEqual([3, ['g1', 'g2']])
  expect([offsets.queryPulled('g1', 'T1', 0), offsets.queryPulled('g2', 'T1', 0)]).toEqual([4, 3])
  offsets.merge(new Map([['T2@g2', new Map([[5, 6]])]]), { counter: 4, stateVersion: 0, timestamp: 1 })
  expect([offsets.query('g2', 'T2', 5), offsets.dataVersion.counter]).toEqual([6, 4])
  offsets.removeGroup('g1')
  offsets.removeTopic('T2')
  expect([offsets.query('g1', 'T1', 0), offsets.query('g2', 'T2', 5)]).toEqual([-1, -1])
  offsets.removeStale((group, topic, queues) => group === 'g2' && topic === 'T1' && queues.get(0) === 3)
  expect(offsets.groupsOf('T1')).toEqual([])
})

test('no group stands behind the end of its queue: not after a start, a commit, or what a slave hears of its master', () => {
  const { offsets } = withTopic()
  offsets.commit('g1', 'T1', 0, 9)
  offsets.commit('g1', 'T1', 1, 3)
  let end = 5
  offsets.boundBy(() => end)
  expect(offsets.query('g1', 'T1', 0)).toBe(9)
  offsets.clampToEnds()
  expect([offsets.query('g1', 'T1', 0), offsets.query('g1', 'T1', 1)]).toEqual([5, 3])
  offsets.commit('g1', 'T1', 1, 8)
  expect(offsets.query('g1', 'T1', 1)).toBe(5)
  const fromMaster = new Map([['T1@g1', new Map([[0, 7]])]])
  const version = { counter: 4, stateVersion: 0, timestamp: 1 }
  expect([offsets.merge(fromMaster, version), offsets.query('g1', 'T1', 0)]).toEqual([false, 5])
  end = 7
  expect([offsets.merge(fromMaster, version), offsets.query('g1', 'T1', 0)]).toEqual([true, 7])
})
