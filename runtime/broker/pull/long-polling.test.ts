import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { bodiesOf, WholeBroker } from '../testing/whole-broker.ts'

/** A broker whose topic T exists and whose queue 0 has one message. */
async function started(settings = ''): Promise<WholeBroker> {
  const whole = await WholeBroker.start(settings)
  await whole.send('T', { body: 'zero' })
  return whole
}

test('a pull at the end of the queue is answered by the next message of that queue, in the turn it is written', async () => {
  const whole = await started()
  const held = whole.beginPull('T', { offset: 1 })
  await whole.send('T', { queueId: 1, body: 'elsewhere' })
  expect(held.isSettled()).toBe(false)
  await whole.send('T', { body: 'one' })
  expect(held.isSettled()).toBe(true)
  const answer = await held.promise
  expect([answer.code, answer.fields['nextBeginOffset'], bodiesOf(answer)]).toEqual([0, '2', ['one']])
})

test('a message that arrives in the very turn of the pull wakes it', async () => {
  const whole = await started()
  const send = whole.beginSend('T', { body: 'one' })
  const held = whole.beginPull('T', { offset: 1 })
  await whole.settle()
  expect([send.isSettled(), held.isSettled()]).toEqual([true, true])
  expect(bodiesOf(await held.promise)).toEqual(['one'])
})

test('without a message it is answered PULL_NOT_FOUND when its time is over', async () => {
  const whole = await started()
  const held = whole.beginPull('T', { offset: 1, suspendMs: 15_000 })
  await whole.settle()
  await whole.advance(14_900)
  expect(held.isSettled()).toBe(false)
  await whole.advance(600)
  expect(await held.promise).toMatchObject({ code: ResponseCode.PULL_NOT_FOUND, remark: 'OFFSET_OVERFLOW_ONE' })
})

test('messages with other tags do not wake it; when its time is over the offset moves past them', async () => {
  const whole = await started()
  const held = whole.beginPull('T', { offset: 1, tags: 'a || b' })
  await whole.settle()
  for (let i = 0; i < 100; i++) await whole.send('T', { properties: 'TAGS\x01c\x02' })
  expect(held.isSettled()).toBe(false)
  await whole.advance(15_500)
  expect(await held.promise).toMatchObject({
    code: ResponseCode.PULL_RETRY_IMMEDIATELY,
    remark: 'NO_MATCHED_MESSAGE',
    fields: { nextBeginOffset: '101' },
  })
  const wanted = whole.beginPull('T', { offset: 101, tags: 'a || b' })
  await whole.send('T', { properties: 'TAGS\x01b\x02', body: 'wanted' })
  expect(bodiesOf(await wanted.promise)).toEqual(['wanted'])
})

test('any number of pulls of one queue are woken, those of closed connections are dropped', async () => {
  const whole = await started()
  const held = Array.from({ length: 50 }, () => whole.beginPull('T', { offset: 1 }))
  await whole.settle()
  await whole.send('T', { body: 'one' })
  const answers = await Promise.all(held.map((one) => one.promise))
  expect(answers.map(bodiesOf)).toEqual(Array.from({ length: 50 }, () => ['one']))
  const lost = whole.beginPull('T', { offset: 2 })
  const gone = expect(lost.promise).rejects.toThrow('was lost')
  await whole.settle()
  for (const channel of whole.broker.server.channels) channel.destroy()
  await whole.settle()
  await gone
  await whole.advance(1000)
  await whole.send('T', { body: 'two' })
  expect(bodiesOf(await whole.pull('T', { offset: 2 }))).toEqual(['two'])
})

test('the number of held pulls is bounded', async () => {
  const whole = await started('pullThreadPoolQueueCapacity=2\n')
  const held = [whole.beginPull('T', { offset: 1 }), whole.beginPull('T', { offset: 1 })]
  expect(await whole.pull('T', { offset: 1 })).toMatchObject({
    code: ResponseCode.SYSTEM_BUSY,
    remark: '[OVERLOAD]system busy, start flow control for a while',
  })
  await whole.send('T')
  expect((await Promise.all(held.map((one) => one.promise))).map((answer) => answer.code)).toEqual([0, 0])
})

test('without the suspend flag, or with short polling, nobody waits long', async () => {
  const whole = await started('longPollingEnable=false\nshortPollingTimeMills=800\n')
  expect((await whole.pull('T', { offset: 1, sysFlag: 4 })).code).toBe(ResponseCode.PULL_NOT_FOUND)
  const held = whole.beginPull('T', { offset: 1 })
  await whole.settle()
  await whole.advance(1300)
  expect((await held.promise).code).toBe(ResponseCode.PULL_NOT_FOUND)
})

