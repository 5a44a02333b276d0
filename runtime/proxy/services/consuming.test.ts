import { deflateSync } from 'node:zlib'
import { beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SysFlag } from '../../codec/message/sys-flag.ts'
import { silentLogger } from '../../observe/logger.ts'
import { DEFAULT_GROUP_SETTINGS } from '../brokers/group-settings.ts'
import { type Asked, FakeGateway, proxyConf } from '../testing/fake-gateway.ts'
import { storedRecord } from '../testing/stored-record.ts'
import { ClientType, Encoding, FilterType, Settings } from '../wire/definition.ts'
import { ReceiveMessageRequest } from '../wire/service.ts'
import { StatusCode } from '../wire/status-code.ts'
import { AcknowledgeService } from './acknowledge-service.ts'
import type { ClientCall } from './client-call.ts'
import { ClientTable } from './client-table.ts'
import { InvisibleMessages } from './invisible-messages.ts'
import { ReceiveService } from './receive-service.ts'
import { Renewals } from './renewals.ts'

const POP_MS = 1_700_000_100_000
const CALL: ClientCall = {
  ...{ clientId: 'c', clientVersion: '5.2.0', remoteHost: '192.0.2.7', localHost: '10.0.0.9', localPort: 8081 },
  remainingMs: 25_000,
}
const Code = { pop: 200_050, ack: 200_051, change: 200_053, sendBack: 36 }
const TOPIC = { resourceNamespace: '', name: 'T' }
const GROUP = { resourceNamespace: '', name: 'G' }

let gateway: FakeGateway
let clock: ManualClock
let clients: ClientTable
let renewals: Renewals
let receives: ReceiveService
let acknowledges: AcknowledgeService
/** What a pop answers. */
let popped: { readonly code?: number; readonly records: readonly Buffer[]; readonly fields?: Record<string, string> }

beforeEach(() => {
  gateway = new FakeGateway()
  clock = new ManualClock(POP_MS)
  clients = new ClientTable(10)
  const conf = proxyConf()
  const invisible = new InvisibleMessages(gateway, clock)
  renewals = new Renewals(invisible, gateway, conf, clock, silentLogger)
  receives = new ReceiveService({ gateway, conf, logger: silentLogger, clients, invisible, renewals })
  acknowledges = new AcknowledgeService(invisible, renewals, conf)
  const settings = { clientType: ClientType.pushConsumer, subscription: { group: GROUP } }
  clients.introduce('c', Settings.decode(Settings.encode(settings)), 0)
  popped = { records: [] }
  gateway.answer = ({ code, fields }) => {
    if (code === Code.change) {
      const invisibleTime = fields['invisibleTime']!
      return { code: 0, fields: { popTime: String(clock.now()), invisibleTime, reviveQid: '5' } }
    }
    if (code !== Code.pop) return { code: 0 }
    if (popped.records.length === 0) return { code: popped.code ?? 210, fields: {} }
    const head = { popTime: String(clock.now()), invisibleTime: '60000', reviveQid: '3' }
    return { code: 0, fields: { ...head, ...popped.fields }, body: Buffer.concat(popped.records) }
  }
})

const receive = (more = {}, call: Partial<ClientCall> = {}, isOver = () => false) => {
  const request = {
    ...{ group: GROUP, messageQueue: { topic: TOPIC, broker: { name: 'b' } }, batchSize: 100, autoRenew: true },
    ...more,
  }
  return receives.receive(
    { ...CALL, ...call },
    ReceiveMessageRequest.decode(ReceiveMessageRequest.encode(request)),
    isOver,
  )
}
const asked = (code: number): Asked[] => gateway.asked.filter((one) => one.code === code)
const handles = (given: Awaited<ReturnType<typeof receive>>) =>
  given.messages.map((message) => message.systemProperties?.receiptHandle)
/** What is under way without anybody waiting for it is done. */
const settled = () => new Promise((resolve) => setTimeout(resolve))

