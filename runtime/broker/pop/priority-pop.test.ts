import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { PopClient } from '../testing/pop-client.ts'
import { messagesOf, WholeBroker } from '../testing/whole-broker.ts'

const QUEUES = 4

async function started(settings = ''): Promise<{ whole: WholeBroker; client: PopClient }> {
  const whole = await WholeBroker.start(settings)
  const sizes = { topic: 'P', defaultTopic: 'TBW102', readQueueNums: QUEUES, writeQueueNums: QUEUES, perm: 6 }
  const fields = { ...sizes, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false }
  await whole.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, { fields: { ...fields, attributes: '+message.type=PRIORITY' } })
  return { whole, client: new PopClient(whole, 'cg', 'P') }
}

const properties = (given: Readonly<Record<string, string | number>>): string =>
  Object.entries(given)
    .map(([name, value]) => `${name}\x01${value}\x02`)
    .join('')

const send = (whole: WholeBroker, body: string, given: Readonly<Record<string, string | number>>) =>
  whole.send('P', { body, queueId: 0, properties: properties({ UNIQ_KEY: body, ...given }) })

const prioritized = (whole: WholeBroker, body: string, priority: number | string) =>
  send(whole, body, { _SYS_MSG_PRIORITY_: priority })

async function sendThree(whole: WholeBroker): Promise<void> {
  for (const priority of [1, 3, 0]) await prioritized(whole, `of ${priority}`, priority)
}

async function popAll(client: PopClient): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const [message] = await client.pop({ maxMsgNums: 1 })
    if (message === undefined) return found
    found.push(message.body)
  }
}

async function pass(whole: WholeBroker, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) await whole.advance(100)
}

async function setFactor(whole: WholeBroker, factor: number): Promise<void> {
  const body = Buffer.from(JSON.stringify({ groupName: 'cg', attributes: { '+priority.factor': String(factor) } }))
  const { code, remark } = await whole.ask(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, { body })
  if (code !== 0) throw new Error(`${code} ${remark}`)
}

test('a message lies in the queue of its priority, in the last one when that is higher', async () => {
  const { whole } = await started()
  const answers = [await prioritized(whole, 'a', 2), await prioritized(whole, 'b', 99)]
  expect(answers.map(({ fields }) => fields['queueId'])).toEqual(['2', '3'])
  const [stored] = messagesOf(await whole.pull('P', { queueId: 3 }))
  expect(stored!.properties.get('_SYS_MSG_PRIORITY_')).toBe('99')
})

test('what is no priority leaves a message where it was sent', async () => {
  const { whole } = await started()
  for (const priority of ['-1', 'high', '2147483648']) {
    expect((await prioritized(whole, 'a', priority)).fields['queueId']).toBe('0')
  }
})

test('a message of another kind loses its priority', async () => {
  const { whole } = await started()
  expect((await send(whole, 'a', { __SHARDINGKEY: 'k', _SYS_MSG_PRIORITY_: 3 })).fields['queueId']).toBe('0')
  const [stored] = messagesOf(await whole.pull('P'))
  expect(stored!.properties.has('_SYS_MSG_PRIORITY_')).toBe(false)
  expect(stored!.properties.get('__SHARDINGKEY')).toBe('k')
})

test('the highest priority is popped first', async () => {
  const { whole, client } = await started()
  await sendThree(whole)
  await prioritized(whole, 'of 3 again', 3)
  expect(await popAll(client)).toEqual(['of 3', 'of 3 again', 'of 1', 'of 0'])
})

test('with priorityOrderAsc = false 0 is the highest', async () => {
  const { whole, client } = await started('priorityOrderAsc=false\n')
  await sendThree(whole)
  expect(await popAll(client)).toEqual(['of 0', 'of 1', 'of 3'])
})

test('a group says how many of its pops go by priority', async () => {
  const { whole, client } = await started()
  await client.pop()
  await setFactor(whole, 0)
  for (let round = 0; round < 3; round++) await sendThree(whole)
  const byPriority = ['of 3', 'of 3', 'of 3', 'of 1', 'of 1', 'of 1', 'of 0', 'of 0', 'of 0']
  const popped = await popAll(client)
  expect(popped).not.toEqual(byPriority)
  expect(popped.toSorted()).toEqual(byPriority.toSorted())
})

test('of priorities retries come last, but not with popFromRetryProbabilityForPriority = 100', async () => {
  for (const [settings, expected] of [
    ['', ['new', 'old']],
    ['popFromRetryProbabilityForPriority=100\n', ['old', 'new']],
  ] as const) {
    const { whole, client } = await started(settings)
    await prioritized(whole, 'old', 3)
    expect(await popAll(client)).toEqual(['old'])
    await pass(whole, 10_500)
    await prioritized(whole, 'new', 0)
    expect(await popAll(client)).toEqual(expected)
  }
})

test('with separate retry queues a message comes again in the order of its priority', async () => {
  const { whole, client } = await started('useSeparateRetryQueue=true\n')
  await sendThree(whole)
  expect(await popAll(client)).toHaveLength(3)
  await pass(whole, 10_500)
  const again = await client.pop()
  expect(again.map(({ body, topic, queueId, reconsumeTimes }) => [body, topic, queueId, reconsumeTimes])).toEqual([
    ['of 3', '%RETRY%cg_P', 3, 1],
    ['of 1', '%RETRY%cg_P', 1, 1],
    ['of 0', '%RETRY%cg_P', 0, 1],
  ])
  for (const message of again.slice(1)) expect((await client.ack(message)).code).toBe(0)
  await pass(whole, 10_500)
  expect((await client.pop()).map(({ body, queueId, reconsumeTimes }) => [body, queueId, reconsumeTimes])).toEqual([
    ['of 3', 3, 2],
  ])
})

test('a retry topic gets more queues when it is to have some of its own, and keeps what it has', async () => {
  const { whole, client } = await started()
  await sendThree(whole)
  expect(await popAll(client)).toHaveLength(3)
  await pass(whole, 10_500)
  const change = { body: Buffer.from('useSeparateRetryQueue=true') }
  expect((await whole.ask(RequestCode.UPDATE_BROKER_CONFIG, change)).code).toBe(0)
  await prioritized(whole, 'later', 2)
  expect((await client.pop({ maxMsgNums: 1 })).map(({ body }) => body)).toEqual(['later'])
  await pass(whole, 10_500)
  expect((await client.pop()).map(({ body, queueId }) => [body, queueId])).toEqual([
    ['later', 2],
    ['of 3', 0],
    ['of 1', 0],
    ['of 0', 0],
  ])
})
