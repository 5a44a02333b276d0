import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { bodiesOf, messagesOf, START_MS, WholeBroker } from '../testing/whole-broker.ts'
import { decodeRecallHandle, encodeRecallHandle } from './recall-handle.ts'

const END = { sysFlag: 4 }
const TIMER_TOPIC = 'rmq_sys_wheel_timer'

function properties(given: Record<string, string | number>): string {
  return Object.entries(given)
    .map(([name, value]) => `${name}\x01${value}\x02`)
    .join('')
}

async function sendAt(whole: WholeBroker, deliverMs: number, body: string, more: Record<string, string> = {}) {
  const answer = await whole.send('T', { body, properties: properties({ TIMER_DELIVER_MS: deliverMs, ...more }) })
  if (answer.code !== 0) throw new Error(`${answer.code} ${answer.remark}`)
  return answer
}

async function pass(whole: WholeBroker, ms: number): Promise<void> {
  for (let i = 0; i < ms; i += 100) await whole.advance(100)
}

async function delivered(whole: WholeBroker, topic = 'T'): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const bodies = bodiesOf(await whole.pull(topic, { ...END, offset: found.length }))
    if (bodies.length === 0) return found
    found.push(...bodies)
  }
}

async function refusal(whole: WholeBroker, given: Record<string, string | number>) {
  const { code, remark } = await whole.send('T', { properties: properties(given) })
  return [code, remark]
}

function killed(whole: WholeBroker): Promise<void> {
  whole.crash('process')
  return whole.startAgain()
}

test('a message is delivered at its time, to the millisecond, and tells when it went in and out', async () => {
  const whole = await WholeBroker.start()
  await pass(whole, 300)
  const sent = await sendAt(whole, START_MS + 3456, 'exact', { TAGS: 'a', UNIQ_KEY: 'K0' })
  expect(sent.fields).toMatchObject({ queueId: '0', queueOffset: '0', transactionId: 'K0' })
  const [stored] = messagesOf(await whole.pull(TIMER_TOPIC, END))
  expect(Object.fromEntries(stored!.properties)).toMatchObject({
    ...{
      TIMER_DELIVER_MS: String(START_MS + 3456),
      TIMER_OUT_MS: String(START_MS + 3000),
      REAL_TOPIC: 'T',
      REAL_QID: '0',
    },
  })
  await pass(whole, 3100)
  await whole.advance(55)
  expect(await delivered(whole)).toEqual([])
  await whole.advance(1)
  await whole.advance(5)
  const [message] = messagesOf(await whole.pull('T', { ...END, tags: 'a' }))
  expect([message?.body.toString(), message?.storeHost]).toEqual(['exact', '127.0.0.1:10911'])
  const found = Object.fromEntries(message!.properties)
  expect(found).toMatchObject({ TIMER_OUT_MS: String(START_MS + 3000), TIMER_ENQUEUE_MS: String(START_MS) })
  expect(Number(found['TIMER_DEQUEUE_MS']) - START_MS - 3456).toBeLessThan(6)
  expect([found['REAL_TOPIC'], found['REAL_QID'], found['UNIQ_KEY']]).toEqual(['T', '0', 'K0'])
})

test('the three ways to say a time; of several the delay in seconds counts, then that in ms; a delay level wins', async () => {
  const whole = await WholeBroker.start()
  const send = (body: string, given: Record<string, string | number>) =>
    whole.send('T', { body, properties: properties(given) })
  await send('ms', { TIMER_DELAY_MS: 1500, TIMER_DELIVER_MS: START_MS + 100_000 })
  await send('s', { TIMER_DELAY_SEC: 1, TIMER_DELAY_MS: 50_000 })
  await send('at', { TIMER_DELIVER_MS: START_MS + 2500 })
  await send('level', { DELAY: 2, TIMER_DELAY_SEC: 60 })
  await send('at once', { TIMER_DELIVER_MS: START_MS - 1 })
  await send('not late', { TIMER_DELAY_MS: 0 })
  expect(await delivered(whole)).toEqual(['at once', 'not late'])
  await pass(whole, 3000)
  expect(await delivered(whole)).toEqual(['at once', 'not late', 's', 'ms', 'at'])
  await pass(whole, 2500)
  expect((await delivered(whole)).at(-1)).toBe('level')
})