test('asks the broker of the queue, for all of its queues, as official proxies do', async () => {
  const { status, messages } = await receive({ filterExpression: { type: FilterType.tag, expression: 'a || b' } })
  expect([status.code, messages]).toEqual([StatusCode.MESSAGE_NOT_FOUND, []])
  expect(gateway.asked).toHaveLength(1)
  expect(gateway.asked[0]).toMatchObject({ address: '10.0.0.2:10911', code: Code.pop })
  expect(gateway.asked[0]!.fields).toEqual({
    ...{ consumerGroup: 'G', topic: 'T', queueId: '-1', maxMsgNums: '32', invisibleTime: '60000', pollTime: '20000' },
    ...{ bornTime: '0', initMode: '1', expType: 'TAG', exp: 'a || b', order: 'false', bname: 'b' },
  })
})

test('messages come with handles that lead back to them', async () => {
  popped = {
    records: [
      storedRecord({
        queueId: 1,
        queueOffset: 7,
        phyOffset: 1000,
        properties: { UNIQ_KEY: 'ID', TAGS: 'a', own: 'x' },
      }),
      storedRecord({ queueId: 1, queueOffset: 8, phyOffset: 1200 }),
    ],
    fields: { startOffsetInfo: '0 1 7', msgOffsetInfo: '0 1 7,8' },
  }
  const given = await receive()
  expect(given.status.code).toBe(StatusCode.OK)
  expect(handles(given)).toEqual([`7 ${POP_MS} 60000 3 0 b 1 7 1000`, `7 ${POP_MS} 60000 3 0 b 1 8 1200`])
  const [first] = given.messages
  expect(first).toMatchObject({ topic: { name: 'T' }, userProperties: new Map([['own', 'x']]) })
  expect(first!.systemProperties).toMatchObject({
    ...{
      messageId: 'ID',
      tag: 'a',
      bodyEncoding: Encoding.identity,
      bornHost: '192.0.2.7',
      queueId: 1,
      queueOffset: 7,
    },
    ...{ storeHost: '10.0.0.1:10911', deliveryAttempt: 1 },
    bodyDigest: { type: 2, checksum: '841A2D689AD86BD1611447453C22C6FC' },
  })
  expect(renewals.count).toBe(2)
})

test('a retried message shows its topic and its attempt; one that was tried often enough is a dead letter', async () => {
  const handle = `4 ${POP_MS} 60000 3 1 b 0 4`
  const retried = { topic: 'T', queueOffset: 4, properties: { POP_CK: handle } }
  popped = {
    records: [
      storedRecord({ ...retried, phyOffset: 1000, reconsumeTimes: 16 }),
      storedRecord({ ...retried, phyOffset: 2000, reconsumeTimes: 17 }),
    ],
  }
  const given = await receive()
  await settled()
  expect(handles(given)).toEqual([`${handle} 1000`])
  expect(given.messages[0]!.systemProperties?.deliveryAttempt).toBe(17)
  expect(asked(Code.sendBack)[0]?.fields).toMatchObject({
    ...{ offset: '2000', group: 'G', delayLevel: '-1', originTopic: '%RETRY%G_T', maxReconsumeTimes: '0' },
  })
  expect(asked(Code.ack)[0]?.fields).toMatchObject({ topic: '%RETRY%G_T', offset: '4', extraInfo: `${handle} 2000` })
})

test('in an ordered group the broker counts the attempts', async () => {
  gateway.groups.set('G', { ...DEFAULT_GROUP_SETTINGS, isOrdered: true })
  popped = {
    records: [storedRecord({ queueOffset: 7, phyOffset: 1000 }), storedRecord({ queueOffset: 8, phyOffset: 1100 })],
    fields: { startOffsetInfo: '0 0 7', msgOffsetInfo: '0 0 7,8', orderCountInfo: '0 0 0;0 qo0%7 2' },
  }
  const given = await receive({ attemptId: 'again' })
  expect(given.messages.map((message) => message.systemProperties?.deliveryAttempt)).toEqual([3, 1])
  expect(gateway.asked[0]!.fields).toMatchObject({ order: 'true', attemptId: 'again' })
})

