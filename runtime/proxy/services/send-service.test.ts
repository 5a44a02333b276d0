import { beforeEach, expect, test } from 'vitest'
import { decodeProperties } from '../../codec/message/properties.ts'
import { RealClock } from '../../io/real-clock.ts'
import { parseTransactionId } from '../messages/transaction-id.ts'
import { FakeGateway, proxyConf } from '../testing/fake-gateway.ts'
import { Encoding, MessageKind, WireMessage, type WireMessageDraft } from '../wire/definition.ts'
import { StatusCode } from '../wire/status-code.ts'
import { fromMs } from '../wire/time-types.ts'
import { SendService } from './send-service.ts'

const CALL = {
  ...{ clientId: 'c', clientVersion: '5.2.0', remoteHost: '192.0.2.7', localHost: '10.0.0.9', localPort: 8081 },
  remainingMs: 3000,
}
const HALF_MESSAGE_ID = '0A00000100002A9F0000000000001234'

let gateway: FakeGateway
let begun: string[]

beforeEach(() => {
  gateway = new FakeGateway()
  gateway.types.set('F', 'FIFO').set('D', 'DELAY').set('X', 'TRANSACTION').set('M', 'MIXED').set('L', 'LITE')
  gateway.answer = ({ fields }) => ({
    code: 0,
    fields: { msgId: HALF_MESSAGE_ID, queueOffset: '41', queueId: fields['e']!, transactionId: 'UNIQUE' },
  })
  begun = []
})

const service = (settings = {}) =>
  new SendService(gateway, proxyConf(settings), new RealClock(), (id, topic) => begun.push(`${id} ${topic}`))

type System = NonNullable<WireMessageDraft['systemProperties']>

function message(topic: string, system: System = {}, more: Partial<WireMessageDraft> = {}) {
  const draft: WireMessageDraft = {
    topic: { name: topic },
    body: Buffer.from('body'),
    systemProperties: { messageId: 'ID', messageType: MessageKind.normal, ...system },
    ...more,
  }
  return WireMessage.decode(WireMessage.encode(draft))
}

const refused = async (sent: ReturnType<typeof message>[], code: number, text: string, settings = {}) => {
  await expect(service(settings).send(CALL, sent)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(text),
  })
  expect(gateway.asked).toEqual([])
}

test('a message becomes SEND_MESSAGE_V2 with the properties that Apache’s proxy gives it', async () => {
  const born = fromMs(1_700_000_000_123)
  const sent = message(
    'T',
    { tag: 'red', keys: ['k1', 'k2'], bornTimestamp: born, traceContext: 'trace', bodyEncoding: Encoding.gzip },
    { userProperties: new Map([['own', 'value']]) },
  )
  const answer = await service().send(CALL, [sent])
  expect(answer).toEqual({
    status: { code: StatusCode.OK, message: 'OK' },
    entries: [
      {
        ...{ status: { code: StatusCode.OK, message: 'OK' }, messageId: 'ID', offset: 41, transactionId: 'UNIQUE' },
        recallHandle: '',
      },
    ],
  })
  const [asked] = gateway.asked
  expect(asked).toMatchObject({ code: 310, address: '10.0.0.1:10911', body: Buffer.from('body') })
  const { i, ...fields } = asked!.fields
  expect(fields).toEqual({
    ...{ a: 'T', b: 'T', c: 'TBW102', d: '4', e: '0', f: '1', g: '1700000000123', h: '0', j: '0', k: 'false' },
    ...{ m: 'false', n: 'a' },
  })
  expect(Object.fromEntries(decodeProperties(i!))).toEqual({
    ...{ own: 'value', TAGS: 'red', KEYS: 'k1 k2', UNIQ_KEY: 'ID', RECONSUME_TIME: '0', PGROUP: 'T' },
    ...{ TRACE_CONTEXT: 'trace', __BORNHOST: '192.0.2.7', BORN_TIMESTAMP: '1700000000123' },
  })
})