test('messages due at the same time keep their order; a thousand in one slot all arrive', async () => {
  const whole = await WholeBroker.start()
  const bodies = Array.from({ length: 1500 }, (_, i) => `m${i}`)
  for (const body of bodies) {
    whole.beginSend('T', { body, properties: properties({ TIMER_DELIVER_MS: START_MS + 5000 }) })
  }
  await whole.settle()
  await pass(whole, 4900)
  expect(await delivered(whole)).toEqual([])
  await pass(whole, 300)
  expect(await delivered(whole)).toEqual(bodies)
})

test('a time too far ahead, a time that is none, and a deletion that comes too late are refused', async () => {
  const whole = await WholeBroker.start('timerMaxDelaySec=100\n')
  const illegal = [
    ResponseCode.MESSAGE_ILLEGAL,
    'timer message illegal, the delay time should not be bigger than the max delay 100000ms; or if set del msg, the ' +
      'delay time should be bigger than the current time',
  ]
  expect(await refusal(whole, { TIMER_DELAY_SEC: 101 })).toEqual(illegal)
  expect(await refusal(whole, { TIMER_DELIVER_MS: START_MS + 100_001 })).toEqual(illegal)
  expect(await refusal(whole, { TIMER_DELAY_MS: 'soon' })).toEqual(illegal)
  expect(await refusal(whole, { TIMER_DELAY_MS: '99999999999999999999' })).toEqual(illegal)
  expect(await refusal(whole, { TIMER_DELIVER_MS: START_MS, TIMER_DEL_UNIQKEY: 'K' })).toEqual(illegal)
  expect((await refusal(whole, { TIMER_DELAY_SEC: 100 }))[0]).toBe(0)
})

test('a broker without timers refuses them', async () => {
  const whole = await WholeBroker.start('timerWheelEnable=false\n')
  const [code, remark] = await refusal(whole, { TIMER_DELAY_SEC: 1 })
  expect([code, remark]).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'accurate timer message is not enabled, timerWheelEnable is false',
  ])
  expect((await whole.ask(RequestCode.GET_TIMER_METRICS)).code).toBe(ResponseCode.SYSTEM_ERROR)
})

test('a slot that is full takes fewer and fewer messages, and none from twice its limit', async () => {
  const whole = await WholeBroker.start('timerCongestNumEachSlot=20\n')
  const codes: number[] = []
  for (let i = 0; i < 200; i++) {
    codes.push((await whole.send('T', { properties: properties({ TIMER_DELIVER_MS: START_MS + 60_000 }) })).code)
    await whole.advance(100)
  }
  const taken = codes.filter((code) => code === 0).length
  expect(codes.slice(0, 20)).toEqual(new Array(20).fill(0))
  expect(taken).toBeGreaterThan(21)
  expect(taken).toBeLessThanOrEqual(41)
  expect((await whole.send('T', { properties: properties({ TIMER_DELIVER_MS: START_MS + 90_000 }) })).code).toBe(0)
})

test('what is farther ahead than the window is rolled on, and arrives in time', async () => {
  const whole = await WholeBroker.start('timerRollWindowSlot=10\n')
  await sendAt(whole, START_MS + 12_000, 'near')
  await sendAt(whole, START_MS + 35_500, 'far')
  await pass(whole, 11_900)
  expect(await delivered(whole)).toEqual([])
  await pass(whole, 200)
  expect(await delivered(whole)).toEqual(['near'])
  await pass(whole, 23_300)
  expect(await delivered(whole)).toEqual(['near'])
  await pass(whole, 1_100)
  expect(await delivered(whole)).toEqual(['near', 'far'])
  const [, far] = messagesOf(await whole.pull('T', END))
  expect(Number(far?.properties.get('TIMER_ROLL_TIMES'))).toBeGreaterThan(1)
})