test('messages whose tag only had the right hash are acknowledged and not given out', async () => {
  popped = { records: [storedRecord({ queueOffset: 7, phyOffset: 1000, properties: { TAGS: 'other' } })] }
  const given = await receive({ filterExpression: { type: FilterType.tag, expression: 'a' } })
  await settled()
  expect([given.status.message, given.messages]).toEqual(['no match message', []])
  expect(asked(Code.ack)).toHaveLength(1)
})

test('what remoting producers have compressed is unpacked', async () => {
  const sysFlag = SysFlag.compressed | SysFlag.compressionZlib
  popped = { records: [storedRecord({ queueOffset: 7, phyOffset: 1000, sysFlag, body: deflateSync('plain text') })] }
  const [message] = (await receive()).messages
  expect([String(message!.body), message!.systemProperties?.bodyEncoding]).toEqual(['plain text', Encoding.identity])
})

test('a client that has gone meanwhile does not keep messages from others', async () => {
  popped = { records: [storedRecord({ queueOffset: 7, phyOffset: 1000 })] }
  const { messages } = await receive({}, {}, () => true)
  await settled()
  expect(messages).toEqual([])
  expect(asked(Code.change)[0]?.fields).toMatchObject({ invisibleTime: '1000', offset: '7' })
  expect(renewals.count).toBe(0)
})

test('a client that renews its messages itself need not have introduced itself', async () => {
  popped = { records: [storedRecord({ queueOffset: 7, phyOffset: 1000 })] }
  const more = { autoRenew: false, invisibleDuration: { seconds: 30, nanos: 0 } }
  const { messages } = await receive(more, { clientId: 'stranger' })
  expect(messages).toHaveLength(1)
  expect(renewals.count).toBe(0)
})

test('times out of their limits are refused or bent, as by official proxies', async () => {
  const refuse = async (more: object, call: Partial<ClientCall>, code: number) =>
    expect(receive(more, call)).rejects.toMatchObject({ code })
  await refuse({}, { remainingMs: 4000 }, StatusCode.ILLEGAL_POLLING_TIME)
  await refuse({}, { remainingMs: 4000, clientVersion: undefined }, StatusCode.BAD_REQUEST)
  await refuse({}, { clientId: 'stranger' }, StatusCode.UNRECOGNIZED_CLIENT_TYPE)
  const seconds = (value: number) => ({ autoRenew: false, invisibleDuration: { seconds: value, nanos: 0 } })
  await refuse(seconds(9), {}, StatusCode.ILLEGAL_INVISIBLE_TIME)
  await refuse(seconds(43_201), {}, StatusCode.ILLEGAL_INVISIBLE_TIME)
  await refuse({ filterExpression: { type: FilterType.sql } }, {}, StatusCode.ILLEGAL_FILTER_EXPRESSION)
  expect(gateway.asked).toEqual([])
  await receive(seconds(10), { remainingMs: 8000 })
  await receive({ longPollingTimeout: { seconds: 1, nanos: 0 } })
  await receive({ longPollingTimeout: { seconds: 15, nanos: 0 } })
  await receive({}, { remainingMs: undefined })
  expect(gateway.asked.map(({ fields }) => fields['pollTime'])).toEqual(['8000', '5000', '15000', '20000'])
})

test('a full or refusing broker is told apart from an empty one', async () => {
  popped = { code: 209, records: [] }
  expect((await receive()).status.code).toBe(StatusCode.TOO_MANY_REQUESTS)
  popped = { code: 26, records: [] }
  await expect(receive()).rejects.toMatchObject({ code: StatusCode.CONSUMER_GROUP_NOT_FOUND })
})

