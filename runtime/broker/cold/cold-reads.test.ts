import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { bodiesOf, WholeBroker } from '../testing/whole-broker.ts'

/** All messages are cold, and each one is as much as a group may read. */
const CONTROLLED = 'coldDataFlowControlEnable=true\naccessMessageInMemoryHotRatio=0\ncgColdReadThreshold=100\n'

async function started(settings = CONTROLLED): Promise<WholeBroker> {
  const whole = await WholeBroker.start(settings)
  for (const body of ['a', 'b', 'c']) await whole.send('T', { body: body.repeat(100) })
  return whole
}

/** The client becomes a member of the group that pulls by itself. */
async function joinsActively(whole: WholeBroker): Promise<void> {
  const subscription = { topic: 'T', subString: '*', tagsSet: [], codeSet: [], subVersion: 1, expressionType: 'TAG' }
  const group = {
    groupName: 'cg',
    consumeType: 'CONSUME_ACTIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    unitMode: false,
    subscriptionDataSet: [subscription],
  }
  const body = Buffer.from(JSON.stringify({ clientID: 'c1', producerDataSet: [], consumerDataSet: [group] }))
  expect((await whole.ask(RequestCode.HEART_BEAT, { body })).code).toBe(0)
}

const letters = (bodies: string[]) => bodies.map((body) => body[0]).join('')

test('a push consumer that has read enough is told so until the round is over', async () => {
  const whole = await started()
  expect(letters(bodiesOf(await whole.pull('T')))).toBe('abc')
  expect(await whole.pull('T', { offset: 1 })).toMatchObject({
    code: ResponseCode.SYSTEM_BUSY,
    remark: 'This consumer group is reading cold data. It has been flow control',
  })
  expect(bodiesOf(await whole.pull('T', { fields: { consumerGroup: 'another' } }))).toHaveLength(3)
  await whole.advance(5_000)
  expect(bodiesOf(await whole.pull('T', { offset: 1 }))).toHaveLength(2)
})

test('a consumer that pulls is held for three seconds, and has one message each time until the round is over', async () => {
  const whole = await started()
  await joinsActively(whole)
  expect(bodiesOf(await whole.pull('T'))).toHaveLength(3)
  const held = whole.beginPull('T')
  await whole.settle()
  await whole.advance(2_900)
  expect(held.isSettled()).toBe(false)
  await whole.advance(1_100)
  expect(letters(bodiesOf(await held.promise))).toBe('a')
  await whole.advance(1_000)
  expect(bodiesOf(await whole.pull('T'))).toHaveLength(3)
})

test('messages near the end of the log are not cold: neither counted nor held', async () => {
  const whole = await started('coldDataFlowControlEnable=true\ncgColdReadThreshold=0\n')
  for (let i = 0; i < 3; i++) expect(bodiesOf(await whole.pull('T'))).toHaveLength(3)
  const info = await whole.ask(RequestCode.GET_COLD_DATA_FLOW_CTR_INFO)
  expect(JSON.parse(String(info.body))).toMatchObject({ runtimeTable: {}, globalAcc: 0 })
})

test('a pull at the end of its queue is held for messages as ever; groups of the system read what they like', async () => {
  const whole = await started()
  await whole.pull('T')
  const waiting = whole.beginPull('T', { offset: 3 })
  await whole.settle()
  expect(waiting.isSettled()).toBe(false)
  await whole.advance(5_000)
  await whole.send('T', { body: 'd' })
  expect(bodiesOf(await waiting.promise)).toEqual(['d'])
  for (let i = 0; i < 3; i++) {
    expect(bodiesOf(await whole.pull('T', { fields: { consumerGroup: 'TOOLS_CONSUMER' } }))).toHaveLength(4)
  }
})

test('the control begins and ends while the broker runs; what was held is answered then, as when it stops', async () => {
  const whole = await started('accessMessageInMemoryHotRatio=0\ncgColdReadThreshold=100\n')
  const set = (text: string) => whole.ask(RequestCode.UPDATE_BROKER_CONFIG, { body: Buffer.from(text) })
  await joinsActively(whole)
  for (let i = 0; i < 3; i++) expect(bodiesOf(await whole.pull('T'))).toHaveLength(3)
  await set('coldDataFlowControlEnable=true\n')
  await whole.pull('T')
  const held = whole.beginPull('T')
  await whole.settle()
  expect(held.isSettled()).toBe(false)
  await set('coldDataFlowControlEnable=false\n')
  await whole.settle()
  expect(bodiesOf(await held.promise)).toHaveLength(3)
  await set('coldDataFlowControlEnable=true\n')
  await whole.pull('T')
  const last = whole.beginPull('T')
  await whole.settle()
  const stopped = whole.broker.stop()
  await whole.settle()
  await stopped
  expect((await last.promise).code).toBe(0)
})

test('without the control there is one timer less', async () => {
  const timers = async (settings: string) => (await WholeBroker.start(settings)).clock.timerCount
  expect(await timers(CONTROLLED)).toBe((await timers('')) + 1)
})

test('single messages are read when nothing is to be read ahead', async () => {
  const whole = await started('')
  const { remark } = await whole.ask(RequestCode.SET_COMMITLOG_READ_MODE, { fields: { READ_AHEAD_MODE: 1 } })
  expect(remark).toBe('set commitlog readahead mode success, mode: 1')
  const config = await whole.ask(RequestCode.GET_BROKER_CONFIG)
  expect(String(config.body)).toContain('dataReadAheadEnable=false\n')
})
