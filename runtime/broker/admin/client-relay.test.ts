import { expect, test } from 'vitest'
import { encodeMessageId } from '../../codec/message/message-id.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { InvocationError } from '../../net/pending-invocations.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { FakeClient } from '../testing/fake-client.ts'

async function online(broker: BrokerFixture, from: FakeClient, version = 513): Promise<void> {
  const consumerDataSet = [{ groupName: 'g1', subscriptionDataSet: [{ topic: 'T1', subVersion: 1 }] }]
  await broker.ask(RequestCode.HEART_BEAT, {
    from,
    version,
    body: JSON.stringify({ clientID: from.remoteText, consumerDataSet }),
  })
}

function runningInfo(broker: BrokerFixture, clientId: string) {
  const fields = { consumerGroup: 'g1', clientId, jstackEnable: 'false' }
  return broker.ask(RequestCode.GET_CONSUMER_RUNNING_INFO, { fields })
}

test('a question to a consumer is passed on with all its fields, and the answer back', async () => {
  const broker = new BrokerFixture()
  const client = new FakeClient('c1')
  client.answer = () => ({ code: 0, remark: 'here', fields: { a: 1 }, body: Buffer.from('{"jstack":null}') })
  await online(broker, client)
  expect(await runningInfo(broker, 'c1')).toEqual({
    code: 0,
    remark: 'here',
    fields: { a: '1' },
    body: '{"jstack":null}',
  })
  expect(client.asked[0]).toMatchObject({
    code: RequestCode.GET_CONSUMER_RUNNING_INFO,
    fields: { consumerGroup: 'g1', clientId: 'c1', jstackEnable: 'false' },
  })
})

test('a consumer that is absent, too old, silent or lost is told apart', async () => {
  const broker = new BrokerFixture()
  const client = new FakeClient('c1')
  await online(broker, client)
  await online(broker, new FakeClient('old'), 62)
  const outcome = async (clientId: string) => {
    const { code, remark } = await runningInfo(broker, clientId)
    return [code, remark]
  }
  expect(await outcome('cX')).toEqual([ResponseCode.SYSTEM_ERROR, 'The Consumer <g1> <cX> not online'])
  expect(await outcome('old')).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'The Consumer <old> Version <62> too low to finish, please upgrade it to V3_1_8_SNAPSHOT',
  ])
  client.answer = () => new InvocationError('timeout', 'no answer within 10000 ms')
  expect(await outcome('c1')).toEqual([
    ResponseCode.CONSUME_MSG_TIMEOUT,
    'consumer <g1> <c1> Timeout: no answer within 10000 ms',
  ])
  client.answer = () => new InvocationError('connection', 'connection was lost')
  expect(await outcome('c1')).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'invoke consumer <g1> <c1> Exception: connection was lost',
  ])
})

test('a message is handed to one consumer as it is stored', async () => {
  const broker = new BrokerFixture()
  const client = new FakeClient('c1')
  client.answer = () => ({ code: 0, body: Buffer.from('{"consumeResult":"CR_SUCCESS"}') })
  await online(broker, client)
  broker.files.put({ topic: 'T1', body: 'first' })
  const phyOffset = broker.files.put({ topic: 'T1', body: 'second' })
  const msgId = encodeMessageId(Buffer.from([127, 0, 0, 1, 0, 0, 42, 159]), 0, 8, phyOffset)
  const ask = (fields: Record<string, string>) =>
    broker.ask(RequestCode.CONSUME_MESSAGE_DIRECTLY, {
      fields: { consumerGroup: 'g1', clientId: 'c1', topic: '%RETRY%g1', msgId, ...fields },
    })
  expect((await ask({})).body).toBe('{"consumeResult":"CR_SUCCESS"}')
  const [asked] = client.asked
  expect(asked!.fields).toMatchObject({ brokerName: 'broker-a', topicSysFlag: 0, groupSysFlag: 0, msgId })
  expect(asked!.body).toEqual(broker.files.logBytes().subarray(phyOffset))
  expect(await ask({ msgId: 'zz' })).toMatchObject({
    code: ResponseCode.INVALID_PARAMETER,
    remark: 'msgId "zz" is not the offset message id of a message',
  })
  const absent = encodeMessageId(Buffer.from([127, 0, 0, 1, 0, 0, 42, 159]), 0, 8, 4000)
  expect(await ask({ msgId: absent })).toMatchObject({
    code: ResponseCode.SYSTEM_ERROR,
    remark: `this broker has no message with id ${absent}`,
  })
})

test('consumer status is gathered from all members, or from the one named', async () => {
  const broker = new BrokerFixture()
  const ask = (clientAddr?: string) => {
    const fields = { topic: 'T1', group: 'g1', ...(clientAddr === undefined ? {} : { clientAddr }) }
    return broker.ask(RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, { fields })
  }
  expect(await ask()).toMatchObject({
    code: ResponseCode.SYSTEM_ERROR,
    remark: 'No Any Consumer online in the consumer group: [g1]',
  })
  const [one, two, silent] = [new FakeClient('c1'), new FakeClient('c2'), new FakeClient('c3')]
  const status = (offset: number) =>
    Buffer.from(`{"messageQueueTable":{{"brokerName":"broker-a","queueId":0,"topic":"T1"}:${offset}}}`)
  one.answer = () => ({ code: 0, body: status(5) })
  two.answer = () => ({ code: 0, body: status(6) })
  for (const client of [one, two, silent]) await online(broker, client)
  const table = (offset: number) => `{{"brokerName":"broker-a","queueId":0,"topic":"T1"}:${offset}}`
  expect((await ask()).body).toBe(`{"consumerTable":{"c1":${table(5)},"c2":${table(6)}},"messageQueueTable":{}}`)
  expect((await ask('c2')).body).toBe(`{"consumerTable":{"c2":${table(6)}},"messageQueueTable":{}}`)
  await online(broker, new FakeClient('old'), 28)
  expect((await ask('old')).remark).toBe('the client does not support this feature. version=28')
})