test('a message is recalled with what its sender was given', async () => {
  const whole = await WholeBroker.start('recallMessageEnable=true\n')
  const sent = await sendAt(whole, START_MS + 5_000, 'gone', { UNIQ_KEY: 'K0' })
  await sendAt(whole, START_MS + 5_000, 'stays', { UNIQ_KEY: 'K1' })
  const recallHandle = sent.fields['recallHandle']!
  expect(decodeRecallHandle(recallHandle)).toEqual({
    ...{ topic: 'T', brokerName: 'broker-a', timeText: String(START_MS + 4_001), uniqueKey: 'K0' },
  })
  const answer = await whole.ask(RequestCode.RECALL_MESSAGE, {
    fields: { topic: 'T', producerGroup: 'pg', recallHandle },
  })
  expect([answer.code, answer.fields['msgId']]).toEqual([0, 'K0'])
  await whole.advance(100)
  expect(whole.broker.tables.timerMetrics.count('T')).toBe(1)
  await pass(whole, 6_000)
  expect(await delivered(whole)).toEqual(['stays'])
  expect(whole.broker.tables.timerMetrics.count('T')).toBe(0)
})

test('a recall of a message that is rolled on finds it', async () => {
  const whole = await WholeBroker.start('recallMessageEnable=true\ntimerRollWindowSlot=10\n')
  const sent = await sendAt(whole, START_MS + 40_000, 'gone')
  await pass(whole, 3_000)
  const fields = { topic: 'T', producerGroup: 'pg', recallHandle: sent.fields['recallHandle']! }
  expect((await whole.ask(RequestCode.RECALL_MESSAGE, { fields })).code).toBe(0)
  await pass(whole, 42_000)
  expect(await delivered(whole)).toEqual([])
})

test('recalls that cannot be are refused', async () => {
  const whole = await WholeBroker.start('recallMessageEnable=true\n')
  await whole.send('T')
  const handle = { topic: 'T', brokerName: 'broker-a', timeText: String(START_MS + 9_001), uniqueKey: 'K0' }
  const recalled = async (recallHandle: string, topic = 'T') => {
    const answer = await whole.ask(RequestCode.RECALL_MESSAGE, { fields: { topic, producerGroup: 'pg', recallHandle } })
    return [answer.code, answer.remark]
  }
  const illegal = ResponseCode.ILLEGAL_OPERATION
  expect(await recalled('*')).toEqual([illegal, 'recall handle is invalid'])
  expect(await recalled('djIgYQ==')).toEqual([illegal, 'recall handle is invalid'])
  expect(await recalled(encodeRecallHandle({ ...handle, topic: 'U' }))).toEqual([
    illegal,
    'recall failed, topic not match',
  ])
  const stranger = encodeRecallHandle({ ...handle, brokerName: 'broker-b' })
  expect(await recalled(stranger)).toEqual([illegal, 'recall failed, broker service not available'])
  for (const timeText of [String(START_MS), 'x', '-5', String(START_MS + 259_200_000)]) {
    const late = encodeRecallHandle({ ...handle, timeText })
    expect(await recalled(late)).toEqual([illegal, 'recall failed, timestamp invalid'])
  }
  expect(await recalled(encodeRecallHandle(handle), 'none')).toEqual([
    ResponseCode.TOPIC_NOT_EXIST,
    'recall failed, the topic[none] not exist',
  ])
  const forbidding = await WholeBroker.start()
  const fields = { topic: 'T', producerGroup: 'pg', recallHandle: encodeRecallHandle(handle) }
  expect((await forbidding.ask(RequestCode.RECALL_MESSAGE, { fields })).code).toBe(ResponseCode.NO_PERMISSION)
})

test('what waits is delivered after a stop of the broker and after a kill, what was delivered is not again', async () => {
  const whole = await WholeBroker.start()
  for (let i = 0; i < 40; i++) await sendAt(whole, START_MS + 2_000 + i * 100, `m${i}`)
  await pass(whole, 3_050)
  await whole.restart()
  await pass(whole, 1_000)
  await killed(whole)
  await pass(whole, 950)
  await killed(whole)
  await pass(whole, 3_000)
  expect(await delivered(whole)).toEqual(Array.from({ length: 40 }, (_, i) => `m${i}`))
})

