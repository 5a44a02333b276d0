import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { createLite, LITE_ON, sendLite } from '../testing/lite-client.ts'
import { bodiesOf, type PullRequest, WholeBroker } from '../testing/whole-broker.ts'

async function started(settings = LITE_ON): Promise<WholeBroker> {
  const whole = await WholeBroker.start(settings)
  await createLite(whole)
  return whole
}

const ofLite = (liteTopic: string, request: PullRequest = {}): PullRequest => ({
  ...request,
  fields: { consumerGroup: 'g', liteTopic, ...request.fields },
})

test('a pull with a liteTopic reads that lite topic alone, and waits for messages of it', async () => {
  const whole = await started()
  for (const [lite, body] of [
    ['a', 'a0'],
    ['b', 'b0'],
    ['a', 'a1'],
  ] as const)
    await sendLite(whole, lite, body)
  const found = await whole.pull('P', ofLite('a'))
  expect([found.code, bodiesOf(found), found.fields['maxOffset']]).toEqual([0, ['a0', 'a1'], '2'])
  const waiting = whole.beginPull('P', ofLite('a', { offset: 2 }))
  await sendLite(whole, 'b', 'b1')
  expect(waiting.isSettled()).toBe(false)
  await sendLite(whole, 'a', 'a2')
  expect(bodiesOf(await waiting.promise)).toEqual(['a2'])
})

test('one may wait for the first message of a lite topic', async () => {
  const whole = await started()
  const waiting = whole.beginPull('P', ofLite('new'))
  await whole.settle()
  await sendLite(whole, 'new', 'first')
  expect(bodiesOf(await waiting.promise)).toEqual(['first'])
})

test('offsets that come with it are those of the lite topic', async () => {
  const whole = await started()
  await sendLite(whole, 'a', 'a0')
  await whole.pull('P', ofLite('a', { sysFlag: 5, fields: { consumerGroup: 'g', liteTopic: 'a', commitOffset: 1 } }))
  const offsetOf = async (topic: string) => {
    const answer = await whole.ask(RequestCode.QUERY_CONSUMER_OFFSET, {
      fields: { consumerGroup: 'g', topic, queueId: 0, setZeroIfNotFound: false },
    })
    return answer.fields['offset']
  }
  expect([await offsetOf('%LMQ%$P$a'), await offsetOf('P')]).toEqual(['1', undefined])
})

test('what can be pulled from no lite topic is said', async () => {
  const whole = await started()
  const refused = async (topic: string, request: PullRequest) => {
    const { code, remark } = await whole.pull(topic, request)
    return [code, remark]
  }
  await whole.send('T')
  expect(await refused('T', ofLite('a'))).toEqual([
    ResponseCode.INVALID_PARAMETER,
    'the topic [T] message type not match',
  ])
  expect(await refused('P', ofLite('a', { queueId: 1 }))).toEqual([
    ResponseCode.INVALID_PARAMETER,
    'queueId[1] is illegal: a lite topic has queue 0 alone',
  ])
  expect(await refused('P', ofLite('a$b'))).toEqual([
    ResponseCode.INVALID_PARAMETER,
    "liteTopic [a$b] is no name of a lite topic: it has one of '$', ',' and '/' in it",
  ])
  const without = await started('')
  expect((await without.pull('P', ofLite('a'))).code).toBe(ResponseCode.NO_PERMISSION)
})
