import { afterEach, expect, test } from 'vitest'
import { parseJson } from '../../codec/json/parse-json.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import type { RemotingCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { LogicQueueItem } from '../../codec/static-topic/logic-queue-item.ts'
import { createNetContext } from '../../net/net-context.ts'
import { RemotingServer } from '../../net/remoting-server.ts'
import { silentLogger } from '../../observe/logger.ts'
import { bodiesOf, messagesOf, WholeBroker } from '../testing/whole-broker.ts'

const TOPIC = 'S'
const SETTINGS = 'namesrvAddr=127.0.0.1:9876\nautoCreateTopicEnable=false\n'
const PORTS = { a: 10911, b: 10921 }
const { SUCCESS, NOT_LEADER_FOR_QUEUE, PULL_NOT_FOUND, PULL_OFFSET_MOVED, PULL_RETRY_IMMEDIATELY } = ResponseCode

const stopped: WholeBroker[] = []
afterEach(() => {
  for (const one of stopped.splice(0)) one.broker.abandon()
})

type Stretch = [broker: string, queueId: number, logicOffset: number]

/** Brokers a and b, and a name server that knows where they are. */
async function cluster(more = ''): Promise<{ a: WholeBroker; b: WholeBroker }> {
  const a = await WholeBroker.start(`${SETTINGS}${more}`)
  const b = await WholeBroker.start(`${SETTINGS}${more}brokerName=broker-b\nlistenPort=${PORTS.b}\n`, {}, a)
  stopped.push(a, b)
  const names = new RemotingServer(createNetContext(a.clock, a.network, silentLogger), { idleTimeoutMs: 120_000 })
  const group = (name: 'a' | 'b') => ({
    brokerName: `broker-${name}`,
    cluster: 'C',
    brokerAddrs: new Map([[0, `127.0.0.1:${PORTS[name]}`]]),
  })
  const info = { brokerAddrTable: { 'broker-a': group('a'), 'broker-b': group('b') }, clusterAddrTable: {} }
  names.handle(RequestCode.GET_BROKER_CLUSTER_INFO, () => ({ code: SUCCESS, body: encodeJson(info) }))
  names.handle(RequestCode.REGISTER_BROKER, () => ({ code: SUCCESS }))
  await names.listen({ host: '127.0.0.1', port: 9876 })
  return { a, b }
}

function stretches(list: readonly Stretch[]): LogicQueueItem[] {
  const rest = { startOffset: 0, endOffset: -1, timeOfStart: -1, timeOfEnd: -1 }
  return list.map(([name, queueId, logicOffset], gen) => ({
    ...rest,
    gen,
    queueId,
    bname: `broker-${name}`,
    logicOffset,
  }))
}

/** Tells a broker what its queues are: `queues` by the number clients use. */
function map(
  broker: WholeBroker,
  name: 'a' | 'b',
  epoch: number,
  queues: Record<number, readonly Stretch[]>,
  fields: Record<string, boolean> = {},
): Promise<RemotingCommand> {
  const hostedQueues = new Map(Object.entries(queues).map(([id, list]) => [Number(id), stretches(list)]))
  const detail = { topic: TOPIC, bname: `broker-${name}`, scope: '__global__', totalQueues: 2, epoch, dirty: false }
  return broker.ask(RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC, {
    fields: {
      ...{ topic: TOPIC, defaultTopic: 'TBW102', readQueueNums: 2, writeQueueNums: 2, perm: 6 },
      ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false, ...fields },
    },
    body: encodeJson({ ...detail, currIdMap: new Map(), hostedQueues }),
  })
}

const queue = (broker: WholeBroker, code: number, queueId: number, fields: Record<string, string | number> = {}) =>
  broker.ask(code, { fields: { topic: TOPIC, consumerGroup: 'cg', queueId, ...fields } })

const offsetOf = async (answer: Promise<RemotingCommand>) => Number((await answer).fields['offset'])

