import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { PopClient, type Popped } from '../testing/pop-client.ts'
import { WholeBroker } from '../testing/whole-broker.ts'

type Fields = Readonly<Record<string, string | number | boolean>>

/** A broker whose topic T has two messages in queue 0 and two in queue 1. */
async function started(settings = ''): Promise<{ whole: WholeBroker; client: PopClient }> {
  const whole = await WholeBroker.start(settings)
  for (const [i, body] of ['zero', 'one', 'two', 'three'].entries()) {
    await whole.send('T', { body, queueId: i % 2, properties: `TAGS\x01${i % 2 ? 'odd' : 'even'}\x02n\x01${i}\x02` })
  }
  return { whole, client: new PopClient(whole) }
}

const bodies = (messages: readonly Popped[]): string[] => messages.map(({ body }) => body).sort()

async function pass(whole: WholeBroker, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) await whole.advance(100)
}

function ask(whole: WholeBroker, code: number, more: Fields = {}) {
  const fields = { consumerGroup: 'cg', topic: 'T', queueId: -1, bornTime: whole.clock.now(), ...more }
  return whole.ask(code, { fields })
}

test('a pop may ask for one queue, for few messages, for those with tags or of an expression', async () => {
  const { whole, client } = await started()
  expect(bodies(await client.pop({ queueId: 1, maxMsgNums: 1 }))).toEqual(['one'])
  const other = new PopClient(whole, 'tags')
  expect(bodies(await other.pop({ exp: 'even', expType: 'TAG' }))).toEqual(['two', 'zero'])
  const third = new PopClient(whole, 'sql')
  expect(bodies(await third.pop({ exp: 'n > 1', expType: 'SQL92' }))).toEqual(['three', 'two'])
  const bad = await third.answer({ exp: 'n >', expType: 'SQL92' })
  expect(bad.code).toBe(ResponseCode.SUBSCRIPTION_PARSE_FAILED)
})

test('several messages are acknowledged by one request; what else it names does no harm', async () => {
  const { whole, client } = await started()
  const [first] = await client.pop({ queueId: 1 })
  const [so, pt, it, rq] = first!.handle.split(' ').map(Number)
  const entry = { c: 'cg', t: 'T', q: 1, so, pt, it, rq, r: '0', b: Buffer.from([0b11110011]).toString('base64') }
  const body = Buffer.from(JSON.stringify({ brokerName: 'broker-a', acks: [entry] }))
  expect((await whole.ask(RequestCode.BATCH_ACK_MESSAGE, { body })).code).toBe(ResponseCode.SUCCESS)
  await pass(whole, 12_000)
  expect(await client.pop({ queueId: 1 })).toEqual([])
  expect((await whole.ask(RequestCode.BATCH_ACK_MESSAGE)).code).toBe(ResponseCode.NO_MESSAGE)
  const forged = Buffer.from(JSON.stringify({ acks: [{ ...entry, rq: 77 }] }))
  expect((await whole.ask(RequestCode.BATCH_ACK_MESSAGE, { body: forged })).code).toBe(ResponseCode.MESSAGE_ILLEGAL)
})

test.each([
  [{ extraInfo: 'forged' }, ResponseCode.MESSAGE_ILLEGAL, 'has 1 fields, at least 7 are expected'],
  [{ extraInfo: '0 x 1 0 0 broker-a 1' }, ResponseCode.MESSAGE_ILLEGAL, 'has "x" where a number is expected'],
  [{ extraInfo: '0 1 1 8 0 broker-a 1' }, ResponseCode.MESSAGE_ILLEGAL, 'names revive queue 8 of 8'],
  [{ extraInfo: '0 1 1 0 0 broker-a 0' }, ResponseCode.MESSAGE_ILLEGAL, 'is of queue 0, not of 1'],
  [{ extraInfo: '1 1 1 0 0 broker-a 1' }, ResponseCode.MESSAGE_ILLEGAL, 'is not of the message at offset 0'],
  [{ extraInfo: '0 1 1 0 0 broker-b 1' }, ResponseCode.MESSAGE_ILLEGAL, 'is of broker broker-b, this one is broker-a'],
  [
    { extraInfo: '0 99999999999999 1 0 0 broker-a 1' },
    ResponseCode.MESSAGE_ILLEGAL,
    'is of a pop that is still to come',
  ],
  [{ offset: 99 }, ResponseCode.NO_MESSAGE, 'offset is illegal, key:T@1, commit:99, store:0~2'],
  [{ queueId: 9 }, ResponseCode.MESSAGE_ILLEGAL, 'queueId[9] is illegal, topic:[T] topicConfig.readQueueNums:[4]'],
  [{ topic: 'Nowhere' }, ResponseCode.TOPIC_NOT_EXIST, 'topic[Nowhere] not exist'],
])('acks and changes with %j are refused with %i', async (fields, code, remark) => {
  const { whole, client } = await started()
  const [first] = await client.pop({ queueId: 1 })
  const good = { topic: 'T', queueId: 1, offset: 0, extraInfo: first!.handle, invisibleTime: 1000 }
  for (const request of [RequestCode.ACK_MESSAGE, RequestCode.CHANGE_MESSAGE_INVISIBLETIME]) {
    const answer = await ask(whole, request, { ...good, ...fields })
    expect(answer.code).toBe(code)
    expect(answer.remark).toContain(remark)
  }
})

