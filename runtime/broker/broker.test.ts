import { expect, test } from 'vitest'
import { decodeMessageId } from '../codec/message/message-id.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { bodiesOf, messagesOf, START_MS, WholeBroker } from './testing/whole-broker.ts'

const KEY = '7F00000100015CE10123456789012345'

test.each([0, 1] as const)(
  'a message sent with serialization %i is stored and answered as official brokers do',
  async (serializeType) => {
    const whole = await WholeBroker.start()
    const sent = await whole.send('T', { properties: `UNIQ_KEY\x01${KEY}\x02TAGS\x01a\x02`, queueId: 3, serializeType })
    expect(sent).toMatchObject({ code: 0, flag: 1, serializeType, remark: undefined })
    expect(sent.fields).toEqual({
      MSG_REGION: 'DefaultRegion',
      TRACE_ON: 'true',
      msgId: '7F00000100002A9F0000000000000000',
      queueId: '3',
      queueOffset: '0',
      transactionId: KEY,
    })
    const pulled = await whole.pull('T', { queueId: 3 })
    expect(pulled).toMatchObject({ code: 0, remark: 'FOUND' })
    expect(pulled.fields).toEqual({
      groupSysFlag: '0',
      maxOffset: '1',
      minOffset: '0',
      nextBeginOffset: '1',
      suggestWhichBrokerId: '0',
      topicSysFlag: '0',
    })
    const [message] = messagesOf(pulled)
    expect(message).toMatchObject({
      topic: 'T',
      queueId: 3,
      queueOffset: 0,
      storeHost: '127.0.0.1:10911',
      bornTimestampMs: START_MS - 5,
      storeTimestampMs: START_MS,
      reconsumeTimes: 0,
    })
    expect(message!.bornHost).toMatch(/^127\.0\.0\.1:40\d\d\d$/)
    expect([...message!.properties]).toEqual([
      ['UNIQ_KEY', KEY],
      ['TAGS', 'a'],
      ['MSG_REGION', 'DefaultRegion'],
      ['TRACE_ON', 'true'],
      ['CLUSTER', 'DefaultCluster'],
    ])
  },
)

test('long field names, a missing unique key, a chosen queue', async () => {
  const whole = await WholeBroker.start()
  const sent = await whole.ask(RequestCode.SEND_MESSAGE, {
    fields: {
      producerGroup: 'pg',
      topic: 'T',
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 2,
      queueId: -1,
      sysFlag: 0,
      bornTimestamp: START_MS,
      flag: 7,
    },
    body: Buffer.from('x'),
  })
  expect(sent.code).toBe(0)
  expect(Number(sent.fields['queueId'])).toBeLessThan(2)
  expect(sent.fields['transactionId']).toMatch(/^7F000001[0-9A-F]{24}$/)
  expect(whole.broker.tables.topics.find('T')).toMatchObject({ readQueueNums: 2, writeQueueNums: 2, perm: 6 })
})

test.each([
  ['no such topic!', {}, ResponseCode.INVALID_PARAMETER, 'contains illegal characters'],
  [
    'SCHEDULE_TOPIC_XXXX',
    {},
    ResponseCode.NO_PERMISSION,
    'Sending message to topic[SCHEDULE_TOPIC_XXXX] is forbidden.',
  ],
  ['T', { fields: { c: 'Nowhere' } }, ResponseCode.TOPIC_NOT_EXIST, 'topic[T] not exist, apply first please!'],
  ['T', { queueId: 4 }, ResponseCode.INVALID_PARAMETER, 'request queueId[4] is illegal'],
  ['T', { fields: { e: 'x' } }, ResponseCode.SYSTEM_ERROR, 'the custom field <queueId> is not a whole number: x'],
  ['T', { properties: 'TIMER_DELAY_SEC\x01x\x02' }, ResponseCode.MESSAGE_ILLEGAL, 'timer message illegal'],
  ['T', { properties: `K\x01${'v'.repeat(32_800)}\x02` }, ResponseCode.MESSAGE_ILLEGAL, 'the message is illegal'],
  ['%RETRY%g', {}, ResponseCode.SUCCESS, ''],
])('send to %s is answered as official brokers do (case %#)', async (topic, message, code, remark) => {
  const whole = await WholeBroker.start()
  const sent = await whole.send(topic, message)
  expect(sent.code).toBe(code)
  expect(sent.remark ?? '').toContain(remark)
})