test.each([
  [{ offset: 5 }, ResponseCode.PULL_OFFSET_MOVED, 'OFFSET_OVERFLOW_BADLY', '1'],
  [{ offset: 7, queueId: 1 }, ResponseCode.PULL_OFFSET_MOVED, 'NO_MESSAGE_IN_QUEUE', '0'],
])('a pull of %j is answered %i', async (request, code, remark, next) => {
  const whole = await started()
  expect(await whole.pull('T', request)).toMatchObject({ code, remark, fields: { nextBeginOffset: next } })
})

test.each([
  [{ fields: { topic: 'Nowhere' } }, ResponseCode.TOPIC_NOT_EXIST, 'topic[Nowhere] not exist, apply first please! '],
  [{ queueId: 9 }, ResponseCode.INVALID_PARAMETER, 'queueId[9] is illegal, topic:[T] topicConfig.readQueueNums:[4]'],
  [{ fields: { consumerGroup: 'no good' } }, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, 'subscription group [no good]'],
  [{ sysFlag: 2 }, ResponseCode.SUBSCRIPTION_NOT_EXIST, "the consumer's group info not exist"],
  [{ fields: { expressionType: 'SQL92' } }, ResponseCode.SYSTEM_ERROR, 'filter message by SQL92'],
  [{ fields: { expressionType: 'SQL92', subscription: '' } }, ResponseCode.SUBSCRIPTION_PARSE_FAILED, 'parse the'],
])('a pull with %j is refused with %i', async (request, code, remark) => {
  const whole = await started()
  const answer = await whole.pull('T', request)
  expect(answer.code).toBe(code)
  expect(answer.remark).toContain(remark)
})

test('forbidden pulls say what forbids them', async () => {
  const whole = await started()
  const { topics, groups } = whole.broker.tables
  topics.update([{ ...topics.find('T')!, perm: 2, attributes: new Map() }])
  expect((await whole.pull('T')).fields['forbiddenType']).toBe('3')
  groups.update([{ ...groups.find('cg')!, consumeEnable: false, attributes: new Map() }])
  expect(await whole.pull('T')).toMatchObject({
    code: ResponseCode.NO_PERMISSION,
    remark: 'subscription group no permission, cg',
    fields: { forbiddenType: '2' },
  })
})

test('a subscription comes from heartbeats when the pull brings none, and must not be older than the pull', async () => {
  const whole = await started()
  const subscription = {
    topic: 'T',
    subString: 'a',
    tagsSet: ['a'],
    codeSet: [97],
    subVersion: 5,
    expressionType: 'TAG',
  }
  const consumer = {
    groupName: 'cg',
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    unitMode: false,
    subscriptionDataSet: [subscription],
  }
  const body = Buffer.from(JSON.stringify({ clientID: 'c@1', consumerDataSet: [consumer], producerDataSet: [] }))
  await whole.ask(RequestCode.HEART_BEAT, { body })
  await whole.send('T', { properties: 'TAGS\x01a\x02', body: 'wanted' })
  const answer = await whole.pull('T', { sysFlag: 2, fields: { subVersion: 5 } })
  expect(bodiesOf(answer)).toEqual(['wanted'])
  expect((await whole.pull('T', { sysFlag: 2, fields: { subVersion: 6 } })).code).toBe(
    ResponseCode.SUBSCRIPTION_NOT_LATEST,
  )
  const other = await whole.pull('T', { sysFlag: 2, fields: { topic: 'BenchmarkTest' } })
  expect(other.remark).toContain("the consumer's subscription not exist")
})

test('the commit flag stores the offset; a reset position is taken up once', async () => {
  const whole = await started()
  await whole.pull('T', { sysFlag: 7, fields: { commitOffset: 1 } })
  const { offsets } = whole.broker.tables
  expect([offsets.query('cg', 'T', 0), offsets.queryPulled('cg', 'T', 0)]).toEqual([1, 1])
  await whole.pull('T', { sysFlag: 6, fields: { commitOffset: 9 } })
  expect(offsets.query('cg', 'T', 0)).toBe(1)
})

test('a reset reaches a consumer that waits for messages at once, and nobody else', async () => {
  const whole = await started()
  const held = whole.beginPull('T', { offset: 1 })
  const other = whole.beginPull('T', { offset: 1, fields: { consumerGroup: 'other' } })
  await whole.settle()
  const fields = { topic: 'T', group: 'cg', timestamp: 0, isForce: true, queueId: 0, offset: 0 }
  expect((await whole.ask(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, { fields })).code).toBe(ResponseCode.SUCCESS)
  expect(held.isSettled()).toBe(true)
  expect(await held.promise).toMatchObject({
    code: ResponseCode.PULL_OFFSET_MOVED,
    remark: 'OFFSET_RESET',
    fields: { nextBeginOffset: '0' },
  })
  expect(other.isSettled()).toBe(false)
  await whole.send('T')
  expect((await other.promise).code).toBe(ResponseCode.SUCCESS)
})