test('the time of a message cannot be changed once it is over: it comes again in any case', async () => {
  const { whole, client } = await started()
  const popped = await client.pop({ queueId: 1 })
  await pass(whole, 10_000)
  expect(await client.change(popped[0]!, 5_000)).toMatchObject({ code: ResponseCode.MESSAGE_ILLEGAL })
  expect(bodies(await client.pop({ queueId: 1 }))).toEqual(['one', 'three'])
})

test('a message whose time is changed in the millisecond of its pop is not lost', async () => {
  const { whole, client } = await started()
  const popped = await client.pop({ queueId: 1 })
  for (const message of popped) expect((await client.change(message, 3_000)).code).toBe(ResponseCode.SUCCESS)
  await pass(whole, 3_500)
  expect(bodies(await client.pop({ queueId: 1 }))).toEqual(['one', 'three'])
  await pass(whole, 9_000)
  expect(await client.pop({ queueId: 1 })).toEqual([])
})

test('a message that is put off does not count as retried where the client says so', async () => {
  const { whole, client } = await started()
  const popped = await client.pop({ queueId: 1 })
  await client.change(popped[0]!, 2_000, { suspend: true })
  await client.change(popped[1]!, 2_000)
  await pass(whole, 2_500)
  const again = await client.pop({ queueId: 1 })
  expect(again.map(({ body, reconsumeTimes }) => `${body} ${reconsumeTimes}`).sort()).toEqual(['one 0', 'three 1'])
})

test('peeking moves nothing; who waits is counted, and told when there is something', async () => {
  const { whole, client } = await started()
  const peeked = await ask(whole, RequestCode.PEEK_MESSAGE, { maxMsgNums: 3 })
  expect([peeked.code, peeked.fields['restNum'], client.messagesOf(peeked).length]).toEqual([0, '4', 3])
  expect((await client.pop({ invisibleTime: 60_000 })).length).toBe(4)
  expect((await ask(whole, RequestCode.PEEK_MESSAGE, { maxMsgNums: 3 })).code).toBe(ResponseCode.PULL_NOT_FOUND)
  expect((await ask(whole, RequestCode.NOTIFICATION, { pollTime: 0 })).fields['hasMsg']).toBe('false')
  const fields = { consumerGroup: 'cg', topic: 'T', queueId: -1, bornTime: whole.clock.now(), pollTime: 9_000 }
  const told = whole.begin(RequestCode.NOTIFICATION, { fields })
  const held = client.begin({ queueId: 1 })
  await whole.settle()
  expect((await ask(whole, RequestCode.POLLING_INFO, { queueId: 1 })).fields['pollingNum']).toBe('1')
  expect((await ask(whole, RequestCode.POLLING_INFO)).fields['pollingNum']).toBe('0')
  await whole.send('T', { body: 'four', queueId: 0 })
  expect([told.isSettled(), held.isSettled()]).toEqual([true, false])
  expect((await told.promise).fields['hasMsg']).toBe('true')
  await pass(whole, 15_200)
  const over = await held.promise
  expect([over.code, over.remark]).toEqual([ResponseCode.POLLING_TIMEOUT, 'NO_MESSAGE_IN_QUEUE'])
  expect((await ask(whole, RequestCode.POP_ROLLBACK)).code).toBe(ResponseCode.SUCCESS)
})

test('where too many wait, or wait too long, that is the answer', async () => {
  const { whole, client } = await started('popPollingSize=0\nmaxPopPollingSize=2\n')
  await client.pop({ invisibleTime: 60_000 })
  const held = [client.begin({ queueId: 1 }), client.begin({ queueId: 2 })]
  await whole.settle()
  expect((await client.answer({ pollTime: 1_000 })).code).toBe(ResponseCode.POLLING_FULL)
  await pass(whole, 16_000)
  for (const { promise } of held) expect((await promise).code).toBe(ResponseCode.POLLING_TIMEOUT)
  const late = await client.answer({ bornTime: whole.clock.now() - 20_000, pollTime: 15_000 })
  expect([late.code, late.remark]).toEqual([
    ResponseCode.POLLING_TIMEOUT,
    'the broker[127.0.0.1] pop message is timeout too much',
  ])
})

