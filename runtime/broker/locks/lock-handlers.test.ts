import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'

const STRICT = 'lockInStrictMode=true\ntotalReplicas=3\n'

function asked(clientId: string, queueIds: number[], more: object = {}) {
  const mqSet = queueIds.map((queueId) => ({ brokerName: 'broker-a', queueId, topic: 'T1' }))
  return { body: JSON.stringify({ consumerGroup: 'g1', clientId, mqSet, ...more }) }
}

async function locked(broker: BrokerFixture, clientId: string, queueIds: number[], more: object = {}) {
  const { code, body } = await broker.ask(RequestCode.LOCK_BATCH_MQ, asked(clientId, queueIds, more))
  expect(code).toBe(ResponseCode.SUCCESS)
  return (JSON.parse(body) as { lockOKMQSet: { queueId: number }[] }).lockOKMQSet.map((queue) => queue.queueId)
}

test('a queue belongs to one client until it unlocks it or falls silent for a minute', async () => {
  const broker = new BrokerFixture()
  const first = await broker.ask(RequestCode.LOCK_BATCH_MQ, asked('c1', [0]))
  expect(first.body).toBe('{"lockOKMQSet":[{"brokerName":"broker-a","queueId":0,"topic":"T1"}]}')
  expect(await locked(broker, 'c2', [0, 1])).toEqual([1])
  await broker.ask(RequestCode.UNLOCK_BATCH_MQ, asked('c2', [0]))
  expect(await locked(broker, 'c2', [0])).toEqual([])
  await broker.ask(RequestCode.UNLOCK_BATCH_MQ, asked('c1', [0]))
  expect(await locked(broker, 'c2', [0])).toEqual([0])
  broker.clock.nowMs += 60_000
  expect(await locked(broker, 'c1', [0, 1])).toEqual([])
  expect(await locked(broker, 'c2', [1])).toEqual([1])
  broker.clock.nowMs += 1
  broker.locks.expire()
  expect(await locked(broker, 'c1', [0, 1])).toEqual([0])
})

test('in strict mode a lock counts when the majority of the replicas grants it', async () => {
  const broker = new BrokerFixture(STRICT)
  const grants = (queueIds: number[]) => () => {
    const lockOKMQSet = queueIds.map((queueId) => ({ brokerName: 'broker-a', queueId, topic: 'T1' }))
    return { code: 0, remark: undefined, fields: {}, body: JSON.stringify({ lockOKMQSet }) }
  }
  broker.peers.set('peer1:1', grants([0]))
  broker.peers.set('peer2:1', () => ({ code: ResponseCode.SYSTEM_ERROR, remark: 'no', fields: {}, body: '' }))
  expect(await locked(broker, 'c1', [0, 1])).toEqual([0])
  expect(await locked(broker, 'c1', [0, 1], { onlyThisBroker: true })).toEqual([0, 1])
  expect((await broker.ask(RequestCode.UNLOCK_BATCH_MQ, asked('c1', [0, 1]))).code).toBe(ResponseCode.SUCCESS)
})

test('a single replica needs nobody, a lone one of three gets nothing', async () => {
  expect(await locked(new BrokerFixture('lockInStrictMode=true\n'), 'c1', [0])).toEqual([0])
  expect(await locked(new BrokerFixture(STRICT), 'c1', [0])).toEqual([])
})

test('a lock request that lacks something is refused', async () => {
  const broker = new BrokerFixture()
  const { code, remark } = await broker.ask(RequestCode.LOCK_BATCH_MQ, { body: '{"clientId":"c1"}' })
  expect([code, remark]).toEqual([ResponseCode.SYSTEM_ERROR, 'a lock request needs consumerGroup, clientId and mqSet'])
  const queueless = await broker.ask(RequestCode.LOCK_BATCH_MQ, asked('c1', [0], { mqSet: [{ topic: 'T1' }] }))
  expect(queueless.remark).toBe('body of LOCK_BATCH_MQ: a queue needs brokerName, queueId and topic')
})
