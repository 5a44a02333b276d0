import { expect, test } from 'vitest'
import { decodeProperties, encodeProperties } from '../../codec/message/properties.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { ServedClient } from '../testing/served-client.ts'
import { messagesOf, START_MS, WholeBroker } from '../testing/whole-broker.ts'

const TOPIC = 'DefaultCluster_REPLY_TOPIC'
const PROPERTIES = { CORRELATION_ID: 'c-1', REPLY_TO_CLIENT: 'asking', MSG_TYPE: 'reply', TTL: '3000' }
const FULL_NAMES: Record<string, string> = {
  a: 'producerGroup',
  b: 'topic',
  c: 'defaultTopic',
  d: 'defaultTopicQueueNums',
  e: 'queueId',
  f: 'sysFlag',
  g: 'bornTimestamp',
  h: 'flag',
  i: 'properties',
  j: 'reconsumeTimes',
}

function replyRequest(properties: Record<string, string> = PROPERTIES, more: Record<string, string | number> = {}) {
  const fields: Record<string, string | number> = {
    ...{ a: 'repliers', b: TOPIC, c: 'TBW102', d: 4, e: 0, f: 0, g: START_MS - 5, h: 7 },
    ...{ i: encodeProperties(Object.entries(properties)), j: 0, ...more },
  }
  return { fields, body: Buffer.from('the reply') }
}

async function started(settings = '') {
  const whole = await WholeBroker.start(settings)
  const asking = new ServedClient(whole, 'asking')
  asking.answer = () => ({ code: ResponseCode.SUCCESS })
  await asking.produceFor('requesters')
  return { whole, asking, replier: new ServedClient(whole, 'replier') }
}

test('a reply is pushed to the client that asked, and a copy is stored', async () => {
  const { whole, asking, replier } = await started()
  const answer = await replier.ask(RequestCode.SEND_REPLY_MESSAGE_V2, replyRequest())
  expect([answer.code, answer.remark, answer.fields['queueId'], answer.fields['queueOffset']]).toEqual([
    ResponseCode.SUCCESS,
    undefined,
    '0',
    '0',
  ])
  const [push] = asking.pushed
  expect([push?.code, push?.body?.toString()]).toEqual([RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, 'the reply'])
  const { properties = '', bornHost, ...fields } = push!.fields
  expect(Object.fromEntries(decodeProperties(properties))).toEqual({ ...PROPERTIES, PUSH_REPLY_TIME: String(START_MS) })
  expect(bornHost).toMatch(/^127\.0\.0\.1:\d+$/)
  expect(fields).toEqual({
    ...{ producerGroup: 'repliers', topic: TOPIC, defaultTopic: 'TBW102', defaultTopicQueueNums: '4', queueId: '0' },
    ...{ sysFlag: '0', bornTimestamp: String(START_MS - 5), flag: '7', reconsumeTimes: '0', unitMode: 'false' },
    ...{ storeHost: '127.0.0.1:10911', storeTimestamp: String(START_MS) },
  })
  const [copy] = messagesOf(await whole.pull(TOPIC))
  expect([copy?.body.toString(), copy?.msgId, copy?.flag]).toEqual(['the reply', answer.fields['msgId'], 7])
  expect(Object.fromEntries(copy!.properties)).toEqual(PROPERTIES)
})

test('the header may have full names; without a copy the answer has the id official brokers give', async () => {
  const { whole, asking, replier } = await started('storeReplyMessageEnable=false\n')
  const { fields, body } = replyRequest()
  const named = Object.fromEntries(Object.entries(fields).map(([letter, value]) => [FULL_NAMES[letter]!, value]))
  const answer = await replier.ask(RequestCode.SEND_REPLY_MESSAGE, { fields: named, body })
  expect([answer.code, answer.fields['msgId'], asking.pushed.length]).toEqual([ResponseCode.SUCCESS, '0', 1])
  expect(messagesOf(await whole.pull(TOPIC, { sysFlag: 4 }))).toEqual([])
})

test('who replies hears why the reply did not arrive', async () => {
  const { whole, asking, replier } = await started()
  const remarkOf = async (properties: Record<string, string>, more = {}) => {
    const { code, remark } = await replier.ask(RequestCode.SEND_REPLY_MESSAGE_V2, replyRequest(properties, more))
    return [code, remark]
  }
  const failed = ResponseCode.SYSTEM_ERROR
  expect(await remarkOf({})).toEqual([failed, 'reply message properties[REPLY_TO_CLIENT] is null'])
  expect(await remarkOf({ REPLY_TO_CLIENT: 'stranger' })).toEqual([
    failed,
    'push reply message fail, channel of <stranger> not found.',
  ])
  asking.answer = () => ({ code: 1, remark: 'process reply message fail' })
  expect(await remarkOf(PROPERTIES)).toEqual([failed, 'push reply message to askingfail. process reply message fail'])
  expect(await remarkOf(PROPERTIES, { b: 'nowhere' })).toEqual([
    ResponseCode.TOPIC_NOT_EXIST,
    'topic[nowhere] not exist, apply first please!',
  ])
  expect((await remarkOf(PROPERTIES, { e: 9 }))[0]).toBe(ResponseCode.INVALID_PARAMETER)
  await asking.leave()
  expect((await remarkOf(PROPERTIES))[1]).toBe('push reply message fail, channel of <asking> not found.')
  expect(messagesOf(await whole.pull(TOPIC)).length).toBe(4)
})

test('a client that does not answer costs the replier ten seconds, and nobody else anything', async () => {
  const { whole, asking } = await started()
  asking.answer = () => undefined
  const held = whole.begin(RequestCode.SEND_REPLY_MESSAGE_V2, replyRequest())
  await whole.settle()
  expect([asking.pushed.length, held.isSettled()]).toEqual([1, false])
  await whole.send('T')
  await whole.advance(10_100)
  expect(await held.promise).toMatchObject({ code: ResponseCode.SYSTEM_ERROR, fields: { queueOffset: '0' } })
})

test('a broker that may not be written to takes no replies', async () => {
  const { asking, replier } = await started('brokerPermission=4\n')
  const { code } = await replier.ask(RequestCode.SEND_REPLY_MESSAGE_V2, replyRequest())
  expect([code, asking.pushed.length]).toEqual([ResponseCode.NO_PERMISSION, 0])
})
