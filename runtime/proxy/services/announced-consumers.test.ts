import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { RealClock } from '../../io/real-clock.ts'
import { RealNetwork } from '../../io/real-network.ts'
import { createNetContext } from '../../net/net-context.ts'
import { silentLogger } from '../../observe/logger.ts'
import { Brokers } from '../remoting/brokers.ts'
import { PlayedBroker, PlayedGateway } from '../testing/played-broker.ts'
import { storedRecord } from '../testing/stored-record.ts'
import { ClientType, Settings } from '../wire/definition.ts'
import { TelemetryCommand, type TelemetryCommandDraft } from '../wire/service.ts'
import { StatusCode } from '../wire/status-code.ts'
import { AnnouncedConsumers } from './announced-consumers.ts'
import { ClientQuestions } from './client-questions.ts'
import type { KnownClient, Telemetry } from './client-table.ts'
import { OperatorQuestions } from './operator-questions.ts'

const C = RequestCode
const clock = new RealClock()
const context = createNetContext(clock, new RealNetwork(), silentLogger)
const SETTINGS = Settings.decode(
  Settings.encode({
    clientType: ClientType.pushConsumer,
    userAgent: { language: 4, version: '5.1.0' },
    subscription: {
      group: { name: 'G' },
      subscriptions: [{ topic: { name: 'T' }, expression: { expression: 'a || b' } }],
    },
  }),
)

let a: PlayedBroker
let b: PlayedBroker
let questions: ClientQuestions
let announced: AnnouncedConsumers
let told: TelemetryCommandDraft[]

beforeEach(async () => {
  a = await new PlayedBroker(context).start()
  b = await new PlayedBroker(context).start()
  const gateway = new PlayedGateway()
  gateway.addresses = { a: a.address, b: b.address }
  questions = new ClientQuestions(clock, 500)
  const brokers = new Brokers(gateway, 'Cluster')
  announced = new AnnouncedConsumers({
    ...{ context, brokers, credentials: undefined },
    questions: new OperatorQuestions(questions, clock),
  })
  told = []
})

afterEach(() => {
  announced.close()
  for (const broker of [a, b]) broker.server.close()
})

function consumer(id = 'c'): KnownClient {
  const telemetry = {
    isOver: false,
    write: (command: TelemetryCommandDraft) => told.push(command),
  } as unknown as Telemetry
  return { id, settings: SETTINGS, topics: new Set(), group: 'G', telemetry, lastSeenMs: 0 }
}

async function announcedChannel(client: KnownClient) {
  announced.announce(client)
  await expect.poll(() => a.asked.length).toBe(1)
  return a.asked[0]!.channel
}

const answer = (id: string, draft: TelemetryCommandDraft) =>
  questions.answered(id, TelemetryCommand.decode(TelemetryCommand.encode(draft)))

test('all brokers are told of a consumer as if it had told them, and see it go', async () => {
  const client = consumer()
  await announcedChannel(client)
  await expect.poll(() => b.of(C.HEART_BEAT).length).toBe(1)
  const [heartbeat] = a.of(C.HEART_BEAT)
  expect(heartbeat!.language).toBe('GO')
  expect(JSON.parse(heartbeat!.body!.toString())).toMatchObject({
    clientID: 'c',
    consumerDataSet: [
      {
        ...{ groupName: 'G', consumeType: 'CONSUME_PASSIVELY', messageModel: 'CLUSTERING' },
        subscriptionDataSet: [
          { topic: 'T', subString: 'a || b', tagsSet: ['a', 'b'], codeSet: [97, 98], expressionType: 'TAG' },
        ],
      },
    ],
  })
  announced.withdraw(client)
  await expect.poll(() => a.closed.length + b.closed.length).toBe(2)
})

test('an operator that asks for stacks of threads gets those that the client prints', async () => {
  const channel = await announcedChannel(consumer())
  const asked = channel.invoke({ code: C.GET_CONSUMER_RUNNING_INFO, fields: { jstackEnable: true } }, 3000)
  await expect.poll(() => told.length).toBe(1)
  const { nonce = '' } = told[0]!.printThreadStackTraceCommand!
  answer('another', { status: { code: StatusCode.OK }, threadStackTrace: { nonce, threadStackTrace: 'forged' } })
  answer('c', { status: { code: StatusCode.OK }, threadStackTrace: { nonce, threadStackTrace: 'main: waiting' } })
  const { code, body } = await asked
  expect(code).toBe(0)
  expect(JSON.parse(body!.toString())).toMatchObject({
    jstack: 'main: waiting',
    properties: { PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY', PROP_CLIENT_VERSION: '5.1.0' },
    subscriptionSet: [{ topic: 'T' }],
  })
  const without = await channel.invoke({ code: C.GET_CONSUMER_RUNNING_INFO, fields: { jstackEnable: false } }, 3000)
  expect(JSON.parse(without.body!.toString())).not.toHaveProperty('jstack')
  expect(told).toHaveLength(1)
})

test.each([
  [StatusCode.OK, 'CR_SUCCESS'],
  [StatusCode.FAILED_TO_CONSUME_MESSAGE, 'CR_LATER'],
  [StatusCode.MESSAGE_CORRUPTED, 'CR_RETURN_NULL'],
])('a message that an operator has consumed directly: %s is %s', async (code, consumeResult) => {
  const channel = await announcedChannel(consumer())
  const body = storedRecord({ queueOffset: 3, phyOffset: 0, body: Buffer.from('hello'), properties: { KEYS: 'k' } })
  const asked = channel.invoke(
    { code: C.CONSUME_MESSAGE_DIRECTLY, fields: { consumerGroup: 'G', clientId: 'c' }, body },
    3000,
  )
  await expect.poll(() => told.length).toBe(1)
  const { nonce = '', message } = told[0]!.verifyMessageCommand!
  expect(message).toMatchObject({
    topic: { name: 'T' },
    body: Buffer.from('hello'),
    systemProperties: { keys: ['k'], queueOffset: 3 },
  })
  answer('c', { status: { code }, verifyMessageResult: { nonce } })
  const result = await asked
  expect(JSON.parse(result.body!.toString())).toMatchObject({ consumeResult, remark: 'from gRPC client' })
})

test('a client that does not answer, or cannot, is said to be so', async () => {
  const client = consumer()
  const channel = await announcedChannel(client)
  const ask = (code: number) => channel.invoke({ code, fields: { jstackEnable: true } }, 3000)
  const silent = await ask(C.GET_CONSUMER_RUNNING_INFO)
  expect(silent).toMatchObject({ code: ResponseCode.SYSTEM_ERROR })
  expect(silent.remark).toContain('client c did not answer within 500 ms')
  client.telemetry = undefined
  expect((await ask(C.GET_CONSUMER_RUNNING_INFO)).remark).toContain('client c is not connected')
  expect((await ask(C.GET_CONSUMER_STATUS_FROM_CLIENT)).code).toBe(ResponseCode.REQUEST_CODE_NOT_SUPPORTED)
})

test('no more than a thousand questions are under way', async () => {
  const many = new ClientQuestions(new ManualClock(0), 1000)
  const client = consumer()
  const commandOf = (nonce: string) => ({ printThreadStackTraceCommand: { nonce } })
  for (let i = 0; i < 1000; i++) void many.ask(client, commandOf)
  await expect(many.ask(client, commandOf)).rejects.toThrow('1000 questions to clients are under way')
})
