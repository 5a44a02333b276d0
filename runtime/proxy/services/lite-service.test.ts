import { beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { silentLogger } from '../../observe/logger.ts'
import { DEFAULT_GROUP_SETTINGS } from '../brokers/group-settings.ts'
import { FakeGateway, proxyConf } from '../testing/fake-gateway.ts'
import { storedRecord } from '../testing/stored-record.ts'
import { ClientType, LiteAction, MessageKind, Settings } from '../wire/definition.ts'
import { ReceiveMessageRequest, SyncLiteSubscriptionRequest, type TelemetryCommandDraft } from '../wire/service.ts'
import { StatusCode } from '../wire/status-code.ts'
import { AcknowledgeService } from './acknowledge-service.ts'
import type { ClientCall } from './client-call.ts'
import { ClientTable, type KnownClient, type Telemetry } from './client-table.ts'
import { InvisibleMessages } from './invisible-messages.ts'
import { LiteService } from './lite-service.ts'
import { ReceiveService } from './receive-service.ts'
import { Renewals } from './renewals.ts'

const NOW_MS = 1_700_000_100_000
const CALL: ClientCall = {
  ...{ clientId: 'c', clientVersion: '5.2.0', remoteHost: '192.0.2.7', localHost: '10.0.0.9', localPort: 8081 },
  remainingMs: 25_000,
}
const Code = { pop: 200_070, control: 200_071, ack: 200_051, change: 200_053 }
const TOPIC = { resourceNamespace: '', name: 'L' }
const GROUP = { resourceNamespace: '', name: 'G' }

let gateway: FakeGateway
let clock: ManualClock
let clients: ClientTable
let client: KnownClient
let lites: LiteService
let told: TelemetryCommandDraft[]

beforeEach(() => {
  gateway = new FakeGateway()
  gateway.types.set('L', 'LITE')
  gateway.groups.set('G', { ...DEFAULT_GROUP_SETTINGS, bindTopic: 'L', liteQuota: 2 })
  clock = new ManualClock(NOW_MS)
  clients = new ClientTable(10)
  told = []
  const subscription = { group: GROUP, subscriptions: [{ topic: TOPIC }] }
  const settings = { clientType: ClientType.litePushConsumer, subscription }
  client = clients.introduce('c', Settings.decode(Settings.encode(settings)), 0)
  client.group = 'G'
  client.telemetry = {
    isOver: false,
    write: (command: TelemetryCommandDraft) => told.push(command),
  } as unknown as Telemetry
  lites = new LiteService({
    gateway,
    conf: proxyConf({ maxSyncLiteSubscriptionRate: 3 }),
    clock,
    logger: silentLogger,
    clients,
  })
})

const sync = (more = {}) => {
  const request = { action: LiteAction.partialAdd, topic: TOPIC, group: GROUP, liteTopicSet: ['a'], ...more }
  return lites.sync(CALL, SyncLiteSubscriptionRequest.decode(SyncLiteSubscriptionRequest.encode(request)))
}
const entries = () =>
  gateway.asked.flatMap(({ body }) => JSON.parse(Buffer.from(body ?? '{}').toString()).subscriptionSet ?? [])

test('all brokers of the topic are told what a client subscribes to', async () => {
  expect((await sync({ liteTopicSet: ['a', 'b', 'a'], version: 7, offsetOption: { tailN: 3 } })).status.code).toBe(
    StatusCode.OK,
  )
  expect(gateway.asked.map(({ address, code }) => [address, code])).toEqual([
    ['10.0.0.1:10911', Code.control],
    ['10.0.0.2:10911', Code.control],
  ])
  const whose = { clientId: 'c', group: 'G', topic: 'L' }
  expect(entries()[0]).toEqual({
    ...{ ...whose, action: 'PARTIAL_ADD', liteTopicSet: ['a', 'b'], version: 7 },
    offsetOption: { type: 'TAIL_N', value: 3 },
  })
  await lites.left(client)
  expect(entries().at(-1)).toEqual({ ...whose, action: 'COMPLETE_REMOVE', liteTopicSet: [], version: 0 })
})

test('subscriptions that may not be are refused, also by brokers', async () => {
  const refuse = (more: object, code: number) => expect(sync(more)).rejects.toMatchObject({ code })
  await refuse({ action: 9 }, StatusCode.BAD_REQUEST)
  await refuse({ liteTopicSet: ['a/b'] }, StatusCode.ILLEGAL_LITE_TOPIC)
  await refuse({ topic: { name: 'T' } }, StatusCode.ILLEGAL_TOPIC)
  await refuse({ group: { name: 'unknown' } }, StatusCode.ILLEGAL_CONSUMER_GROUP)
  const many = Array.from({ length: 303 }, (_, i) => `l${i}`)
  await refuse({ liteTopicSet: many }, StatusCode.LITE_SUBSCRIPTION_QUOTA_EXCEEDED)
  expect(gateway.asked).toEqual([])
  gateway.answer = () => ({ code: 2018, remark: 'lite subscription quota exceeded' })
  await refuse({}, StatusCode.LITE_SUBSCRIPTION_QUOTA_EXCEEDED)
  gateway.answer = () => ({ code: 0 })
  await sync()
  await sync()
  await refuse({}, StatusCode.TOO_MANY_REQUESTS)
  clock.advance(1000)
  await sync()
  const check = (type: number, group: string, topics: string[]) => () =>
    lites.check(type, group, gateway.group(group), topics)
  expect(check(ClientType.litePushConsumer, 'G', ['L'])).not.toThrow()
  expect(check(ClientType.pushConsumer, 'G', ['L'])).toThrow('lite group must use LITE mode: G')
  gateway.groups.set('H', DEFAULT_GROUP_SETTINGS)
  expect(check(ClientType.liteSimpleConsumer, 'H', [])).toThrow('regular group cannot use LITE mode: H')
  expect(check(ClientType.litePushConsumer, 'G', ['T'])).toThrow('expected to bind topic L, but actual is T')
})

test('a client hears that another one has taken a lite topic over', () => {
  const command = { fields: { clientId: 'c', consumerGroup: 'G', liteTopic: 'a' } } as never
  lites.onUnsubscribed(command)
  lites.onUnsubscribed({ fields: { clientId: 'other', consumerGroup: 'G', liteTopic: 'a' } } as never)
  expect(told).toEqual([{ notifyUnsubscribeLiteCommand: { liteTopic: 'a' } }])
})

test('lite consumers get messages of their lite topics, and acknowledge them there', async () => {
  const conf = proxyConf()
  const invisible = new InvisibleMessages(gateway, clock)
  const renewals = new Renewals(invisible, gateway, conf, clock, silentLogger)
  const receives = new ReceiveService({ gateway, conf, logger: silentLogger, clients, invisible, renewals })
  const acknowledges = new AcknowledgeService(invisible, renewals, conf)
  const properties = {
    __LITE_TOPIC: 'a',
    INNER_MULTI_DISPATCH: '%LMQ%$L$a',
    INNER_MULTI_QUEUE_OFFSET: '5',
    UNIQ_KEY: 'ID',
  }
  gateway.answer = ({ code }) => {
    if (code === Code.change)
      return { code: 0, fields: { popTime: String(NOW_MS), invisibleTime: '90000', reviveQid: '999' } }
    if (code !== Code.pop) return { code: 0 }
    const fields = { popTime: String(NOW_MS), invisibleTime: '60000', reviveQid: '999', orderCountInfo: '0 qo0%5 2' }
    return {
      code: 0,
      fields,
      body: storedRecord({ topic: 'L', queueId: 3, queueOffset: 77, phyOffset: 9, properties }),
    }
  }
  const request = {
    group: GROUP,
    messageQueue: { topic: TOPIC, broker: { name: 'b' } },
    batchSize: 100,
    autoRenew: true,
  }
  const decoded = ReceiveMessageRequest.decode(ReceiveMessageRequest.encode(request))
  const { messages } = await receives.receive(CALL, decoded, () => false)
  expect(gateway.asked[0]).toMatchObject({ code: Code.pop, fields: { clientId: 'c', maxMsgNum: '32', topic: 'L' } })
  const system = messages[0]!.systemProperties!
  expect(system).toMatchObject({ liteTopic: 'a', messageType: MessageKind.lite, queueOffset: 5, deliveryAttempt: 3 })
  const receiptHandle = system.receiptHandle!
  expect(receiptHandle).toMatch(new RegExp(`^0 ${NOW_MS} 60000 999 0 b 0 5 \\d+$`))
  clock.advance(55_000)
  renewals.renewDue()
  await new Promise((resolve) => setTimeout(resolve))
  const asked = (code: number) => gateway.asked.filter((one) => one.code === code).map(({ fields }) => fields)
  expect(asked(Code.change)).toMatchObject([{ liteTopic: 'a', topic: 'L', queueId: '0', offset: '5' }])
  // Not said by the client, but known.
  const whose = { topic: TOPIC, group: GROUP, messageId: 'ID', receiptHandle }
  const suspended = { ...whose, invisibleDuration: { seconds: 30, nanos: 0 }, suspend: true }
  const renewedMs = clock.now() + 60_000
  gateway.answer = () => ({ code: 0, fields: { popTime: String(renewedMs), invisibleTime: '30000', reviveQid: '999' } })
  expect(await acknowledges.changeInvisibleTime(CALL, suspended)).toMatchObject({
    receiptHandle: `5 ${renewedMs} 30000 999 0 b 0 5 9`,
  })
  expect(asked(Code.change).at(-1)).toMatchObject({ suspend: 'true', liteTopic: 'a', invisibleTime: '30000' })
  const entry = { messageId: 'ID', liteTopic: 'a', receiptHandle: `0 ${renewedMs} 60000 999 0 b 0 5 9` }
  await acknowledges.acknowledge(CALL, { topic: TOPIC, group: GROUP, entries: [entry] })
  expect(asked(Code.ack)).toMatchObject([{ liteTopic: 'a', topic: 'L', offset: '5' }])
})
