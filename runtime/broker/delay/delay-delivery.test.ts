import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { bodiesOf, messagesOf, WholeBroker } from '../testing/whole-broker.ts'

const END = { sysFlag: 4 }

test('a delayed message arrives when its level says, not before', async () => {
  const whole = await WholeBroker.start()
  const sent = await whole.send('T', { properties: 'DELAY\x012\x02TAGS\x01a\x02', body: 'late', queueId: 2 })
  expect(sent.fields).toMatchObject({ queueId: '2', queueOffset: '0' })
  await whole.advance(4900)
  expect((await whole.pull('T', { ...END, queueId: 2 })).code).toBe(ResponseCode.PULL_NOT_FOUND)
  await whole.advance(200)
  const [message] = messagesOf(await whole.pull('T', { ...END, queueId: 2, tags: 'a' }))
  expect(message).toMatchObject({ topic: 'T', queueId: 2, reconsumeTimes: 0, storeHost: '127.0.0.1:10911' })
  expect(Object.fromEntries(message!.properties)).toMatchObject({
    REAL_TOPIC: 'T',
    REAL_QID: '2',
    TAGS: 'a',
    DELAY: '2',
  })
})

test('levels beyond the last count as the last; those that are no number or not positive as none', async () => {
  const whole = await WholeBroker.start('messageDelayLevel=1s 3s\n')
  await whole.send('T', { properties: 'DELAY\x0199\x02', body: 'last' })
  await whole.send('T', { properties: 'DELAY\x010\x02', body: 'now' })
  await whole.send('T', { properties: 'DELAY\x01x\x02', body: 'now too' })
  expect(bodiesOf(await whole.pull('T'))).toEqual(['now', 'now too'])
  await whole.advance(3100)
  const found = messagesOf(await whole.pull('T', { offset: 2 }))
  expect(found.map(({ body, properties }) => [body.toString(), properties.get('DELAY')])).toEqual([['last', '2']])
})

test('a held pull is woken by the delivery, and a thousand messages due at once all arrive in order', async () => {
  const whole = await WholeBroker.start()
  const bodies = Array.from({ length: 1000 }, (_, i) => `m${i}`)
  for (const body of bodies) whole.beginSend('T', { properties: 'DELAY\x011\x02', body })
  await whole.settle()
  const held = whole.beginPull('T')
  await whole.settle()
  expect(held.isSettled()).toBe(false)
  await whole.advance(1200)
  const found: string[] = []
  for (let answer = await held.promise; found.length < 1000; ) {
    found.push(...bodiesOf(answer))
    if (found.length < 1000) answer = await whole.pull('T', { offset: found.length })
  }
  expect(found).toEqual(bodies)
})

test('what was delivered is remembered over a restart, what was not is delivered after it', async () => {
  const whole = await WholeBroker.start()
  await whole.send('T', { properties: 'DELAY\x011\x02', body: 'one' })
  await whole.advance(1100)
  await whole.send('T', { properties: 'DELAY\x012\x02', body: 'two' })
  await whole.advance(100)
  await whole.restart()
  const file = whole.disk.readFile('/store/config/delayOffset.json').toString()
  expect(file).toContain('"offsetTable":{\n\t\t1:1,\n\t\t2:0\n\t}')
  expect(bodiesOf(await whole.pull('T', END))).toEqual(['one'])
  await whole.advance(60_000)
  expect(bodiesOf(await whole.pull('T', END))).toEqual(['one', 'two'])
  const offsets = await whole.ask(RequestCode.GET_ALL_DELAY_OFFSET)
  expect(offsets.body!.toString()).toContain('"offsetTable":{1:1,2:1}')
})

test('when the disk refuses the delivery it is tried again, and nothing is delivered twice', async () => {
  const whole = await WholeBroker.start()
  await whole.send('T', { properties: 'DELAY\x011\x02', body: 'one' })
  whole.disk.fail({ nth: 1, operations: ['write'], path: /commitlog/, code: 'ENOSPC' })
  await whole.advance(5000)
  expect(bodiesOf(await whole.pull('T', END))).toEqual(['one'])
})

