import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { ServedClient } from '../testing/served-client.ts'
import { WholeBroker } from '../testing/whole-broker.ts'

const query = { topic: 'T', consumerGroup: 'g', clientId: 'c1', strategyName: 'AVG', messageModel: 'CLUSTERING' }

async function consumer(whole: WholeBroker, clientID: string): Promise<ServedClient> {
  const client = new ServedClient(whole, clientID)
  const group = {
    ...{ groupName: 'g', consumeType: 'CONSUME_PASSIVELY', messageModel: 'CLUSTERING', unitMode: false },
    ...{ consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET', subscriptionDataSet: [] },
  }
  const body = Buffer.from(JSON.stringify({ clientID, consumerDataSet: [group], producerDataSet: [] }))
  await client.ask(RequestCode.HEART_BEAT, { body })
  return client
}

async function ask(whole: WholeBroker, more: Record<string, unknown> = {}) {
  const body = Buffer.from(JSON.stringify({ ...query, ...more }))
  const answer = await whole.ask(RequestCode.QUERY_ASSIGNMENT, { body })
  if (answer.code !== ResponseCode.SUCCESS) return { code: answer.code, remark: answer.remark }
  const { messageQueueAssignments: assignments } = JSON.parse(answer.body!.toString()) as {
    messageQueueAssignments?: { messageQueue: { queueId: number; brokerName: string }; mode: string }[]
  }
  return assignments?.map(({ messageQueue: { queueId, brokerName }, mode }) => `${mode} ${brokerName} ${queueId}`)
}

test('queues are divided among the clients of a group, who pull or pop as the administrator says', async () => {
  const whole = await WholeBroker.start()
  await whole.send('T')
  await consumer(whole, 'c1')
  expect(await ask(whole)).toEqual([0, 1, 2, 3].map((id) => `PULL broker-a ${id}`))
  await consumer(whole, 'c2')
  expect(await ask(whole)).toEqual(['PULL broker-a 0', 'PULL broker-a 1'])
  expect(await ask(whole, { strategyName: 'AVG_BY_CIRCLE' })).toEqual(['PULL broker-a 0', 'PULL broker-a 2'])
  expect(await ask(whole, { messageModel: 'BROADCASTING' })).toEqual([0, 1, 2, 3].map((id) => `PULL broker-a ${id}`))
  const mode = Buffer.from(JSON.stringify({ topic: 'T', consumerGroup: 'g', mode: 'POP', popShareQueueNum: 0 }))
  expect((await whole.ask(RequestCode.SET_MESSAGE_REQUEST_MODE, { body: mode })).code).toBe(ResponseCode.SUCCESS)
  expect(await ask(whole)).toEqual(['POP broker-a -1'])
})

test('who cannot be given anything keeps what it has', async () => {
  const whole = await WholeBroker.start('defaultMessageRequestMode=POP\n')
  await whole.send('T')
  expect(await ask(whole)).toBe(undefined)
  await consumer(whole, 'c1')
  expect(await ask(whole)).toEqual(['POP broker-a -1'])
  expect(await ask(whole, { topic: '%RETRY%g' })).toEqual(['PULL broker-a 0'])
  expect(await ask(whole, { topic: 'Nowhere' })).toBe(undefined)
  expect(await ask(whole, { strategyName: 'MACHINE_ROOM' })).toBe(undefined)
  expect(await ask(whole, { messageModel: 'X' })).toMatchObject({ code: ResponseCode.SYSTEM_ERROR })
})

test('where the broker does not divide queues every client gets all', async () => {
  const whole = await WholeBroker.start('serverLoadBalancerEnable=false\n')
  await whole.send('T')
  expect(await ask(whole)).toEqual([0, 1, 2, 3].map((id) => `PULL broker-a ${id}`))
})
