import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { createLite, createLiteGroup, LITE_ON, LiteTestClient, litePopped, sendLite } from '../testing/lite-client.ts'
import { messagesOf, WholeBroker } from '../testing/whole-broker.ts'

async function liteBroker(settings = ''): Promise<WholeBroker> {
  const whole = await WholeBroker.start(LITE_ON + settings)
  await createLite(whole)
  return whole
}

async function passSeconds(whole: WholeBroker, seconds: number): Promise<void> {
  for (let i = 0; i < seconds * 10; i++) await whole.advance(100)
}

test('a message that names a lite topic lies in the light queue of that', async () => {
  const whole = await liteBroker()
  expect((await sendLite(whole, 'a', 'one')).code).toBe(0)
  const pulled = await whole.pull('%LMQ%$P$a', { fields: { consumerGroup: '%LMQ%g' } })
  expect(Object.fromEntries(messagesOf(pulled)[0]!.properties)).toMatchObject({
    ...{ __LITE_TOPIC: 'a', INNER_MULTI_DISPATCH: '%LMQ%$P$a', INNER_MULTI_QUEUE_OFFSET: '0' },
  })
})

test('subscribers get the messages of their lite topics, in order, one batch after the other', async () => {
  const whole = await liteBroker()
  const client = new LiteTestClient(whole)
  await sendLite(whole, 'a', 'a0')
  expect((await client.sync('PARTIAL_ADD', ['a', 'b'])).code).toBe(0)
  expect(await client.bodies()).toEqual(['a0'])
  await sendLite(whole, 'a', 'a1')
  await sendLite(whole, 'b', 'b0')
  await sendLite(whole, 'c', 'c0')
  // Of a no more is given before its first message is acknowledged.
  const [b0, ...others] = await client.pop()
  expect([b0!.body, others]).toEqual(['b0', []])
  expect((await client.ack(b0!)).code).toBe(0)
  expect((await client.ack({ ...b0!, offset: 5 })).code).toBe(ResponseCode.NO_MESSAGE)
})

test('a pop that waits is answered by the next message, and by the end of its time', async () => {
  const whole = await liteBroker()
  const client = new LiteTestClient(whole)
  await client.sync('PARTIAL_ADD', ['a'])
  const held = client.begin()
  await whole.settle()
  await sendLite(whole, 'b', 'b0')
  expect(held.isSettled()).toBe(false)
  await sendLite(whole, 'a', 'a0')
  const [popped] = litePopped(await held.promise)
  expect(popped).toMatchObject({ body: 'a0', offset: 0, times: 0 })
  const next = client.begin({ pollTime: 3000 })
  await sendLite(whole, 'a', 'a1')
  expect(next.isSettled()).toBe(false)
  // What is acknowledged makes room for the next.
  await client.ack(popped!)
  expect(litePopped(await next.promise).map(({ body }) => body)).toEqual(['a1'])
  const last = client.begin({ pollTime: 3000 })
  await passSeconds(whole, 4)
  expect(await last.promise).toMatchObject({
    code: ResponseCode.POLLING_TIMEOUT,
    fields: { reviveQid: '999', orderCountInfo: '', invisibleTime: '10000' },
  })
})

test('what nobody acknowledges comes again, and says how often it did', async () => {
  const whole = await liteBroker()
  const client = new LiteTestClient(whole)
  await client.sync('PARTIAL_ADD', ['a'])
  for (const body of ['a0', 'a1', 'a2']) await sendLite(whole, 'a', body)
  const first = await client.pop()
  expect(first.map(({ body, times }) => [body, times])).toEqual([
    ['a0', 0],
    ['a1', 0],
    ['a2', 0],
  ])
  await client.ack(first[0]!)
  await client.ack(first[2]!)
  const held = client.begin()
  await passSeconds(whole, 11)
  const again = await held.promise
  expect(again.fields['orderCountInfo']).toBe('0 qo0%1 1;0 qo0%2 1')
  const second = litePopped(again)
  expect(second.map(({ body, times }) => [body, times])).toEqual([
    ['a1', 1],
    ['a2', 1],
  ])
  // Of the pop before.
  expect((await client.ack(first[1]!)).code).toBe(0)
  await client.change(second[0]!, 0)
  await client.change(second[1]!, 0)
  await passSeconds(whole, 1)
  expect((await client.pop()).map(({ body, times }) => [body, times])).toEqual([
    ['a1', 2],
    ['a2', 2],
  ])
})