test('what became due while the broker was away is delivered when it is back', async () => {
  const whole = await WholeBroker.start()
  await sendAt(whole, START_MS + 10_000, 'first')
  await sendAt(whole, START_MS + 100_000, 'second')
  await sendAt(whole, START_MS + 200_000, 'third')
  await pass(whole, 2_000)
  whole.crash('process')
  whole.clock.advance(150_000)
  await whole.startAgain()
  await pass(whole, 200)
  expect(await delivered(whole)).toEqual(['first', 'second'])
  await pass(whole, 50_000)
  expect(await delivered(whole)).toEqual(['first', 'second', 'third'])
})

test.each([
  'timerlog',
  'timerwheel',
  'config/timercheck',
  'timerlog timerwheel',
  'timerlog timerwheel config/timercheck',
])('without %s everything is found in the messages again, and nothing is delivered twice', async (names) => {
  const whole = await WholeBroker.start('timerRollWindowSlot=20\n')
  for (let i = 1; i <= 30; i++) await sendAt(whole, START_MS + i * 2_000, `m${i}`)
  await pass(whole, 30_500)
  whole.crash('process')
  for (const name of names.split(' ')) whole.disk.remove(`/store/${name}`)
  await whole.startAgain()
  await pass(whole, 35_000)
  const found = await delivered(whole)
  const wanted = Array.from({ length: 30 }, (_, i) => `m${i + 1}`)
  expect(found.toSorted()).toEqual(wanted.toSorted())
})

test('without any of them a broker that begins just before the end of a slot delivers, too', async () => {
  const whole = await WholeBroker.start()
  for (let i = 1; i <= 10; i++) await sendAt(whole, START_MS + i * 2_000, `m${i}`)
  await pass(whole, 5_900)
  await whole.advance(50)
  whole.crash('process')
  for (const name of ['timerlog', 'timerwheel', 'config/timercheck']) whole.disk.remove(`/store/${name}`)
  await whole.startAgain()
  await pass(whole, 20_000)
  expect((await delivered(whole)).toSorted()).toEqual(Array.from({ length: 10 }, (_, i) => `m${i + 1}`).toSorted())
})

test('with another precision the wheel is made anew', async () => {
  const whole = await WholeBroker.start()
  for (let i = 1; i <= 10; i++) await sendAt(whole, START_MS + i * 2_000, `m${i}`)
  await pass(whole, 9_000)
  whole.crash('process')
  await whole.startAgain('timerPrecisionMs=100\n')
  await pass(whole, 15_000)
  expect(await delivered(whole)).toEqual(Array.from({ length: 10 }, (_, i) => `m${i + 1}`))
})