test('messages go round the queues; those of a group stay in one', async () => {
  const sender = service()
  for (let i = 0; i < 4; i++) await sender.send(CALL, [message('T')])
  expect(gateway.asked.map(({ fields }) => `${fields['n']}${fields['e']}`)).toEqual(['a0', 'a1', 'b0', 'b1'])
  gateway.asked.length = 0
  for (let i = 0; i < 3; i++) await sender.send(CALL, [message('F', { messageGroup: 'order-4711' })])
  expect(gateway.asked.map(({ fields }) => `${fields['n']}${fields['e']}`)).toEqual(['b1', 'b1', 'b1'])
})

test('a transaction is begun, and its id leads back to the half message', async () => {
  const recovery = { seconds: 60, nanos: 0 }
  const sent = message('X', { messageType: MessageKind.transaction, orphanedTransactionRecoveryDuration: recovery })
  const { entries } = await service().send(CALL, [sent])
  expect(parseTransactionId(entries[0]!.transactionId!)).toEqual({
    ...{ brokerId: 'UNIQUE', brokerName: 'a', queueOffset: 41, commitLogOffset: 0x1234 },
  })
  expect(begun).toEqual(['c X'])
  const properties = decodeProperties(gateway.asked[0]!.fields['i']!)
  expect(properties.get('TRAN_MSG')).toBe('true')
  expect(properties.get('CHECK_IMMUNITY_TIME_IN_SECONDS')).toBe('60')
  expect(gateway.asked[0]!.fields['f']).toBe('4')
})

test('a time of delivery is handed on, with a delay level where that is asked for', async () => {
  const at = Date.now() + 90_000
  await service({ useDelayLevel: true }).send(CALL, [message('D', { deliveryTimestamp: fromMs(at) })])
  const properties = decodeProperties(gateway.asked[0]!.fields['i']!)
  expect(properties.get('TIMER_DELIVER_MS')).toBe(String(at))
  expect(properties.get('DELAY')).toBe('6')
})

test('several messages go as a batch and get a result each', async () => {
  const { status, entries } = await service().send(CALL, [message('T'), message('T', { messageId: 'ID2' })])
  expect(status?.code).toBe(StatusCode.OK)
  expect(entries.map(({ messageId, offset }) => [messageId, offset])).toEqual([
    ['ID', 41],
    ['ID2', 42],
  ])
  expect(gateway.asked[0]).toMatchObject({ code: 320, fields: { m: 'true' } })
  gateway.asked.length = 0
  const late = { deliveryTimestamp: fromMs(Date.now() + 5000) }
  await refused([message('D', late), message('D', late)], StatusCode.BAD_REQUEST, 'one by one')
  const groups = [message('F', { messageGroup: 'a' }), message('F', { messageGroup: 'b' })]
  await refused(groups, StatusCode.BAD_REQUEST, 'several message groups')
})

test('what a broker keeps less safely than asked is said so; a refusal is a refusal', async () => {
  gateway.answer = () => ({ code: 12 })
  const { status, entries } = await service().send(CALL, [message('T')])
  expect(status?.code).toBe(StatusCode.SLAVE_PERSISTENCE_TIMEOUT)
  expect(entries[0]?.status?.message).toBe('send message failed, sendStatus=FLUSH_SLAVE_TIMEOUT')
  gateway.answer = () => ({ code: 2, remark: 'busy' })
  await expect(service().send(CALL, [message('T')])).rejects.toMatchObject({
    code: StatusCode.TOO_MANY_REQUESTS,
    message: 'busy',
  })
})

