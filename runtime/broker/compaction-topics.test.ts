import { expect, test } from 'vitest'
import type { RemotingCommand } from '../codec/remoting/remoting-command.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { bodiesOf, messagesOf, WholeBroker } from './testing/whole-broker.ts'

const SMALL =
  'compactionCqMappedFileSize=1840\ncompactionMappedFileSize=9200\ncompactionScheduleInternal=1000\nmappedFileSizeCommitLog=8192\n'
const SLAVE = `brokerRole=SLAVE\nbrokerId=1\nlistenPort=10921\nslaveReadEnable=true\nhaMasterAddress=127.0.0.1:10912\n${SMALL}`

async function create(whole: WholeBroker, topic: string, attributes = '+cleanup.policy=COMPACTION'): Promise<void> {
  const fields = {
    ...{ topic, defaultTopic: 'TBW102', readQueueNums: 1, writeQueueNums: 1, perm: 6, topicFilterType: 'SINGLE_TAG' },
    ...{ topicSysFlag: 0, order: false, attributes },
  }
  const { code, remark } = await whole.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, { fields })
  expect([code, remark]).toEqual([0, undefined])
}

function send(whole: WholeBroker, key: string, body: string): Promise<RemotingCommand> {
  return whole.send('T', { body, properties: `KEYS\x01${key}\x02` })
}

/** Lets time pass in ticks. */
async function pass(whole: WholeBroker, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 100) await whole.advance(100)
}

async function readAll(whole: WholeBroker): Promise<string[]> {
  const found: string[] = []
  for (let offset = 0; ; ) {
    const answer = await whole.pull('T', { offset, sysFlag: 4 })
    if (answer.code !== 0) return found
    found.push(...messagesOf(answer).map(({ queueOffset, body }) => `${queueOffset}:${body}`))
    offset = Number(answer.fields['nextBeginOffset'])
  }
}

const offsetOf = async (whole: WholeBroker, code: number) =>
  Number((await whole.ask(code, { fields: { topic: 'T', queueId: 0 } })).fields['offset'])

async function filled(settings = ''): Promise<WholeBroker> {
  const whole = await WholeBroker.start(SMALL + settings)
  await create(whole, 'T')
  await send(whole, 'old', 'survivor')
  for (let i = 0; i < 150; i++) await send(whole, `k${i % 5}`, `v${i}`)
  return whole
}

test('a message without a key is refused: plain, of blanks, in a batch, as half of a transaction', async () => {
  const whole = await WholeBroker.start(SMALL)
  await create(whole, 'T')
  const plain = await whole.send('T', { body: 'x' })
  expect([plain.code, plain.remark]).toEqual([ResponseCode.MESSAGE_ILLEGAL, 'Required message key is missing'])
  expect((await send(whole, '  ', 'x')).code).toBe(ResponseCode.MESSAGE_ILLEGAL)
  const half = await whole.send('T', { body: 'x', properties: 'TRAN_MSG\x01true\x02PGROUP\x01p\x02', fields: { f: 4 } })
  expect(half.code).toBe(ResponseCode.MESSAGE_ILLEGAL)
  const one = Buffer.alloc(22 + 1)
  one.writeInt32BE(one.length, 0)
  one.writeInt32BE(1, 16)
  const batch = await whole.send('T', { body: one, fields: { m: true } })
  expect([batch.code, batch.remark]).toEqual([ResponseCode.MESSAGE_ILLEGAL, 'Required message key is missing'])
  expect(await readAll(whole)).toEqual([])
})

test('a topic is one of batches or one for compaction', async () => {
  const whole = await WholeBroker.start(SMALL)
  const both = '+cleanup.policy=COMPACTION,+queue.type=BatchCQ'
  await expect(create(whole, 'T', both)).rejects.toThrow(String(ResponseCode.INVALID_PARAMETER))
  expect(whole.broker.tables.topics.find('T')).toBeUndefined()
})