test('when the disk refuses a delivery it is tried again, and nothing is lost', async () => {
  const whole = await WholeBroker.start()
  for (let i = 0; i < 5; i++) await sendAt(whole, START_MS + 2_000, `m${i}`)
  await pass(whole, 1_500)
  whole.disk.fail({ nth: 1, operations: ['write'], path: /commitlog/, code: 'ENOSPC' })
  await pass(whole, 2_000)
  expect(await delivered(whole)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4'])
})

test('when the timer log cannot be written nothing is lost', async () => {
  const whole = await WholeBroker.start()
  whole.disk.fail({ nth: 1, operations: ['write', 'truncate'], path: /timerlog/, code: 'ENOSPC' })
  for (let i = 0; i < 5; i++) await sendAt(whole, START_MS + 2_000, `m${i}`)
  await pass(whole, 1_000)
  whole.disk.clearFaults()
  await pass(whole, 2_500)
  expect(await delivered(whole)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4'])
})

test('what came too late and found the disk full, as the timer log did, is delivered when there is room again', async () => {
  const whole = await WholeBroker.start('timerStopEnqueue=true\n')
  await sendAt(whole, START_MS + 1_500, 'late')
  await sendAt(whole, START_MS + 60_000, 'far')
  await pass(whole, 4_000)
  whole.disk.fail({
    nth: 1,
    operations: ['write'],
    path: /timerlog|commitlog/,
    code: 'ENOSPC',
    forever: true,
  })
  await whole.ask(RequestCode.UPDATE_BROKER_CONFIG, { body: Buffer.from('timerStopEnqueue=false\n') })
  await pass(whole, 1_000)
  expect(await delivered(whole)).toEqual([])
  whole.disk.clearFaults()
  await pass(whole, 1_000)
  expect(await delivered(whole)).toEqual(['late'])
  await pass(whole, 60_000)
  expect(await delivered(whole)).toEqual(['late', 'far'])
})

test('messages for the timer topic that no broker has made are passed over', async () => {
  const whole = await WholeBroker.start()
  await whole.send(TIMER_TOPIC, { body: 'stray' })
  await whole.send(TIMER_TOPIC, { properties: properties({ TIMER_OUT_MS: 'x', REAL_TOPIC: 'T', REAL_QID: 0 }) })
  await whole.send(TIMER_TOPIC, { properties: properties({ TIMER_OUT_MS: 1, REAL_TOPIC: 'T', REAL_QID: -1 }) })
  await sendAt(whole, START_MS + 1_000, 'real')
  await pass(whole, 1_500)
  expect(await delivered(whole)).toEqual(['real'])
})

test('operators see what waits', async () => {
  const whole = await WholeBroker.start()
  await sendAt(whole, START_MS + 5_000, 'one')
  await sendAt(whole, START_MS + 6_000, 'two')
  await pass(whole, 200)
  const body = (await whole.ask(RequestCode.GET_TIMER_METRICS)).body!
  expect(JSON.parse(body.toString()).timingCount.T.count).toBe(2)
  const info = JSON.parse((await whole.ask(RequestCode.GET_BROKER_RUNTIME_INFO)).body!.toString()).table
  expect([info.timerCongestNum, info.timerOffsetBehind, info.timerReadBehind]).toEqual(['2', '0', '0'])
  await pass(whole, 6_500)
  const after = (await whole.ask(RequestCode.GET_TIMER_METRICS)).body!
  expect(JSON.parse(after.toString()).timingCount.T.count).toBe(0)
})

test('a broker that is stopped in the middle of a slot leaves what was delivered of it as done, also without an index', async () => {
  const whole = await WholeBroker.start('messageIndexEnable=false\n')
  for (let i = 0; i < 20; i++) await sendAt(whole, START_MS + 2_000 + i * 50, `m${i}`)
  await pass(whole, 2_500)
  await whole.restart()
  await pass(whole, 1_500)
  expect(await delivered(whole)).toEqual(Array.from({ length: 20 }, (_, i) => `m${i}`))
})

test('a recall counts though its message is rolled on, and read, only after the broker was away', async () => {
  const whole = await WholeBroker.start('recallMessageEnable=true\ntimerRollWindowSlot=10\n')
  const sent = await sendAt(whole, START_MS + 14_000, 'gone')
  const fields = { topic: 'T', producerGroup: 'pg', recallHandle: sent.fields['recallHandle']! }
  expect((await whole.ask(RequestCode.RECALL_MESSAGE, { fields })).code).toBe(0)
  await sendAt(whole, START_MS + 14_000, 'stays')
  await pass(whole, 1_000)
  whole.crash('process')
  whole.clock.advance(60_000)
  await whole.startAgain()
  await pass(whole, 1_000)
  expect(await delivered(whole)).toEqual(['stays'])
})

test('the engine of timers is the wheel, and can be no other', async () => {
  const whole = await WholeBroker.start()
  const switched = async (engine: string) => {
    const { code, remark } = await whole.ask(RequestCode.SWITCH_TIMER_ENGINE, { fields: { E_T: engine } })
    return [code, remark]
  }
  expect(await switched('F')).toEqual([ResponseCode.SUCCESS, 'switch timer engine success'])
  expect((await switched('R'))[0]).toBe(ResponseCode.INVALID_PARAMETER)
  expect(await switched('x')).toEqual([ResponseCode.INVALID_PARAMETER, 'param error'])
})