test('a write that fails in the middle of a round loses nothing of what the round had delivered before it', async () => {
  const whole = await WholeBroker.start('mappedFileSizeCommitLog=67108864\n')
  const bodies = Array.from({ length: 5 }, (_, i) => Buffer.alloc(3_000_000, 97 + i))
  for (const body of bodies) await whole.send('T', { properties: 'DELAY\x011\x02', body })
  whole.disk.fail({ nth: 1, operations: ['write'], path: /commitlog/, code: 'EIO' })
  await whole.advance(5000)
  const found = new Set<string>()
  for (let offset = 0; ; offset++) {
    const [body] = bodiesOf(await whole.pull('T', { ...END, offset, fields: { maxMsgNums: 1 } }))
    if (body === undefined) break
    found.add(body[0]!)
  }
  expect([...found].sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('a delivery counts as done only when it survives a power cut, and so does an offset of what was consumed', async () => {
  const settings = 'flushDelayOffsetInterval=100\nflushConsumerOffsetInterval=100\nflushIntervalCommitLog=100\n'
  const whole = await WholeBroker.start(settings, { syncs: 'manual' })
  await whole.send('T', { properties: 'DELAY\x011\x02', body: 'late' })
  await whole.advance(600)
  for (let i = 0; i < 5; i++) {
    whole.disk.completeSyncs()
    await whole.advance(50)
  }
  await whole.advance(400)
  expect(bodiesOf(await whole.pull('T', END))).toEqual(['late'])
  whole.broker.tables.offsets.commit('cg', 'T', 0, 1)
  // The syncs of the log never end; those of the state files do.
  whole.disk.holdSyncs(/commitlog/)
  for (let i = 0; i < 5; i++) {
    await whole.advance(100)
    whole.disk.completeSyncs()
  }
  whole.crash('power-worst')
  await whole.startAgain()
  expect(whole.broker.tables.offsets.query('cg', 'T', 0)).toBe(-1)
  await whole.advance(1500)
  expect(bodiesOf(await whole.pull('T', END))).toEqual(['late'])
})

test('a message sent back is retried after growing delays and ends as a dead letter', async () => {
  const whole = await WholeBroker.start()
  await whole.send('T', { body: 'bad', properties: 'TAGS\x01a\x02' })
  const [origin] = messagesOf(await whole.pull('T'))
  const back = (phyOffset: number, delayLevel = 0) =>
    whole.ask(RequestCode.CONSUMER_SEND_MSG_BACK, {
      fields: { offset: phyOffset, group: 'cg', delayLevel, originTopic: 'T', unitMode: false, maxReconsumeTimes: 2 },
    })
  expect((await back(origin!.phyOffset)).code).toBe(0)
  await whole.advance(9_800)
  expect((await whole.pull('%RETRY%cg', END)).code).toBe(ResponseCode.PULL_NOT_FOUND)
  await whole.advance(400)
  const [first] = messagesOf(await whole.pull('%RETRY%cg', END))
  expect(first).toMatchObject({ topic: '%RETRY%cg', reconsumeTimes: 1, body: Buffer.from('bad') })
  expect(Object.fromEntries(first!.properties)).toMatchObject({ RETRY_TOPIC: 'T', ORIGIN_MESSAGE_ID: origin!.msgId })
  await back(first!.phyOffset)
  await whole.advance(30_200)
  const [second] = messagesOf(await whole.pull('%RETRY%cg', { ...END, offset: 1 }))
  expect([second!.reconsumeTimes, second!.properties.get('ORIGIN_MESSAGE_ID')]).toEqual([2, origin!.msgId])
  await back(second!.phyOffset)
  const [dead] = messagesOf(await whole.pull('%DLQ%cg', END))
  expect(dead).toMatchObject({ topic: '%DLQ%cg', reconsumeTimes: 3, body: Buffer.from('bad') })
  expect((await back(1_000_000)).remark).toBe('look message by offset failed, 1000000')
})
