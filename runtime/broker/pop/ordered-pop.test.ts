import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { silentLogger } from '../../observe/logger.ts'
import { PopClient, type Popped } from '../testing/pop-client.ts'
import { WholeBroker } from '../testing/whole-broker.ts'
import { ConsumerOrderInfo } from './consumer-order-info.ts'

const ORDER = { order: true, queueId: 0, maxMsgNums: 2 }

async function started(): Promise<{ whole: WholeBroker; client: PopClient }> {
  const whole = await WholeBroker.start()
  for (const body of ['one', 'two', 'three', 'four']) await whole.send('T', { body })
  return { whole, client: new PopClient(whole) }
}

async function pass(whole: WholeBroker, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) await whole.advance(100)
}

const bodies = (messages: readonly Popped[]): string[] => messages.map(({ body }) => body)

test('a queue that is consumed in order gives nothing more until all is acknowledged', async () => {
  const { whole, client } = await started()
  const first = await client.pop(ORDER)
  expect(bodies(first)).toEqual(['one', 'two'])
  expect(await client.pop(ORDER)).toEqual([])
  const held = client.begin(ORDER)
  await whole.settle()
  await client.ack(first[0]!)
  expect(held.isSettled()).toBe(false)
  await client.ack(first[1]!)
  expect(bodies(client.messagesOf(await held.promise))).toEqual(['three', 'four'])
  expect(whole.broker.tables.offsets.query('cg', 'T', 0)).toBe(2)
  // Said again, it is nothing new.
  expect((await client.ack(first[1]!)).code).toBe(ResponseCode.SUCCESS)
})

test('what is not acknowledged in time comes again, in order, and says how often it was popped', async () => {
  const { whole, client } = await started()
  const first = await client.pop(ORDER)
  await client.ack(first[0]!)
  const held = client.begin(ORDER)
  await pass(whole, 10_200)
  expect(held.isSettled()).toBe(true)
  const answer = await held.promise
  expect(bodies(client.messagesOf(answer))).toEqual(['two', 'three'])
  expect(answer.fields['orderCountInfo']).toBe('0 qo0%1 1;0 0 0')
  // An ack of the pop before says nothing.
  await client.ack(first[1]!)
  expect(whole.broker.tables.offsets.query('cg', 'T', 0)).toBe(1)
})

test('the same attempt gets the same messages again; a message may be given back before its time', async () => {
  const { whole, client } = await started()
  const first = await client.pop({ ...ORDER, attemptId: 'a' })
  expect(bodies(await client.pop({ ...ORDER, attemptId: 'b' }))).toEqual([])
  const same = await client.answer({ ...ORDER, attemptId: 'a' })
  expect([bodies(client.messagesOf(same)), same.fields['orderCountInfo']]).toEqual([['one', 'two'], '0 0 0'])
  const [one, two] = client.messagesOf(same)
  const changed = await client.change(one!, 500)
  expect([changed.code, changed.fields['invisibleTime'], changed.fields['reviveQid']]).toEqual([0, '500', '999'])
  await client.change(two!, 300)
  await pass(whole, 600)
  const again = await client.answer({ ...ORDER, attemptId: 'b' })
  expect([bodies(client.messagesOf(again)), again.fields['orderCountInfo']]).toEqual([
    ['one', 'two'],
    '0 qo0%0 1;0 qo0%1 1;0 0 1',
  ])
  expect(first.length).toBe(2)
})

test('after a stop the queue is as closed as before; after a kill its messages come again in order', async () => {
  const { whole, client } = await started()
  await client.pop({ ...ORDER, invisibleTime: 60_000 })
  await whole.restart()
  expect(await client.pop(ORDER)).toEqual([])
  whole.crash('process')
  await whole.settle()
  await whole.startAgain()
  await pass(whole, 61_000)
  expect(bodies(await client.pop(ORDER))).toEqual(['one', 'two'])
})

test('consumerOrderInfo.json is read and written as Apache RocketMQ writes it', () => {
  const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden/pop.json'), 'utf8')) as { orderInfo: string }
  const disk = new SimDisk()
  const clock = new ManualClock(1000)
  const path = '/store/config/consumerOrderInfo.json'
  disk.makeFolder('/store/config')
  disk.writeFile(path, Buffer.from(golden.orderInfo))
  const table = new ConsumerOrderInfo({ disk, path, logger: silentLogger })
  table.load()
  table.state.save()
  expect(disk.readFile(path).toString()).toBe(golden.orderInfo)
  const queue = { topic: 'ordered', group: 'poppers', queueId: 0 }
  const popTime = Number(/"popTime":(\d+)/.exec(golden.orderInfo)![1])
  expect(table.commit(queue, 2, popTime)).toBe(1)
  expect(table.commit(queue, 1, popTime)).toBe(3)
  expect(table.commit(queue, 7, popTime)).toBe(-1)
  expect(table.commit(queue, 1, popTime + 1)).toBe(-2)
  table.expire(
    clock.now(),
    () => 0,
    () => true,
  )
  expect(table.commit(queue, 1, popTime)).toBe(2)
})