test('the queue is compacted, and administrators are told where it begins', async () => {
  const whole = await filled()
  expect(await readAll(whole)).toHaveLength(151)
  await pass(whole, 5_000)
  const left = await readAll(whole)
  expect(left.length).toBeLessThan(60)
  expect(left[0]).toBe('0:survivor')
  expect(await offsetOf(whole, RequestCode.GET_MAX_OFFSET)).toBe(151)
  await send(whole, 'old', 'newer')
  for (let i = 0; i < 100; i++) await send(whole, `k${i % 5}`, `w${i}`)
  await pass(whole, 5_000)
  const first = Number((await readAll(whole))[0]!.split(':')[0])
  expect(first).toBeGreaterThan(0)
  expect(await offsetOf(whole, RequestCode.GET_MIN_OFFSET)).toBe(first)
})

test('tags are looked at, and offsets without a message passed over', async () => {
  const whole = await filled()
  await pass(whole, 5_000)
  const none = await whole.pull('T', { offset: 0, sysFlag: 4, tags: 'other' })
  expect(none.code).not.toBe(0)
  expect(Number(none.fields['nextBeginOffset'])).toBeGreaterThan(100)
  const hole = await whole.pull('T', { offset: 5, sysFlag: 4 })
  expect(messagesOf(hole)[0]!.queueOffset).toBeGreaterThan(5)
})

test('a message of a compaction topic is not sent back by an offset that is not of the commit log', async () => {
  const whole = await filled()
  await pass(whole, 5_000)
  const [message] = messagesOf(await whole.pull('T', { offset: 0, sysFlag: 4 }))
  const fields = { group: 'cg', offset: message!.phyOffset, delayLevel: 0, originTopic: 'T', maxReconsumeTimes: 16 }
  const answer = await whole.ask(RequestCode.CONSUMER_SEND_MSG_BACK, { fields })
  expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
  expect(answer.remark).toContain('compaction topic T')
})

test('a topic that is deleted and made again is empty', async () => {
  const whole = await filled()
  await pass(whole, 5_000)
  await whole.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { fields: { topic: 'T' } })
  expect(whole.disk.list('/store/compaction/compactionLog')).toEqual([])
  await create(whole, 'T')
  expect(await readAll(whole)).toEqual([])
  await send(whole, 'a', 'again')
  await pass(whole, 3_000)
  expect(await readAll(whole)).toEqual(['0:again'])
})

test('files of another size are named at the start', async () => {
  const whole = await filled()
  await pass(whole, 5_000)
  const stopped = whole.broker.stop()
  await whole.settle()
  await stopped
  await expect(whole.startAgain(SMALL.replace('1840', '920'))).rejects.toThrow('compactionCqMappedFileSize')
})

test('a slave has what its master keeps, also what has left the log, and goes on with it', async () => {
  const master = await filled('fileReservedTime=1\n')
  await pass(master, 5_000)
  master.clock.advance(2 * 3_600_000)
  master.broker.store.deleteExpiredNow()
  await pass(master, 30_000)
  expect(master.broker.store.minOffset).toBeGreaterThan(0)
  const kept = await readAll(master)
  expect(kept[0]).toBe('0:survivor')

  const slave = await WholeBroker.start(SLAVE, {}, master)
  await slave.settle()
  const { tables } = slave.broker
  const source = tables.slaveSources().find(({ code }) => code === RequestCode.GET_ALL_TOPIC_CONFIG)!
  const told = await master.ask(RequestCode.GET_ALL_TOPIC_CONFIG)
  expect(source.apply(told.body!)).toBe(true)
  const place = { masterAddress: master.address, masterHaAddress: '127.0.0.1:10912', masterFlushOffset: 0 }
  await slave.ask(RequestCode.EXCHANGE_BROKER_HA_INFO, { fields: place })
  await pass(slave, 12_000)
  expect(slave.broker.store.writtenOffset).toBe(master.broker.store.writtenOffset)
  const queue = slave.broker.store.findQueue('T', 0)!
  expect(queue.minOffset).toBeGreaterThan(0)
  const stopped = slave.broker.stop()
  await slave.settle()
  await stopped
  await slave.startAgain(`listenPort=10921\n${SMALL}`)
  const found = await readAll(slave)
  expect(found[0]).toBe('0:survivor')
  expect(found.slice(-5)).toEqual(['146:v145', '147:v146', '148:v147', '149:v148', '150:v149'])
  await send(slave, 'k9', 'on the slave')
  expect((await readAll(slave)).at(-1)).toBe('151:on the slave')
  expect(bodiesOf(await slave.pull('T', { offset: 151, sysFlag: 4 }))).toEqual(['on the slave'])
})