test('a field that must be there is named when it is not', async () => {
  const whole = await WholeBroker.start()
  const sent = await whole.ask(RequestCode.SEND_MESSAGE_V2, { fields: { a: 'g', b: 'T' } })
  expect([sent.code, sent.remark]).toEqual([ResponseCode.SYSTEM_ERROR, 'the custom field <c> is null'])
})

test('a body beyond maxMessageSize is refused and harms nothing', async () => {
  const whole = await WholeBroker.start('maxMessageSize=100\n')
  expect((await whole.send('T', { body: 'x'.repeat(101) })).code).toBe(ResponseCode.MESSAGE_ILLEGAL)
  expect((await whole.send('T', { body: 'x'.repeat(100) })).fields['queueOffset']).toBe('0')
})

test('a batch becomes messages of their own, answered with all their ids', async () => {
  const whole = await WholeBroker.start()
  const part = (body: string, properties: string) => {
    const bytes = Buffer.alloc(22 + body.length + properties.length)
    bytes.writeInt32BE(bytes.length, 0)
    bytes.writeInt32BE(body.length, 16)
    bytes.write(body, 20)
    bytes.writeInt16BE(properties.length, 20 + body.length)
    bytes.write(properties, 22 + body.length)
    return bytes
  }
  const parts = [part('one', 'UNIQ_KEY\x01k1\x02'), part('two', 'UNIQ_KEY\x01k2\x02TAGS\x01b\x02')]
  const fields = { a: 'g', b: 'T', c: 'TBW102', d: 4, e: 1, f: 0, g: 1, h: 0, i: 'UNIQ_KEY\x01batch\x02', m: true }
  const sent = await whole.ask(RequestCode.SEND_BATCH_MESSAGE, { fields, body: Buffer.concat(parts) })
  expect(sent.code).toBe(0)
  expect(sent.fields['transactionId']).toBe('batch')
  const ids = sent.fields['msgId']!.split(',').map((id) => decodeMessageId(id)!.phyOffset)
  const found = messagesOf(await whole.pull('T', { queueId: 1 }))
  expect(found.map(({ body, phyOffset, queueOffset }) => [body.toString(), phyOffset, queueOffset])).toEqual([
    ['one', ids[0], 0],
    ['two', ids[1], 1],
  ])
  const cut = await whole.ask(RequestCode.SEND_BATCH_MESSAGE, { fields, body: Buffer.concat(parts).subarray(0, 40) })
  expect([cut.code, cut.remark]).toEqual([ResponseCode.MESSAGE_ILLEGAL, 'message 2 of the batch is cut off'])
  expect((await whole.pull('T', { queueId: 1 })).fields['maxOffset']).toBe('2')
})

test('with SYNC_FLUSH the answer waits for the flush, unless WAIT=false; then FLUSH_DISK_TIMEOUT', async () => {
  const whole = await WholeBroker.start('flushDiskType=SYNC_FLUSH\nsyncFlushTimeout=500\n', { syncs: 'manual' })
  const waiting = whole.beginSend('T')
  await whole.settle()
  expect((await whole.send('T', { properties: 'WAIT\x01false\x02' })).fields['queueOffset']).toBe('1')
  expect(waiting.isSettled()).toBe(false)
  while (whole.disk.completeSyncs() > 0) await whole.settle()
  expect((await waiting.promise).code).toBe(0)
  const late = whole.beginSend('T')
  await whole.settle()
  await whole.advance(400)
  expect(late.isSettled()).toBe(false)
  await whole.advance(300)
  expect(await late.promise).toMatchObject({ code: ResponseCode.FLUSH_DISK_TIMEOUT, fields: { queueOffset: '2' } })
})

