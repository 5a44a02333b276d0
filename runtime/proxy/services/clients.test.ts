import { beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { silentLogger } from '../../observe/logger.ts'
import { DEFAULT_GROUP_SETTINGS } from '../brokers/group-settings.ts'
import { parseTransactionId, transactionIdText } from '../messages/transaction-id.ts'
import { FakeGateway, proxyConf } from '../testing/fake-gateway.ts'
import { storedRecord } from '../testing/stored-record.ts'
import {
  ClientType,
  Settings,
  type SettingsDraft,
  TransactionResolution,
  TransactionSource,
} from '../wire/definition.ts'
import type { TelemetryCommandDraft } from '../wire/service.ts'
import { StatusCode } from '../wire/status-code.ts'
import type { ClientCall } from './client-call.ts'
import { ClientService } from './client-service.ts'
import { ClientTable, type Telemetry } from './client-table.ts'
import { InvisibleMessages } from './invisible-messages.ts'
import { LiteService } from './lite-service.ts'
import { RecallService } from './recall-service.ts'
import { Renewals } from './renewals.ts'
import { TransactionService } from './transaction-service.ts'

const TOPIC = { resourceNamespace: '', name: 'X' }
const BROKERS = ['10.0.0.2:10911', '10.0.0.1:10911']

let gateway: FakeGateway
let clock: ManualClock
let table: ClientTable
let renewals: Renewals
let transactions: TransactionService
let clients: ClientService

beforeEach(() => {
  gateway = new FakeGateway()
  gateway.types.set('X', 'TRANSACTION').set('D', 'DELAY')
  clock = new ManualClock(1_700_000_000_000)
  const conf = proxyConf()
  table = new ClientTable(2)
  renewals = new Renewals(new InvisibleMessages(gateway, clock), gateway, conf, clock, silentLogger)
  transactions = new TransactionService(gateway, conf, silentLogger, table)
  const parts = { gateway, conf, clock, logger: silentLogger, clients: table }
  clients = new ClientService({ ...parts, renewals, transactions, lites: new LiteService(parts) })
})

const call = (clientId = 'c'): ClientCall => ({
  ...{ clientId, clientVersion: '5.2.0', remoteHost: '192.0.2.7', localHost: '10.0.0.9', localPort: 8081 },
  remainingMs: undefined,
})

/** A stream on which a client is told things. */
function stream() {
  const told: TelemetryCommandDraft[] = []
  const state = { isOver: false, told, write: (command: TelemetryCommandDraft) => told.push(command), end: () => {} }
  state.end = () => {
    state.isOver = true
  }
  return { told, state, telemetry: state as unknown as Telemetry }
}

const introduce = (settings: SettingsDraft, on = stream(), id = 'c') =>
  clients.introduce(call(id), Settings.decode(Settings.encode(settings)), on.telemetry).then(() => on)
const PRODUCER = { clientType: ClientType.producer, publishing: { topics: [{ name: 'X' }] } }
const consumer = (more = {}) => ({
  clientType: ClientType.pushConsumer,
  subscription: { group: { name: 'G' }, subscriptions: [{ topic: { name: 'T' } }], ...more },
})
const settled = () => new Promise((resolve) => setTimeout(resolve))

test('a consumer is told what its group is set to', async () => {
  gateway.groups.set('G', {
    ...DEFAULT_GROUP_SETTINGS,
    isOrdered: true,
    retryMaxTimes: 3,
    retryPauses: { kind: 'exponential', initialMs: 1500, maxMs: 60_000, multiplier: 2 },
  })
  const { told } = await introduce(consumer())
  expect(told).toHaveLength(1)
  expect(told[0]).toMatchObject({ status: { code: StatusCode.OK } })
  expect(told[0]!.settings).toMatchObject({
    subscription: { fifo: true, receiveBatchSize: 32, longPollingTimeout: { seconds: 20, nanos: 0 } },
    backoffPolicy: {
      maxAttempts: 4,
      exponentialBackoff: { initial: { seconds: 1, nanos: 500_000_000 }, multiplier: 2 },
    },
    metric: { on: false },
  })
  gateway.groups.delete('G')
  const { told: again } = await introduce(consumer())
  expect(again[0]!.settings?.backoffPolicy?.maxAttempts).toBe(17)
  expect(again[0]!.settings?.backoffPolicy?.customizedBackoff?.next).toHaveLength(18)
})

test('settings that cannot be served are refused', async () => {
  const refuse = (settings: SettingsDraft, code: number) => expect(introduce(settings)).rejects.toMatchObject({ code })
  await refuse({}, StatusCode.BAD_REQUEST)
  await refuse({ ...consumer(), clientType: 99 }, StatusCode.UNRECOGNIZED_CLIENT_TYPE)
  await refuse({ ...consumer(), clientType: ClientType.litePushConsumer }, StatusCode.ILLEGAL_CONSUMER_GROUP)
  await refuse(consumer({ group: { name: '' } }), StatusCode.ILLEGAL_CONSUMER_GROUP)
  await refuse(
    consumer({ subscriptions: [{ topic: { name: 'T' }, expression: { type: 2 } }] }),
    StatusCode.ILLEGAL_FILTER_EXPRESSION,
  )
  await refuse({ ...PRODUCER, publishing: { topics: [{ name: 'TBW102' }] } }, StatusCode.ILLEGAL_TOPIC)
  expect(table.size).toBe(0)
  await introduce(consumer(), stream(), 'one')
  await introduce(consumer(), stream(), 'two')
  await expect(introduce(consumer(), stream(), 'three')).rejects.toMatchObject({ code: StatusCode.TOO_MANY_REQUESTS })
})

test('heartbeats keep a client; one that goes, or is silent, leaves its messages to others', async () => {
  const on = await introduce(consumer())
  const handle = `7 ${clock.now()} 600000 3 0 b 0 7 1000`
  renewals.add('c', handle, { topic: 'T', group: 'G', messageId: 'ID' }, 0)
  clock.advance(100_000)
  expect(clients.heartbeat(call(), { group: { resourceNamespace: '', name: 'G' } }).status.code).toBe(StatusCode.OK)
  clock.advance(100_000)
  clients.forgetLost()
  expect(table.size).toBe(1)
  clock.advance(20_001)
  clients.forgetLost()
  await settled()
  expect([table.size, renewals.count, on.state.isOver]).toEqual([0, 0, true])
  expect(gateway.asked).toMatchObject([{ code: 200_053, fields: { invisibleTime: '1000', extraInfo: handle } }])
  expect(() => clients.heartbeat(call(), { group: undefined })).toThrow('cannot find client settings')
  await expect(clients.terminate(call())).rejects.toMatchObject({ code: StatusCode.UNRECOGNIZED_CLIENT_TYPE })
})

test('brokers are told of producers of transactions at once and again, while there are any', async () => {
  await introduce(PRODUCER)
  await settled()
  expect(gateway.asked.map(({ address, code }) => [address, code])).toEqual(
    BROKERS.map((address) => [address, RequestCode.HEART_BEAT]),
  )
  expect(JSON.parse(String(gateway.asked[0]!.body))).toMatchObject({
    clientID: 'rmq-proxy-producer-client',
    producerDataSet: [{ groupName: 'X' }],
  })
  transactions.announceAll()
  await settled()
  expect(gateway.asked).toHaveLength(4)
  await clients.terminate(call())
  transactions.announceAll()
  await settled()
  expect(gateway.asked).toHaveLength(4)
})

test('what a broker asks about a transaction goes to a producer that can hear it', async () => {
  const deaf = await introduce(PRODUCER, stream(), 'deaf')
  deaf.state.isOver = true
  const { told } = await introduce(PRODUCER, stream(), 'hears')
  await settled()
  const body = storedRecord({
    topic: 'X',
    queueOffset: 5,
    phyOffset: 900,
    properties: { PGROUP: 'X', UNIQ_KEY: 'ID', TRAN_MSG: 'true' },
  })
  const check = { tranStateTableOffset: '5', commitLogOffset: '900', transactionId: 'ID' }
  const command = { body, fields: check } as unknown as Parameters<TransactionService['onCheck']>[0]
  transactions.onCheck(command, BROKERS[0]!)
  const asked = told[1]?.recoverOrphanedTransactionCommand
  expect(asked?.message).toMatchObject({ topic: { name: 'X' }, systemProperties: { messageId: 'ID', messageType: 4 } })
  const id = { brokerId: 'ID', brokerName: 'b', queueOffset: 5, commitLogOffset: 900 }
  expect(parseTransactionId(asked!.transactionId!)).toEqual(id)
  expect(deaf.told).toHaveLength(1)
  await clients.terminate(call('hears'))
  transactions.onCheck(command, BROKERS[0]!)
  expect(told).toHaveLength(2)
})

test('a transaction is ended at the broker that has it, and that broker’s word counts', async () => {
  const id = { brokerId: 'ID', brokerName: 'b', queueOffset: 5, commitLogOffset: 900 }
  const request = {
    ...{
      topic: TOPIC,
      messageId: 'ID',
      transactionId: transactionIdText(id),
      resolution: TransactionResolution.commit,
    },
    source: TransactionSource.serverCheck,
  }
  expect(await transactions.end(request)).toEqual({ status: { code: StatusCode.OK, message: 'OK' } })
  expect(gateway.asked[0]).toMatchObject({ address: BROKERS[0], code: RequestCode.END_TRANSACTION, isOneway: false })
  expect(gateway.asked[0]!.fields).toEqual({
    ...{ topic: 'X', producerGroup: 'X', tranStateTableOffset: '5', commitLogOffset: '900', commitOrRollback: '8' },
    ...{ fromTransactionCheck: 'true', msgId: 'ID', transactionId: 'ID', bname: 'b' },
  })
  await transactions.end({ ...request, resolution: TransactionResolution.rollback })
  await transactions.end({ ...request, resolution: TransactionResolution.unspecified })
  expect(gateway.asked.slice(1).map((one) => [one.fields['commitOrRollback'], one.isOneway])).toEqual([
    ['12', false],
    ['0', true],
  ])
  gateway.answer = () => ({ code: 1, remark: 'not there' })
  await expect(transactions.end(request)).rejects.toMatchObject({ message: 'not there' })
  const elsewhere = transactionIdText({ ...id, brokerName: 'z' })
  await expect(transactions.end({ ...request, transactionId: elsewhere })).rejects.toMatchObject({
    code: StatusCode.BAD_REQUEST,
    message: 'cannot find broker z',
  })
})

test('a message that waits is taken back at the broker that its handle names', async () => {
  const recalls = new RecallService(gateway, proxyConf())
  gateway.answer = () => ({ code: 0, fields: { msgId: 'ID' } })
  const recallHandle = Buffer.from('v1 D b 1700000000000 ID').toString('base64url')
  const topic = { resourceNamespace: '', name: 'D' }
  expect(await recalls.recall({ topic, recallHandle })).toMatchObject({ messageId: 'ID' })
  expect(gateway.asked[0]).toMatchObject({ address: BROKERS[0], code: RequestCode.RECALL_MESSAGE })
  await expect(recalls.recall({ topic, recallHandle: 'x' })).rejects.toMatchObject({ code: StatusCode.BAD_REQUEST })
  await expect(recalls.recall({ topic: TOPIC, recallHandle })).rejects.toMatchObject({
    code: StatusCode.MESSAGE_PROPERTY_CONFLICT_WITH_TYPE,
  })
})