test('what is suspended comes again later, and not as a further time', async () => {
  const whole = await liteBroker()
  const client = new LiteTestClient(whole)
  await client.sync('PARTIAL_ADD', ['a'])
  await sendLite(whole, 'a', 'a0')
  const [popped] = await client.pop()
  const { fields } = await client.change(popped!, 30_000, { suspend: true })
  expect(fields).toMatchObject({ invisibleTime: '30000', reviveQid: '999' })
  await passSeconds(whole, 25)
  await client.sync('COMPLETE_ADD', ['a'])
  expect(await client.bodies()).toEqual([])
  await passSeconds(whole, 6)
  expect(await client.pop()).toMatchObject([{ body: 'a0', times: 1 }])
})

test('the subscribers of a group share its lite topics, other groups get them too', async () => {
  const whole = await liteBroker()
  const names = Array.from('abcdefghijkl')
  await createLiteGroup(whole, 'P', 'h')
  const [one, two] = [new LiteTestClient(whole, 'c1'), new LiteTestClient(whole, 'c2')]
  const other = new LiteTestClient(whole, 'c3', 'h')
  for (const client of [one, two, other]) await client.sync('COMPLETE_ADD', names)
  for (const lite of names) await sendLite(whole, lite, lite)
  const [first, second] = [await one.bodies(), await two.bodies()]
  expect([...first, ...second].sort()).toEqual(names)
  expect(first.length).toBeGreaterThan(0)
  expect(second.length).toBeGreaterThan(0)
  expect((await other.bodies()).sort()).toEqual(names)
})

test('what a client leaves or does not ask for goes to another one', async () => {
  const whole = await liteBroker()
  const [one, two] = [new LiteTestClient(whole, 'c1'), new LiteTestClient(whole, 'c2')]
  for (const client of [one, two]) await client.sync('COMPLETE_ADD', ['a', 'b', 'c'])
  for (const lite of ['a', 'b', 'c']) await sendLite(whole, lite, lite)
  const kept = await two.bodies({ invisibleTime: 60_000 })
  // The client that was told of the others does not ask.
  for (let i = 0; i < 2; i++) {
    const held = two.begin({ invisibleTime: 60_000 })
    await passSeconds(whole, 21)
    kept.push(...litePopped(await held.promise).map(({ body }) => body))
  }
  expect(kept.sort()).toEqual(['a', 'b', 'c'])
  await one.sync('COMPLETE_REMOVE')
  await sendLite(whole, 'c', 'c')
  expect(await one.bodies()).toEqual([])
})

test('an exclusive lite topic belongs to its latest subscriber, and may begin anew with it', async () => {
  const whole = await WholeBroker.start(LITE_ON)
  await createLite(whole, 'P', 'g', { 'lite.sub.model': 'Exclusive', 'lite.sub.reset.offset.exclusive': 'true' })
  const [one, two] = [new LiteTestClient(whole, 'c1'), new LiteTestClient(whole, 'c2')]
  await one.sync('PARTIAL_ADD', ['a'])
  await sendLite(whole, 'a', 'a0')
  for (const popped of await one.pop()) await one.ack(popped)
  await two.sync('PARTIAL_ADD', ['a'])
  expect(await two.bodies()).toEqual(['a0'])
  await one.sync('COMPLETE_ADD', ['a'])
  await sendLite(whole, 'a', 'a1')
  expect(await one.bodies()).toEqual([])
})

test('a group that takes all lite topics needs to name none, and cannot', async () => {
  const whole = await WholeBroker.start(LITE_ON)
  await createLite(whole, 'P', 'g', { 'lite.sub.wildcard': 'true' })
  const client = new LiteTestClient(whole)
  await sendLite(whole, 'a', 'a0')
  await client.sync('COMPLETE_ADD')
  await sendLite(whole, 'b', 'b0')
  const held = client.begin({ maxMsgNum: 1, invisibleTime: 60_000 })
  await whole.settle()
  expect(litePopped(await held.promise).map(({ body }) => body)).toEqual(['b0'])
  const next = client.begin()
  await passSeconds(whole, 11)
  expect(litePopped(await next.promise).map(({ body }) => body)).toEqual(['a0'])
  expect((await client.sync('PARTIAL_ADD', ['c'])).code).toBe(ResponseCode.ILLEGAL_OPERATION)
})

