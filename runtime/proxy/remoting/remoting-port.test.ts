import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseJsonBytes } from '../../codec/json/parse-json.ts'
import type { RemotingCommand, RequestDraft, Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { RealClock } from '../../io/real-clock.ts'
import { RealNetwork } from '../../io/real-network.ts'
import { createNetContext } from '../../net/net-context.ts'
import { RemotingClient } from '../../net/remoting-client.ts'
import { silentLogger } from '../../observe/logger.ts'
import { proxyConf } from '../testing/fake-gateway.ts'
import { PlayedBroker, PlayedGateway } from '../testing/played-broker.ts'
import { storedRecord } from '../testing/stored-record.ts'
import { RemotingPort } from './remoting-port.ts'

const C = RequestCode
const network = new RealNetwork()
const context = createNetContext(new RealClock(), network, silentLogger)

let a: PlayedBroker
let b: PlayedBroker
let gateway: PlayedGateway
let port: RemotingPort
let client: RemotingClient
let proxy: string
let told: RemotingCommand[]

beforeEach(async () => {
  a = await new PlayedBroker(context).start()
  b = await new PlayedBroker(context).start()
  gateway = new PlayedGateway()
  gateway.addresses = { a: a.address, b: b.address }
  const conf = proxyConf({ remotingListenPort: 0, bindAddress: '127.0.0.1', grpcProxyRelayRequestTimeoutInSeconds: 1 })
  port = new RemotingPort({ context, gateway, conf, cluster: 'Cluster', credentials: undefined, guard: undefined })
  const { host, port: number } = await port.listen(network)
  proxy = `${host}:${number}`
  told = []
  client = newClient()
})

afterEach(async () => {
  client.close()
  await port.stop()
  for (const broker of [a, b]) broker.server.close()
})

function newClient(onAsked?: (command: RemotingCommand) => Response | undefined): RemotingClient {
  return new RemotingClient(context, {
    connectTimeoutMs: 1000,
    onRequest: (request, channel) => {
      const command = request.toCommand()
      told.push(command)
      const answer = onAsked?.(command)
      if (answer !== undefined) channel.respond(command.opaque, command.serializeType, answer)
    },
  })
}

const ask = (request: RequestDraft, by = client) => by.invoke(proxy, request, 5000)
const heartbeat = (clientID = 'c', groupName = 'G') => ({
  code: C.HEART_BEAT,
  body: Buffer.from(JSON.stringify({ clientID, consumerDataSet: [{ groupName }], producerDataSet: [] })),
})

test('routes name the proxy as the address of every broker', async () => {
  const { code, body } = await ask({ code: C.GET_ROUTEINFO_BY_TOPIC, fields: { topic: 'T' } })
  expect(code).toBe(0)
  expect(parseJsonBytes(body!)).toMatchObject({
    brokerDatas: [
      { brokerName: 'b', brokerAddrs: { 0: proxy } },
      { brokerName: 'a', brokerAddrs: { 0: proxy } },
    ],
    queueDatas: [{ brokerName: 'b' }, { brokerName: 'a' }],
  })
  const absent = await ask({ code: C.GET_ROUTEINFO_BY_TOPIC, fields: { topic: 'absent' } })
  expect(absent.code).toBe(ResponseCode.TOPIC_NOT_EXIST)
})

test('a request goes to the broker that it names, as it is, and the answer comes back', async () => {
  b.answer = () => ({ code: 0, fields: { msgId: 'ID', queueOffset: 7 }, remark: 'r', body: Buffer.from('x') })
  const fields = { b: 'T', n: 'b', i: 'KEYS\u0001k\u0002', AccessKey: 'alice', Signature: 's' }
  const request = { code: C.SEND_MESSAGE_V2, fields, body: Buffer.from('hello'), language: 'GO', version: 400 }
  expect(await ask(request)).toMatchObject({
    code: 0,
    remark: 'r',
    fields: { msgId: 'ID', queueOffset: '7' },
    body: Buffer.from('x'),
  })
  // Without credentials of its own the proxy hands on those of the client, whose signature is still right.
  expect(b.of(C.SEND_MESSAGE_V2)).toMatchObject([{ fields, body: Buffer.from('hello'), language: 'GO', version: 400 }])
  expect(a.asked).toEqual([])
})

test.each([
  [
    'no name of a broker',
    { code: C.PULL_MESSAGE, fields: { topic: 'T' } },
    ResponseCode.VERSION_NOT_SUPPORTED,
    "doesn't have field bname",
  ],
  [
    'a broker that is not there',
    { code: C.PULL_MESSAGE, fields: { bname: 'x' } },
    ResponseCode.SYSTEM_ERROR,
    'there is no broker x',
  ],
  [
    'a message of the wrong type',
    { code: C.SEND_MESSAGE_V2, fields: { b: 'T', n: 'a', i: '__SHARDINGKEY\u0001k\u0002' } },
    ResponseCode.MESSAGE_ILLEGAL,
    'the expected type is NORMAL, but actual type is FIFO',
  ],
  [
    'a delayed one',
    { code: C.SEND_MESSAGE, fields: { topic: 'T', bname: 'a', properties: 'DELAY\u00013\u0002' } },
    ResponseCode.MESSAGE_ILLEGAL,
    'actual type is DELAY',
  ],
  ['locks that are no JSON', { code: C.LOCK_BATCH_MQ, body: Buffer.from('{') }, ResponseCode.SYSTEM_ERROR, 'the body:'],
  ['a heartbeat for nobody', { code: 4711 }, ResponseCode.REQUEST_CODE_NOT_SUPPORTED, 'not supported'],
])('%s: refused', async (_, request, code, remark) => {
  const answer = await ask(request)
  expect(answer.code).toBe(code)
  expect(answer.remark).toContain(remark)
  expect([...a.asked, ...b.asked]).toEqual([])
})

test('all brokers hear of a client, each over a connection of that client alone, and that it is gone', async () => {
  const second = newClient()
  await Promise.all([ask(heartbeat('c1')), ask(heartbeat('c1')), ask(heartbeat('c2'), second)])
  for (const broker of [a, b]) {
    expect(broker.of(C.HEART_BEAT)).toHaveLength(2)
    expect(new Set(broker.asked.map(({ channel }) => channel)).size).toBe(2)
  }
  second.close()
  await expect.poll(() => a.closed.length).toBe(1)
  await ask({ code: C.UNREGISTER_CLIENT, fields: { clientID: 'c1', consumerGroup: 'G' } })
  expect(a.of(C.UNREGISTER_CLIENT)).toHaveLength(1)
  expect(b.of(C.UNREGISTER_CLIENT)).toHaveLength(1)
  expect(a.closed).toHaveLength(1)
})

test('a broker that comes again, at another address, hears who asks before it is asked', async () => {
  await ask(heartbeat())
  const other = await new PlayedBroker(context).start()
  gateway.addresses = { a: other.address, b: b.address }
  await ask({ code: C.PULL_MESSAGE, fields: { bname: 'a', topic: 'T' } })
  expect(other.asked.map(({ command }) => command.code)).toEqual([C.HEART_BEAT, C.PULL_MESSAGE])
  other.server.close()
})

test('what brokers tell or ask reaches the client, and its answer the broker', async () => {
  client.close()
  client = newClient(({ code }) =>
    code === C.GET_CONSUMER_RUNNING_INFO ? { code: 0, body: Buffer.from('info') } : undefined,
  )
  await ask(heartbeat())
  await ask({ code: C.QUERY_CONSUMER_OFFSET, fields: { bname: 'a', topic: 'T' } })
  const [{ channel } = { channel: undefined }] = a.asked
  const half = storedRecord({ queueOffset: 0, phyOffset: 0 })
  channel!.sendOneway({ code: C.CHECK_TRANSACTION_STATE, fields: { transactionId: 't', topic: 'half' }, body: half })
  channel!.sendOneway({ code: C.NOTIFY_CONSUMER_IDS_CHANGED, fields: { consumerGroup: 'G' } })
  const answer = await channel!.invoke({ code: C.GET_CONSUMER_RUNNING_INFO, fields: { clientId: 'c' } }, 3000)
  expect(answer).toMatchObject({ code: 0, body: Buffer.from('info') })
  expect(told).toMatchObject([
    { code: C.CHECK_TRANSACTION_STATE, fields: { transactionId: 't', bname: 'a', topic: 'T' }, body: half },
    { code: C.NOTIFY_CONSUMER_IDS_CHANGED, fields: { consumerGroup: 'G' } },
    { code: C.GET_CONSUMER_RUNNING_INFO },
  ])
  const silent = await channel!.invoke({ code: C.CONSUME_MESSAGE_DIRECTLY, fields: {} }, 5000)
  expect(silent.code).toBe(ResponseCode.SYSTEM_ERROR)
  expect(silent.remark).toContain('the client gave the proxy no answer')
})

test('consumers of a group are those that any broker knows', async () => {
  const list = (...consumerIdList: string[]) => ({ code: 0, body: Buffer.from(JSON.stringify({ consumerIdList })) })
  a.answer = () => list('c2', 'c1')
  b.answer = () => list('c3', 'c1')
  const about = { code: C.GET_CONSUMER_LIST_BY_GROUP, fields: { consumerGroup: 'G' } }
  expect((await ask(about)).body!.toString()).toBe('{"consumerIdList":["c1","c2","c3"]}')
  const connection = (clientId: string) => ({ clientId, clientAddr: '127.0.0.1:1', language: 'JAVA', version: 509 })
  const connected = (...ids: string[]) => ({
    code: 0,
    body: Buffer.from(
      JSON.stringify({ connectionSet: ids.map(connection), subscriptionTable: { T: {} }, messageModel: 'CLUSTERING' }),
    ),
  })
  a.answer = () => ({ code: ResponseCode.CONSUMER_NOT_ONLINE, remark: 'not online' })
  b.answer = () => connected('c3', 'c1')
  const connections = { code: C.GET_CONSUMER_CONNECTION_LIST, fields: { consumerGroup: 'G' } }
  expect(parseJsonBytes((await ask(connections)).body!)).toMatchObject({
    connectionSet: [connection('c3'), connection('c1')],
    messageModel: 'CLUSTERING',
  })
  b.answer = a.answer
  expect(await ask(connections)).toMatchObject({ code: ResponseCode.CONSUMER_NOT_ONLINE, remark: 'not online' })
})

test('locks go to the broker of their queues', async () => {
  const body = Buffer.from(
    JSON.stringify({ clientId: 'c', consumerGroup: 'G', mqSet: [{ brokerName: 'b', queueId: 0, topic: 'T' }] }),
  )
  b.answer = () => ({ code: 0, body: Buffer.from('{}') })
  expect(await ask({ code: C.LOCK_BATCH_MQ, body })).toMatchObject({ code: 0, body: Buffer.from('{}') })
  expect(b.of(C.LOCK_BATCH_MQ)).toMatchObject([{ body }])
})

test('a proxy that stops hands nothing on any more', async () => {
  const stopping = port.stop()
  await expect(ask({ code: C.PULL_MESSAGE, fields: { bname: 'a' } })).rejects.toThrow()
  await stopping
  expect(a.asked).toEqual([])
})