test('messages that may not be are refused with the official codes', async () => {
  const conflict = StatusCode.MESSAGE_PROPERTY_CONFLICT_WITH_TYPE
  await refused([], StatusCode.MESSAGE_CORRUPTED, 'no message to send')
  await refused([message('T'), message('F')], StatusCode.MESSAGE_CORRUPTED, 'topic in message is not same')
  await refused([message('F')], conflict, 'the expected type is FIFO, but actual type is NORMAL')
  await refused([message('T', { messageGroup: 'g' })], conflict, 'the expected type is NORMAL, but actual type is FIFO')
  await refused([message('absent')], conflict, 'expected type is UNSPECIFIED')
  await refused([message('absent')], StatusCode.TOPIC_NOT_FOUND, 'absent', { enableTopicMessageTypeCheck: false })
  await refused([message('T', {}, { body: Buffer.alloc(0) })], StatusCode.MESSAGE_BODY_EMPTY, 'cannot be empty')
  const long = message('T', {}, { body: Buffer.alloc(101) })
  await refused([long], StatusCode.MESSAGE_BODY_TOO_LARGE, 'cannot exceed the max 100', { maxMessageSize: 100 })
  await refused([message('T', { messageId: ' ' })], StatusCode.ILLEGAL_MESSAGE_ID, 'message id cannot be empty')
  await refused([message('T', { tag: 'a|b' })], StatusCode.ILLEGAL_MESSAGE_TAG, "tag cannot contain '|'")
  await refused([message('T', { tag: ' ' })], StatusCode.ILLEGAL_MESSAGE_TAG, 'whitespace')
  await refused([message('T', { keys: ['\x01'] })], StatusCode.ILLEGAL_MESSAGE_KEY, 'control character')
  await refused([message('F', { messageGroup: 'x'.repeat(64) })], StatusCode.ILLEGAL_MESSAGE_GROUP, 'max size 64')
  const late = message('D', { deliveryTimestamp: fromMs(Date.now() + 86_500_000) })
  await refused([late], StatusCode.ILLEGAL_DELIVERY_TIME, 'max is 86400000')
  const properties = (...entries: [string, string][]) => [message('T', {}, { userProperties: new Map(entries) })]
  const illegal = StatusCode.ILLEGAL_MESSAGE_PROPERTY_KEY
  await refused(properties(['UNIQ_KEY', 'x']), illegal, 'property is used by system: UNIQ_KEY')
  await refused(properties(['a\x02', 'x']), illegal, 'the key of property')
  await refused(properties(['a', 'x\x01']), illegal, 'the value of property')
  const large = StatusCode.MESSAGE_PROPERTIES_TOO_LARGE
  await refused(properties(['a', 'x'.repeat(100)]), large, 'max is 100', { maxUserPropertySize: 100 })
  await refused(properties(['a', 'x'], ['b', 'x']), large, 'too many user properties, max is 1', {
    userPropertyMaxNum: 1,
  })
  for (const [liteTopic, why] of [
    [' ', 'whitespace'],
    ['a$b', 'can only contain alphanumeric characters'],
    ['x'.repeat(65), 'exceed the max size 64'],
  ] as const) {
    await refused([message('T', { liteTopic })], StatusCode.ILLEGAL_LITE_TOPIC, why)
  }
  const type = StatusCode.MESSAGE_PROPERTY_CONFLICT_WITH_TYPE
  await refused([message('T', { liteTopic: 'l' })], type, 'the expected type is NORMAL, but actual type is LITE')
  await refused([message('L')], type, 'the expected type is LITE, but actual type is NORMAL')
  const recovery = { seconds: 3601, nanos: 0 }
  const slow = message('X', { messageType: MessageKind.transaction, orphanedTransactionRecoveryDuration: recovery })
  await refused([slow], StatusCode.BAD_REQUEST, 'max is 3600')
})

test('messages of a lite topic go to one queue, and say which it is', async () => {
  for (const liteTopic of ['a', 'a', 'b', 'a']) await service().send(CALL, [message('L', { liteTopic })])
  const places = gateway.asked.map(({ address, fields }) => `${address} ${fields['e']}`)
  expect(places[0]).toBe(places[1])
  expect(places[0]).toBe(places[3])
  expect(decodeProperties(gateway.asked[2]!.fields['i']!).get('__LITE_TOPIC')).toBe('b')
})