test.each([
  [{ maxMsgNums: 33 }, ResponseCode.INVALID_PARAMETER, "pop message's num is greater than 32"],
  [{ maxMsgNums: 0 }, ResponseCode.INVALID_PARAMETER, 'needs maxMsgNums from 1 on (0)'],
  [{ invisibleTime: 0 }, ResponseCode.INVALID_PARAMETER, 'invisibleTime from 1 to 259200000 ms (0)'],
  [{ invisibleTime: 259_200_001 }, ResponseCode.INVALID_PARAMETER, 'invisibleTime from 1 to 259200000 ms'],
  [{ queueId: 4 }, ResponseCode.INVALID_PARAMETER, 'queueId[4] is illegal'],
  [{ topic: 'Nowhere' }, ResponseCode.TOPIC_NOT_EXIST, 'topic[Nowhere] not exist, apply first please!'],
  [{ consumerGroup: 'no good' }, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, 'subscription group [no good]'],
])('a pop with %j is refused with %i', async (fields, code, remark) => {
  const { client } = await started()
  const answer = await client.answer(fields)
  expect(answer.code).toBe(code)
  expect(answer.remark).toContain(remark)
})

test('a broker without timers pops nothing: it could not let messages come again', async () => {
  const { client } = await started('timerWheelEnable=false\n')
  const answer = await client.answer()
  expect([answer.code, answer.remark]).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'the broker[127.0.0.1] pop message is forbidden because timerWheelEnable is false',
  ])
})

test('retries come from a topic of either name, where both are to be read', async () => {
  const { whole, client } = await started()
  await client.pop({ queueId: 0 })
  await pass(whole, 10_500)
  whole.crash('process')
  await whole.settle()
  await whole.startAgain('enableRetryTopicV2=true\n')
  await client.pop({ queueId: 1 })
  await pass(whole, 10_500)
  const { topics } = whole.broker.tables
  expect([topics.find('%RETRY%cg_T') !== undefined, topics.find('%RETRY%cg+T') !== undefined]).toEqual([true, true])
  const came: string[] = []
  for (let i = 0; i < 20; i++) came.push(...bodies(await client.pop({ queueId: 3, invisibleTime: 60_000 })))
  expect(came.sort()).toEqual(['one', 'three', 'two', 'zero'])
})

test('after an administrator has set the position messages are popped again, whatever is under way', async () => {
  const { whole, client } = await started()
  const popped = await client.pop({ queueId: 1 })
  const reset = { topic: 'T', group: 'cg', timestamp: 0, isForce: true, queueId: 1, offset: 1 }
  expect((await whole.ask(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, { fields: reset })).code).toBe(0)
  const again = await client.pop({ queueId: 1 })
  expect([bodies(popped), bodies(again)]).toEqual([['one', 'three'], ['three']])
})

test('what could not be written down is popped again at once', async () => {
  const { whole, client } = await started()
  whole.disk.fail({ nth: 1, code: 'EIO', operations: ['write'] })
  expect(bodies(await client.pop({ queueId: 1 }))).toEqual(['one', 'three'])
  await pass(whole, 1_000)
  expect(bodies(await client.pop({ queueId: 1 }))).toEqual(['one', 'three'])
})

test('a group with too many messages under way gets no more', async () => {
  const { client } = await started('enablePopMessageThreshold=true\npopInflightMessageThreshold=1\n')
  const [first, second] = await client.pop({ queueId: 1, maxMsgNums: 2 })
  const held = await client.answer({ queueId: 1 })
  expect([held.code, held.fields['restNum']]).toEqual([ResponseCode.POLLING_TIMEOUT, '0'])
  for (const message of [first!, second!]) await client.ack(message)
  expect((await client.pop({ queueId: 0 })).length).toBe(2)
})

test('who waits gets messages as soon as an administrator has set the group back', async () => {
  const { whole, client } = await started()
  await client.pop({ invisibleTime: 60_000 })
  const held = client.begin({ queueId: 1 })
  await whole.settle()
  const reset = { topic: 'T', group: 'cg', timestamp: 0, isForce: true, queueId: 1, offset: 1 }
  await whole.ask(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, { fields: reset })
  expect(held.isSettled()).toBe(true)
  expect(bodies(client.messagesOf(await held.promise))).toEqual(['three'])
})

test('an ack of a group that has popped nothing is refused', async () => {
  const { whole, client } = await started()
  const [first] = await client.pop({ queueId: 1 })
  const stranger = await new PopClient(whole, 'strangers').ack(first!)
  expect([stranger.code, stranger.remark]).toEqual([
    ResponseCode.NO_MESSAGE,
    'offset is illegal, key:T@1, commit:0, popped by strangers is what lies below 0',
  ])
})