test('a subscription may say where to begin', async () => {
  const whole = await liteBroker()
  const client = new LiteTestClient(whole)
  for (let i = 0; i < 5; i++) await sendLite(whole, 'a', `a${i}`)
  const from = async (type: string, value: number) => {
    await client.sync('PARTIAL_REMOVE', ['a'])
    await client.sync('PARTIAL_ADD', ['a'], { type, value })
    const popped = await client.pop()
    for (const one of popped) await client.ack(one)
    return popped.map(({ body }) => body)
  }
  expect(await from('OFFSET', 3)).toEqual(['a3', 'a4'])
  expect(await from('POLICY', 0)).toEqual([])
  expect(await from('TAIL_N', 1)).toEqual(['a4'])
  expect(await from('POLICY', 1)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4'])
  expect(await from('OFFSET', 2)).toEqual(['a2', 'a3', 'a4'])
  expect(await from('POLICY', 2)).toEqual([])
  expect(await from('TIMESTAMP', 0)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4'])
})

test('offsets are kept, what was under way comes again after a restart', async () => {
  const whole = await liteBroker()
  const client = new LiteTestClient(whole)
  await client.sync('PARTIAL_ADD', ['a'])
  for (const body of ['a0', 'a1', 'a2']) await sendLite(whole, 'a', body)
  const popped = await client.pop()
  await client.ack(popped[0]!)
  await whole.advance(1)
  await whole.restart()
  const text = whole.disk.readFile('/store/config/lmqConsumerOffset.json').toString()
  expect(text).toContain('"%LMQ%$P$a@g":{')
  await client.sync('COMPLETE_ADD', ['a'])
  // An ack of what is not next would pass over what is.
  await client.ack(popped[2]!)
  await client.ack(popped[1]!)
  expect(await client.bodies()).toEqual(['a2'])
})

test('a lite topic ends so long after its last message as its parent topic says', async () => {
  const whole = await WholeBroker.start(LITE_ON)
  await createLite(whole, 'P', 'g', { 'lite.topic.expiration': 16 })
  const client = new LiteTestClient(whole)
  await client.sync('PARTIAL_ADD', ['a'])
  await sendLite(whole, 'a', 'a0')
  for (const popped of await client.pop()) await client.ack(popped)
  for (let i = 0; i < 15; i++) await whole.advance(60_000)
  await sendLite(whole, 'b', 'b0')
  for (let i = 0; i < 4; i++) await whole.advance(60_000)
  const names = whole.broker.store.queues.topics().filter((name) => name.startsWith('%LMQ%$'))
  expect(names).toEqual(['%LMQ%$P$b'])
  await sendLite(whole, 'a', 'new')
  await client.sync('PARTIAL_ADD', ['a'])
  expect(await client.pop()).toMatchObject([{ body: 'new', offset: 0 }])
})

test('limits and mistakes are answered with the reason', async () => {
  const whole = await liteBroker('maxLiteSubscriptionCount=2\n')
  const client = new LiteTestClient(whole)
  await whole.send('T', { body: 'x' })
  expect(await client.sync('PARTIAL_ADD', ['a', 'b', 'c'])).toMatchObject({
    code: ResponseCode.LITE_SUBSCRIPTION_QUOTA_EXCEEDED,
    remark: 'lite subscription quota exceeded 2: this broker has 0, 3 were to be added',
  })
  expect((await client.sync('PARTIAL_ADD', ['a$b'])).code).toBe(ResponseCode.INVALID_PARAMETER)
  expect((await client.sync('PARTIALLY', ['a'])).remark).toContain('action is PARTIALLY, one of PARTIAL_ADD')
  expect((await whole.ask(RequestCode.LITE_SUBSCRIPTION_CTL)).code).toBe(ResponseCode.ILLEGAL_OPERATION)
  expect(await client.answer({ maxMsgNum: 33 })).toMatchObject({ code: ResponseCode.INVALID_PARAMETER })
  expect(await new LiteTestClient(whole, 'c', 'g', 'T').answer()).toMatchObject({
    code: ResponseCode.INVALID_PARAMETER,
    remark: 'the topic [T] message type not match',
  })
  expect(await new LiteTestClient(whole, 'c', 'other').answer()).toMatchObject({
    code: ResponseCode.INVALID_PARAMETER,
    remark: 'subscription bind topic not match, other',
  })
  expect(await sendLite(whole, 'a$b', 'x')).toMatchObject({
    code: ResponseCode.MESSAGE_ILLEGAL,
    remark: expect.stringContaining("__LITE_TOPIC is 'a$b', which can be no lite topic"),
  })
  const off = await WholeBroker.start()
  await createLite(off)
  expect((await sendLite(off, 'a', 'x')).remark).toContain('they need enableLmq=true and enableMultiDispatch=true')
  expect((await new LiteTestClient(off).answer()).code).toBe(ResponseCode.NO_PERMISSION)
  expect((await new LiteTestClient(off).sync('PARTIAL_ADD', ['a'])).code).toBe(ResponseCode.NO_PERMISSION)
})