test('messages go to the queue that a queue of the topic is here; answers have the numbers that clients use', async () => {
  const { a, b } = await cluster()
  expect((await map(a, 'a', 5, { 1: [['a', 0, 0]] })).code).toBe(SUCCESS)
  expect((await map(b, 'b', 5, { 0: [['b', 1, 0]] })).code).toBe(SUCCESS)
  for (const body of ['m0', 'm1']) {
    const { code, fields } = await a.send(TOPIC, { queueId: 1, body })
    expect([code, fields['queueId'], fields['queueOffset']]).toEqual([SUCCESS, '1', body.slice(1)])
  }
  const refused = await a.send(TOPIC, { queueId: 0 })
  expect([refused.code, refused.remark]).toEqual([
    NOT_LEADER_FOR_QUEUE,
    'S-0 does not exit in request process of current broker broker-a',
  ])
  expect((await a.pull(TOPIC, { queueId: 0 })).code).toBe(NOT_LEADER_FOR_QUEUE)
  const pulled = await a.pull(TOPIC, { queueId: 1 })
  expect([bodiesOf(pulled), pulled.fields['offsetDelta'], pulled.fields['nextBeginOffset']]).toEqual([
    ['m0', 'm1'],
    '0',
    '2',
  ])
  expect(messagesOf(pulled)[0]!.queueId).toBe(0)
  expect(await offsetOf(queue(a, RequestCode.GET_MAX_OFFSET, 1))).toBe(2)
  expect((await queue(b, RequestCode.GET_MAX_OFFSET, 1)).code).toBe(NOT_LEADER_FOR_QUEUE)
  expect((await queue(a, RequestCode.GET_MAX_OFFSET, 0, { lo: 'false' })).fields['offset']).toBe('2')
})

test('a queue that went to another broker is one queue to its consumers, with all messages and offsets', async () => {
  const { a, b } = await cluster()
  await map(a, 'a', 5, { 0: [['a', 0, 0]] })
  for (const body of ['m0', 'm1', 'm2']) await a.send(TOPIC, { queueId: 0, body })
  await a.pull(TOPIC, { queueId: 0 })
  await queue(a, RequestCode.UPDATE_CONSUMER_OFFSET, 0, { commitOffset: 2 })
  // As mqadmin does it: the new broker may be written to, the old one not, then it is decided where the new stretch begins.
  await map(b, 'b', 2000, {
    0: [
      ['a', 0, 0],
      ['b', 1, -1],
    ],
  })
  expect((await b.send(TOPIC, { queueId: 0, body: 'n0' })).fields['queueOffset']).toBe('-1')
  await map(a, 'a', 2000, {
    0: [
      ['a', 0, 0],
      ['b', 1, -1],
    ],
  })
  expect((await a.send(TOPIC, { queueId: 0 })).code).toBe(NOT_LEADER_FOR_QUEUE)
  const end = await b.pull(TOPIC, { queueId: 0, offset: 3 })
  expect([end.code, end.fields['nextBeginOffset']]).toEqual([PULL_NOT_FOUND, '3'])
  const final = { 0: [['a', 0, 0] as Stretch, ['b', 1, 10_000] as Stretch] }
  expect((await map(b, 'b', 2000, final)).code).toBe(SUCCESS)
  await map(a, 'a', 2000, final)
  expect((await b.send(TOPIC, { queueId: 0, body: 'n1' })).fields['queueOffset']).toBe('10001')

  expect(await offsetOf(queue(b, RequestCode.QUERY_CONSUMER_OFFSET, 0))).toBe(2)
  const old = await b.pull(TOPIC, { queueId: 0, offset: 2 })
  expect([bodiesOf(old), old.fields['nextBeginOffset'], old.fields['maxOffset']]).toEqual([['m2'], '3', '10000'])
  const moved = await b.pull(TOPIC, { queueId: 0, offset: 3 })
  expect([moved.code, moved.fields['nextBeginOffset']]).toEqual([PULL_RETRY_IMMEDIATELY, '10000'])
  const next = await b.pull(TOPIC, { queueId: 0, offset: 10_000 })
  expect([bodiesOf(next), next.fields['nextBeginOffset'], next.fields['offsetDelta']]).toEqual([
    ['n0', 'n1'],
    '10002',
    '10000',
  ])
  expect(await offsetOf(queue(b, RequestCode.GET_MIN_OFFSET, 0))).toBe(0)
  expect(await offsetOf(queue(b, RequestCode.GET_MAX_OFFSET, 0))).toBe(10_002)
  expect(Number((await queue(b, RequestCode.GET_EARLIEST_MSG_STORETIME, 0)).fields['timestamp'])).toBe(a.clock.now())
  await queue(b, RequestCode.UPDATE_CONSUMER_OFFSET, 0, { commitOffset: 3 })
  expect(await offsetOf(queue(a, RequestCode.QUERY_CONSUMER_OFFSET, 0, { lo: 'false' }))).toBe(3)
  await queue(b, RequestCode.UPDATE_CONSUMER_OFFSET, 0, { commitOffset: 10_001 })
  expect(await offsetOf(queue(b, RequestCode.QUERY_CONSUMER_OFFSET, 0))).toBe(10_001)
})

