import { expect, test } from 'vitest'
import { PopClient } from '../testing/pop-client.ts'
import { WholeBroker } from '../testing/whole-broker.ts'

async function started(settings = ''): Promise<{ whole: WholeBroker; client: PopClient }> {
  const whole = await WholeBroker.start(settings)
  for (const [body, queueId] of [
    ['zero', 0],
    ['one', 1],
    ['two', 1],
    ['three', 1],
  ] as const) {
    await whole.send('T', { body, queueId })
  }
  return { whole, client: new PopClient(whole) }
}

async function pass(whole: WholeBroker, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) await whole.advance(100)
}

const bodies = (messages: readonly { readonly body: string }[]): string[] => messages.map(({ body }) => body).sort()

test('messages are popped once; those that are acknowledged do not come again, the others do', async () => {
  const { whole, client } = await started()
  const popped = await client.pop()
  expect(bodies(popped)).toEqual(['one', 'three', 'two', 'zero'])
  expect(await client.pop()).toEqual([])
  for (const message of popped.filter(({ body }) => body !== 'two')) expect((await client.ack(message)).code).toBe(0)
  await pass(whole, 9_900)
  expect(await client.pop()).toEqual([])
  await pass(whole, 400)
  const again = await client.pop()
  expect(again.map(({ body, reconsumeTimes, topic }) => ({ body, reconsumeTimes, topic }))).toEqual([
    { body: 'two', reconsumeTimes: 1, topic: '%RETRY%cg_T' },
  ])
  expect((await client.ack(again[0]!)).code).toBe(0)
  await pass(whole, 15_000)
  expect(await client.pop()).toEqual([])
})

test('a pop that waits gets a message as soon as it comes, also one that comes again', async () => {
  const { whole, client } = await started()
  const popped = await client.pop()
  const held = client.begin({ queueId: 1 })
  const other = client.begin({ queueId: 0 })
  await whole.settle()
  expect(held.isSettled()).toBe(false)
  await whole.send('T', { body: 'four', queueId: 1 })
  expect(held.isSettled()).toBe(true)
  expect(bodies(client.messagesOf(await held.promise))).toEqual(['four'])
  expect(other.isSettled()).toBe(false)
  expect(popped.length).toBe(4)
  await pass(whole, 10_500)
  expect(bodies(client.messagesOf(await other.promise))).toEqual(['one', 'three', 'two', 'zero'])
})

test('a message whose time was changed comes again then, once', async () => {
  const { whole, client } = await started()
  const popped = await client.pop()
  for (const message of popped.slice(1)) await client.ack(message)
  const changed = await client.change(popped[0]!, 20_000)
  expect([changed.code, changed.fields['invisibleTime']]).toEqual([0, '20000'])
  await pass(whole, 19_500)
  expect(await client.pop()).toEqual([])
  await pass(whole, 1_000)
  expect(bodies(await client.pop())).toEqual([popped[0]!.body])
  expect(await client.pop()).toEqual([])
})
