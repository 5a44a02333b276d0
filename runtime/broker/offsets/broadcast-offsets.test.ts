import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { bodiesOf, WholeBroker } from '../testing/whole-broker.ts'

const PROXY_FOR_BROADCAST = 1

async function started(settings = ''): Promise<WholeBroker> {
  const whole = await WholeBroker.start(settings)
  for (const body of ['zero', 'one', 'two']) await whole.send('T', { body })
  return whole
}

function proxyPull(whole: WholeBroker, clientId: string, offset: number, more: Record<string, string> = {}) {
  const fields = { requestSource: PROXY_FOR_BROADCAST, proxyFrowardClientId: clientId, ...more }
  return whole.pull('T', { offset, sysFlag: 4, fields })
}

/** Where a pull is told to go on, undefined when it was served. */
async function movedTo(answer: ReturnType<WholeBroker['pull']>): Promise<number | undefined> {
  const { code, fields } = await answer
  return code === ResponseCode.PULL_OFFSET_MOVED ? Number(fields['nextBeginOffset']) : undefined
}

async function pass(whole: WholeBroker, seconds: number): Promise<void> {
  for (let i = 0; i < seconds * 10; i++) await whole.advance(100)
}

async function committed(whole: WholeBroker): Promise<unknown> {
  const { body } = await whole.ask(RequestCode.GET_ALL_CONSUMER_OFFSET)
  return (JSON.parse(body!.toString()) as { offsetTable: Record<string, unknown> }).offsetTable['T@cg@broadcast']
}

test('a client behind a proxy begins with what is there, and goes on where it was', async () => {
  const whole = await started()
  expect(await movedTo(proxyPull(whole, 'a', -1))).toBe(0)
  expect(bodiesOf(await proxyPull(whole, 'a', 0))).toEqual(['zero', 'one', 'two'])
  expect((await proxyPull(whole, 'a', 3)).code).toBe(ResponseCode.PULL_NOT_FOUND)
  expect(await movedTo(proxyPull(whole, 'a', -1))).toBe(3)
  // An older pull that comes late does not take it back.
  expect((await proxyPull(whole, 'a', 1)).code).toBe(ResponseCode.SUCCESS)
  expect(await movedTo(proxyPull(whole, 'a', -1))).toBe(3)
})

test('the least offset of the group is committed: new clients begin there, also after a restart', async () => {
  const whole = await started()
  await proxyPull(whole, 'a', 3)
  await proxyPull(whole, 'b', 2)
  await pass(whole, 5)
  expect(await committed(whole)).toEqual({ 0: 2 })
  expect(await movedTo(proxyPull(whole, 'c', -1))).toBe(2)
  await whole.restart()
  expect(await committed(whole)).toEqual({ 0: 2 })
  expect(await movedTo(proxyPull(whole, 'a', -1))).toBe(2)
})

test('clients that are silent are forgotten, and hold their group back no longer', async () => {
  const whole = await started('broadcastOffsetExpireSecond=20\n')
  await proxyPull(whole, 'a', 3)
  await proxyPull(whole, 'b', 1)
  await pass(whole, 15)
  await proxyPull(whole, 'a', 3)
  expect(await committed(whole)).toEqual({ 0: 1 })
  await pass(whole, 10)
  expect(await committed(whole)).toEqual({ 0: 3 })
  await pass(whole, 20)
  expect(await movedTo(proxyPull(whole, 'b', -1))).toBe(3)
})

test('a client that moves from the proxy to the broker is told where it was, once', async () => {
  const whole = await started()
  await proxyPull(whole, 'c1', 2)
  const group = {
    ...{ groupName: 'cg', consumeType: 'CONSUME_PASSIVELY', messageModel: 'BROADCASTING', unitMode: false },
    ...{
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      subscriptionDataSet: [{ topic: 'T', subString: '*', subVersion: 1 }],
    },
  }
  const body = Buffer.from(JSON.stringify({ clientID: 'c1', consumerDataSet: [group], producerDataSet: [] }))
  expect((await whole.ask(RequestCode.HEART_BEAT, { body })).code).toBe(0)
  expect(await movedTo(whole.pull('T', { offset: 0, sysFlag: 4 }))).toBe(2)
  expect(bodiesOf(await whole.pull('T', { offset: 2, sysFlag: 4 }))).toEqual(['two'])
  expect(bodiesOf(await whole.pull('T', { offset: 0, sysFlag: 4 }))).toEqual(['zero', 'one', 'two'])
})

test('without enableBroadcastOffsetStore nothing is kept', async () => {
  const whole = await started('enableBroadcastOffsetStore=false\n')
  await proxyPull(whole, 'a', 2)
  expect(await movedTo(proxyPull(whole, 'a', -1))).toBe(0)
  await pass(whole, 6)
  expect(await committed(whole)).toBe(undefined)
})