test('the first half of a transaction is answered with its own offset, by which the transaction is ended', async () => {
  const { a } = await cluster()
  await map(
    a,
    'a',
    5,
    {
      0: [
        ['b', 0, 0],
        ['a', 1, 10_000],
      ],
    },
    {},
  )
  const half = await a.send(TOPIC, { queueId: 0, properties: 'TRAN_MSG\x01true\x02PGROUP\x01pg\x02UNIQ_KEY\x01k' })
  expect([half.code, half.fields['queueId'], half.fields['queueOffset']]).toEqual([SUCCESS, '0', '0'])
  const batch = Buffer.alloc(22 + 1)
  batch.writeInt32BE(23, 0)
  batch.writeInt32BE(1, 16)
  const sent = await a.send(TOPIC, { queueId: 0, body: batch, fields: { m: true } })
  expect([sent.fields['queueId'], sent.fields['queueOffset']]).toEqual(['0', '10000'])
})

test('a time is looked for in one stretch after the other', async () => {
  const { a, b } = await cluster()
  await map(a, 'a', 5, { 0: [['a', 0, 0]] })
  await a.send(TOPIC, { queueId: 0 })
  await a.advance(1000)
  const second = a.clock.now()
  await a.send(TOPIC, { queueId: 0 })
  await map(b, 'b', 2000, {
    0: [
      ['a', 0, 0],
      ['b', 0, 10_000],
    ],
  })
  await a.advance(1000)
  await b.send(TOPIC, { queueId: 0 })
  const search = (timestamp: number) => offsetOf(queue(b, RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, 0, { timestamp }))
  expect(await search(0)).toBe(0)
  expect(await search(second)).toBe(1)
  expect(await search(second + 1)).toBe(10_000)
})

test('in the hours of deleteWhen stretches without messages go', async () => {
  const { a, b } = await cluster(`deleteWhen=${Array.from({ length: 24 }, (_, hour) => hour).join(';')}\n`)
  await map(a, 'a', 5, { 0: [['a', 0, 0]] })
  const moved: Stretch[] = [
    ['a', 0, 0],
    ['b', 0, 10_000],
  ]
  await map(b, 'b', 2000, { 0: moved })
  for (let minute = 0; minute < 5; minute++) await b.advance(60_000)
  const detail = b.broker.tables.mappings.find(TOPIC)!
  expect([...detail.hostedQueues.values()]).toEqual([[stretches(moved)[1]]])
})

test('a pull that waits is told to ask again when its queue goes elsewhere', async () => {
  const { a } = await cluster()
  await map(a, 'a', 5, { 0: [['a', 1, 0]] })
  const held = a.beginPull(TOPIC, { queueId: 0 })
  await a.settle()
  expect(held.isSettled()).toBe(false)
  await map(a, 'a', 2000, {
    0: [
      ['a', 1, 0],
      ['b', 0, -1],
    ],
  })
  await a.settle()
  const { code, fields } = await held.promise
  expect([code, fields['nextBeginOffset']]).toEqual([PULL_RETRY_IMMEDIATELY, '0'])
})