test('a SYNC_MASTER without slaves says SLAVE_NOT_AVAILABLE and keeps the message', async () => {
  const whole = await WholeBroker.start('brokerRole=SYNC_MASTER\n')
  expect((await whole.send('T')).code).toBe(ResponseCode.SLAVE_NOT_AVAILABLE)
  expect((await whole.send('T', { properties: 'WAIT\x01false\x02' })).code).toBe(0)
  expect(bodiesOf(await whole.pull('T'))).toEqual(['hello', 'hello'])
})

test('a batch that cannot be written is refused, and the next one goes on', async () => {
  const whole = await WholeBroker.start()
  await whole.send('T', { body: 'first' })
  whole.disk.fail({ nth: 1, operations: ['write'], path: /commitlog/, code: 'ENOSPC' })
  expect((await whole.send('T', { body: 'lost' })).code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
  expect((await whole.send('T', { body: 'second' })).fields['queueOffset']).toBe('1')
  expect(bodiesOf(await whole.pull('T'))).toEqual(['first', 'second'])
})

test('a slave turns senders away', async () => {
  const whole = await WholeBroker.start('brokerRole=SLAVE\nbrokerId=1\n')
  const busy = { code: ResponseCode.SYSTEM_BUSY, remark: '[REJECTREQUEST]system busy, start flow control for a while' }
  expect(await whole.send('T')).toMatchObject(busy)
  expect(await whole.pull('T')).toMatchObject(busy)
})

test('messages survive a restart and are found by key, id and time', async () => {
  const whole = await WholeBroker.start()
  await whole.send('T', { body: 'a', properties: `UNIQ_KEY\x01${KEY}\x02KEYS\x01k1 k2\x02` })
  await whole.advance(1000)
  await whole.send('T', { body: 'b' })
  await whole.restart()
  const range = { topic: 'T', maxNum: 32, beginTimestamp: 0, endTimestamp: Number.MAX_SAFE_INTEGER }
  const ask = (code: number, fields: Record<string, string | number | boolean>) => whole.ask(code, { fields })
  expect(bodiesOf(await ask(RequestCode.QUERY_MESSAGE, { ...range, key: 'k2' }))).toEqual(['a'])
  expect(bodiesOf(await ask(RequestCode.QUERY_MESSAGE, { ...range, key: KEY, _UNIQUE_KEY_QUERY: true }))).toEqual(['a'])
  expect(await ask(RequestCode.QUERY_MESSAGE, { ...range, key: 'k3' })).toMatchObject({
    code: ResponseCode.QUERY_NOT_FOUND,
    remark: 'can not find message, maybe time range not correct',
  })
  expect(bodiesOf(await ask(RequestCode.VIEW_MESSAGE_BY_ID, { offset: 0 }))).toEqual(['a'])
  expect((await ask(RequestCode.VIEW_MESSAGE_BY_ID, { offset: 7 })).remark).toBe(
    'can not find message by the offset, 7',
  )
  const queue = { topic: 'T', queueId: 0 }
  const offset = async (code: number, more = {}) => (await ask(code, { ...queue, ...more })).fields['offset']
  expect(await offset(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, { timestamp: START_MS + 500 })).toBe('1')
  const upper = { timestamp: START_MS + 500, boundaryType: 'upper' }
  expect(await offset(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, upper)).toBe('0')
  expect(await offset(RequestCode.GET_MAX_OFFSET)).toBe('2')
  expect(await offset(RequestCode.GET_MIN_OFFSET)).toBe('0')
  const earliest = await ask(RequestCode.GET_EARLIEST_MSG_STORETIME, queue)
  expect(earliest.fields['timestamp']).toBe(String(START_MS))
})

test('messages that an earlier timer of the same turn has staged are written before the store is looked after', async () => {
  const whole = await WholeBroker.start()
  await whole.send('T', { body: 'first' })
  await whole.advance(90)
  const sending = whole.beginSend('T', { body: 'second' })
  await new Promise(setImmediate)
  whole.clock.finishTurn()
  whole.network.deliver()
  whole.clock.advance(10)
  await whole.settle()
  expect((await sending.promise).code).toBe(ResponseCode.SUCCESS)
})