test('messages of a push consumer are renewed until it acknowledges them by the handle that it got', async () => {
  popped = { records: [storedRecord({ queueOffset: 7, phyOffset: 1000 })] }
  const [handle = ''] = handles(await receive()) as string[]
  clock.advance(49_000)
  renewals.renewDue()
  expect(asked(Code.change)).toEqual([])
  clock.advance(1000)
  renewals.renewDue()
  renewals.renewDue()
  await settled()
  expect(asked(Code.change)).toHaveLength(1)
  expect(asked(Code.change)[0]?.fields).toMatchObject({ invisibleTime: '60000', extraInfo: handle })
  const entry = { messageId: 'ID', receiptHandle: handle, liteTopic: undefined }
  const { status } = await acknowledges.acknowledge(CALL, { topic: TOPIC, group: GROUP, entries: [entry] })
  expect(status.code).toBe(StatusCode.OK)
  expect(asked(Code.ack)[0]?.fields['extraInfo']).toBe(`7 ${POP_MS + 50_000} 60000 5 0 b 0 7 1000`)
  expect(renewals.count).toBe(0)
})

test('renewing ends after three failures, and after three hours with the pause of the group', async () => {
  popped = { records: [storedRecord({ queueOffset: 7, phyOffset: 1000 })] }
  await receive()
  const works = gateway.answer
  gateway.answer = (one) => (one.code === Code.change ? { code: 1, remark: 'no' } : works(one))
  clock.advance(50_000)
  for (let i = 0; i < 4; i++) {
    renewals.renewDue()
    await settled()
  }
  expect(asked(Code.change)).toHaveLength(3)
  expect(renewals.count).toBe(0)
  gateway.answer = works
  await receive()
  clock.advance(50_000)
  gateway.asked.length = 0
  for (let i = 0; i < 2000 && renewals.count > 0; i++) {
    renewals.renewDue()
    await settled()
    clock.advance(10_000)
  }
  expect(asked(Code.change).at(-1)?.fields['invisibleTime']).toBe('10000')
  expect(
    asked(Code.change)
      .slice(0, 4)
      .map(({ fields }) => fields['invisibleTime']),
  ).toEqual(['60000', '180000', '300000', '600000'])
})

test('each acknowledgement of a request has its own outcome', async () => {
  const entry = (receiptHandle: string) => ({ messageId: 'ID', receiptHandle, liteTopic: undefined })
  const good = `7 ${POP_MS} 60000 3 0 b 0 7 1000`
  const late = `7 ${POP_MS - 60_000} 60000 3 0 b 0 7 1000`
  const request = { topic: TOPIC, group: GROUP, entries: [entry(good), entry(late), entry('x')] }
  const { status, entries } = await acknowledges.acknowledge(CALL, request)
  expect(status.code).toBe(StatusCode.MULTIPLE_RESULTS)
  expect(entries.map((one) => one.status.code)).toEqual([
    ...[StatusCode.OK, StatusCode.INVALID_RECEIPT_HANDLE, StatusCode.INVALID_RECEIPT_HANDLE],
  ])
  const nobody = await acknowledges.acknowledge(CALL, { ...request, entries: [entry(good.replace(' b ', ' z '))] })
  expect(nobody.entries[0]?.status).toEqual({
    code: StatusCode.INVALID_RECEIPT_HANDLE,
    message: 'cannot find broker z',
  })
})

test('a changed invisible time gives a new handle', async () => {
  const receiptHandle = `7 ${POP_MS} 60000 3 0 b 1 9 1000`
  const about = { topic: TOPIC, group: GROUP, messageId: 'ID', receiptHandle }
  const answer = await acknowledges.changeInvisibleTime(CALL, {
    ...about,
    invisibleDuration: { seconds: 30, nanos: 0 },
  })
  expect(answer.receiptHandle).toBe(`9 ${POP_MS} 30000 5 0 b 1 9 1000`)
  expect(asked(Code.change)[0]?.fields).toMatchObject({ invisibleTime: '30000', queueId: '1', offset: '9' })
  const invisibleDuration = { seconds: 43_201, nanos: 0 }
  await expect(acknowledges.changeInvisibleTime(CALL, { ...about, invisibleDuration })).rejects.toMatchObject({
    code: StatusCode.ILLEGAL_INVISIBLE_TIME,
  })
})