test('pulls beyond the end and before the beginning of a queue that never moved', async () => {
  const { a } = await cluster()
  await map(a, 'a', 5, { 0: [['a', 1, 0]] })
  await a.send(TOPIC, { queueId: 0 })
  const beyond = await a.pull(TOPIC, { queueId: 0, offset: 7 })
  expect([beyond.code, beyond.fields['nextBeginOffset']]).toEqual([PULL_OFFSET_MOVED, '1'])
  const held = a.beginPull(TOPIC, { queueId: 0, offset: 1 })
  await a.settle()
  expect(held.isSettled()).toBe(false)
  await a.send(TOPIC, { queueId: 0, body: 'late' })
  expect(bodiesOf(await held.promise)).toEqual(['late'])
})

test('what cannot be a mapping is refused and changes nothing; tools see what is there', async () => {
  const { a } = await cluster()
  expect((await map(a, 'b', 5, { 0: [['b', 0, 0]] })).remark).toContain('is one of broker broker-b, this is broker-a')
  expect(
    (
      await map(a, 'a', 5, {
        0: [
          ['b', 0, -1],
          ['a', 0, 9],
        ],
      })
    ).remark,
  ).toContain('negative logic offset')
  expect((await a.send(TOPIC)).code).toBe(ResponseCode.TOPIC_NOT_EXIST)
  await map(a, 'a', 5, { 0: [['a', 0, 0]], 1: [['a', 1, 0]] })
  expect((await map(a, 'a', 4, {})).remark).toBe("Can't accept data with small epoch 4 < 5")
  expect((await map(a, 'a', 5, { 0: [['a', 0, 0]] })).remark).toBe('Cannot accept equal epoch with null data')
  expect(
    (
      await map(a, 'a', 5, {
        0: [
          ['a', 0, 0],
          ['b', 0, 9],
        ],
        1: [['a', 1, 0]],
      })
    ).remark,
  ).toContain('new leader')
  expect((await map(a, 'a', 9, { 0: [['a', 1, 0]] })).remark).toContain('cannot become')
  expect((await map(a, 'a', 4, { 0: [['a', 0, 0]] }, { force: true })).code).toBe(SUCCESS)
  const read = async (fields: object) =>
    parseJson((await a.ask(RequestCode.GET_TOPIC_CONFIG, { fields: { topic: TOPIC, ...fields } })).body!.toString())
  expect(await read({})).not.toHaveProperty('mappingDetail')
  expect(await read({ lo: true })).toMatchObject({
    mappingDetail: { bname: 'broker-a', epoch: 4, hostedQueues: { 0: [{ queueId: 0 }], 1: [{ queueId: 1 }] } },
  })
  const all = parseJson((await a.ask(RequestCode.GET_ALL_TOPIC_CONFIG)).body!.toString())
  expect(all).toMatchObject({ topicQueueMappingDetailMap: { S: { epoch: 4 } }, mappingDataVersion: { counter: 2 } })
})

test('topicQueueMapping.json is there after a restart, and without the topic when it was deleted', async () => {
  const { a } = await cluster()
  expect(a.disk.stat('/store/config/topicQueueMapping.json')).toBeUndefined()
  await map(a, 'a', 5, { 0: [['a', 1, 0]] })
  await a.send(TOPIC, { queueId: 0, body: 'kept' })
  await a.restart()
  expect(bodiesOf(await a.pull(TOPIC, { queueId: 0 }))).toEqual(['kept'])
  await a.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { fields: { topic: TOPIC } })
  const file = a.disk.readFile('/store/config/topicQueueMapping.json').toString()
  expect(file).toMatch(/^\{\n\t"dataVersion":\{\n\t\t"counter":2,[^}]*\},\n\t"topicQueueMappingInfoMap":\{\}\n\}$/)
})
