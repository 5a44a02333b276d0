import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SimDisk } from '../../test/sim/sim-disk.ts'
import { SysFlag } from '../codec/message/sys-flag.ts'
import { AppendStatus } from './message-draft.ts'
import type { MessageStore } from './message-store.ts'
import { putBatch as putInto } from './testing/inner-batches.ts'
import { draftOf, StoreFixture } from './testing/store-fixture.ts'

const TOPIC = 'batches'
const isBatchTopic = (topic: string) => (topic === TOPIC ? true : topic === 'TopicTest' ? false : undefined)

function open(disk = new SimDisk(), config = {}): StoreFixture {
  const fixture = new StoreFixture(config, disk)
  fixture.store.isBatchTopic = isBatchTopic
  return fixture
}

const putBatch = (fixture: StoreFixture, count: number, properties = '', queueId = 0): number =>
  putInto(fixture, TOPIC, count, properties, queueId)

function fill(fixture: StoreFixture, records: number): void {
  for (let i = 0; i < records; i++) {
    if (i % 3 === 0) fixture.put({ topic: TOPIC, body: 'one', queueId: i % 2 })
    else putBatch(fixture, (i % 5) + 1, '', i % 2)
    fixture.put({ body: `simple ${i}` })
  }
}

/** Every record of the queue, by pulls of one message each. */
const shown = (fixture: StoreFixture) =>
  [0, 1].map((queueId) =>
    fixture.messages(TOPIC, queueId).map(({ queueOffset, body }) => `${queueOffset}: ${body.toString()}`),
  )

const bounds = (store: MessageStore, queueId = 0) => {
  const { minOffset, maxOffset, nextOffset, isBatch } = store.findQueue(TOPIC, queueId)!
  return { minOffset, maxOffset, nextOffset, isBatch }
}

/** A disk with the log of a store and nothing else. */
function copyOfLog({ disk }: StoreFixture): SimDisk {
  const copy = new SimDisk()
  for (const name of disk.list('/store/commitlog'))
    copy.writeFile(`/store/commitlog/${name}`, disk.readFile(`/store/commitlog/${name}`))
  return copy
}

test('offsets count the messages in the records, a pull hands out the record that holds the offset', () => {
  const fixture = open()
  putBatch(fixture, 3)
  fixture.put({ topic: TOPIC, body: 'single' })
  expect(putBatch(fixture, 2)).toBe(4)
  const { store } = fixture
  expect(bounds(store)).toEqual({ minOffset: 0, maxOffset: 6, nextOffset: 6, isBatch: true })
  const pull = (offset: number, max: number) => {
    const { status, messages } = fixture.pull(TOPIC, 0, offset, max)
    return [status, messages.map(({ body }) => body.toString()).join(), store.lastPull.nextOffset, store.lastPull.count]
  }
  expect(pull(0, 32)).toEqual(['FOUND', '3 from 0,single,2 from 4', 6, 6])
  expect(pull(1, 32)).toEqual(['FOUND', '3 from 0,single,2 from 4', 6, 6])
  expect(pull(0, 2)).toEqual(['FOUND', '3 from 0', 3, 3])
  expect(pull(0, 5)).toEqual(['FOUND', '3 from 0,single', 4, 4])
  expect(pull(5, 32)).toEqual(['FOUND', '2 from 4', 6, 2])
  expect(pull(6, 32)).toEqual(['OFFSET_OVERFLOW_ONE', '', 6, 0])
  expect(pull(9, 32)).toEqual(['OFFSET_OVERFLOW_BADLY', '', 6, 0])
  expect(store.storeTimeAt(store.findQueue(TOPIC, 0)!, 5)).toBe(fixture.clock.nowMs)
})

test('a batch without a tag is for clients to take apart, whatever tags they ask for', () => {
  const fixture = open()
  putBatch(fixture, 2)
  putBatch(fixture, 2, 'TAGS\x01red\x02')
  putBatch(fixture, 1)
  fixture.put({ topic: TOPIC, body: 'no tag' })
  fixture.put({ topic: TOPIC, body: 'red', properties: 'TAGS\x01red\x02' })
  fixture.put({ topic: TOPIC, body: 'blue', properties: 'TAGS\x01blue\x02' })
  const red = fixture.pull(TOPIC, 0, 0, 32, 1 << 20, (tagsCode) => tagsCode === 112785)
  expect(red.messages.map(({ body }) => body.toString())).toEqual(['2 from 0', '2 from 2', '1 from 4', 'red'])
  expect(fixture.store.lastPull.nextOffset).toBe(8)
})

test('what a turn could not write is taken back with all its offsets', () => {
  const fixture = open()
  putBatch(fixture, 3)
  fixture.disk.fail({ nth: 1, code: 'EIO', operations: ['write'], path: /commitlog/ })
  const draft = draftOf(fixture.store, { topic: TOPIC, sysFlag: SysFlag.innerBatch })
  draft.messageCount = 5
  expect([fixture.store.append(draft), fixture.store.commit()]).toEqual([AppendStatus.ok, false])
  expect(bounds(fixture.store)).toMatchObject({ maxOffset: 3, nextOffset: 3 })
  expect(putBatch(fixture, 2)).toBe(3)
})

test.each(['process', 'power', 'power-worst'] as const)('queues are those of the log after a crash (%s)', (kind) => {
  for (let seed = 1; seed <= 4; seed++) {
    const fixture = open(new SimDisk({ seed }))
    fill(fixture, 30)
    fixture.flush()
    for (let i = 0; i < 20; i++) {
      fixture.clock.nowMs += 500
      fixture.store.tick(fixture.clock.nowMs)
    }
    fixture.flush()
    const kept = shown(fixture)
    fill(fixture, 20)
    fixture.restart(kind)
    fixture.store.isBatchTopic = isBatchTopic
    const found = shown(fixture)
    expect(found.map((queue, i) => queue.slice(0, kept[i]!.length))).toEqual(kept)
    const rebuilt = new StoreFixture({}, copyOfLog(fixture))
    expect(found).toEqual(shown(rebuilt))
    for (const queueId of [0, 1]) {
      const { minOffset, maxOffset, nextOffset } = bounds(rebuilt.store, queueId)
      expect(bounds(fixture.store, queueId)).toMatchObject({ minOffset, maxOffset, nextOffset })
    }
  }
})

test('queues are made again from the log alone, also by a store that does not know the topic', () => {
  const fixture = open()
  fill(fixture, 25)
  const before = [shown(fixture), bounds(fixture.store, 0), bounds(fixture.store, 1)]
  fixture.store.close()
  fixture.disk.remove('/store/batchconsumequeue')
  fixture.disk.remove('/store/consumequeue')
  fixture.disk.remove('/store/checkpoint')
  const again = new StoreFixture({}, fixture.disk)
  expect([shown(again), bounds(again.store, 0), bounds(again.store, 1)]).toEqual(before)
  expect(fixture.disk.list('/store/batchconsumequeue')).toEqual([TOPIC])
})

test('a slave has the same queues, also when it hears of the topic later than of its messages', () => {
  const master = open()
  const slave = new StoreFixture({}, new SimDisk())
  const copy = (): void => {
    const { writtenOffset } = slave.store
    const bytes = master.logBytes().subarray(writtenOffset - master.store.minOffset)
    slave.store.appendReplicated(bytes, 0, bytes.length, writtenOffset)
  }
  master.put({ topic: TOPIC, body: 'one' })
  master.put({ topic: TOPIC, body: 'one', queueId: 1 })
  copy()
  expect([bounds(slave.store).isBatch, shown(slave)]).toEqual([false, shown(master)])
  slave.store.isBatchTopic = isBatchTopic
  slave.store.makeBatch(TOPIC)
  expect([bounds(slave.store, 1).isBatch, shown(slave)]).toEqual([true, shown(master)])
  fill(master, 20)
  copy()
  expect([shown(slave), bounds(slave.store)]).toEqual([shown(master), bounds(master.store)])
  const units = (fixture: StoreFixture): string[] => {
    fixture.store.close()
    return [0, 1].map((id) =>
      fixture.disk.readFile(`/store/batchconsumequeue/${TOPIC}/${id}/${'0'.repeat(20)}`).toString('hex'),
    )
  }
  expect(units(slave)).toEqual(units(master))
})

test('a new master goes on behind what it holds, confirmed or not, and shows the rest when it is confirmed', () => {
  const master = open(new SimDisk(), { enableControllerMode: true })
  const replica = open(new SimDisk(), { enableControllerMode: true })
  putBatch(master, 3)
  putBatch(master, 4)
  const bytes = master.logBytes()
  replica.store.appendReplicated(bytes, 0, bytes.length, 0)
  const first = replica.store.recordAt(0)!.length
  replica.store.confirm(first)
  expect(bounds(replica.store)).toMatchObject({ maxOffset: 3, nextOffset: 3 })
  replica.store.continueQueues()
  expect(bounds(replica.store)).toMatchObject({ maxOffset: 3, nextOffset: 7 })
  expect(putBatch(replica, 2)).toBe(7)
  replica.store.confirm(replica.store.writtenOffset)
  expect(replica.bodies(TOPIC)).toEqual(['3 from 0', '4 from 3', '2 from 7'])
  replica.store.truncateTo(first)
  expect(bounds(replica.store)).toMatchObject({ maxOffset: 3, nextOffset: 3 })
  expect(putBatch(replica, 6)).toBe(3)
})

test('a cut of the log takes the units behind it back', () => {
  const fixture = open()
  fill(fixture, 12)
  const before = [shown(fixture), bounds(fixture.store, 0), bounds(fixture.store, 1)]
  const cutAt = fixture.store.writtenOffset
  fill(fixture, 30)
  fixture.store.truncateTo(cutAt)
  expect([shown(fixture), bounds(fixture.store, 0), bounds(fixture.store, 1)]).toEqual(before)
  fixture.reopen()
  expect([shown(fixture), bounds(fixture.store, 0), bounds(fixture.store, 1)]).toEqual(before)
})

test('messages that leave the log leave the queue, and their files', () => {
  const fixture = open(new SimDisk(), { fileReservedTime: 1, deleteCommitLogFilesInterval: 0 })
  fill(fixture, 160)
  fixture.flush()
  fixture.clock.nowMs += 3 * 3_600_000
  fixture.put({ topic: TOPIC, body: 'last' })
  fixture.flush()
  fixture.store.deleteExpiredNow()
  for (let i = 0; i < 400; i++) {
    fixture.clock.nowMs += 1000
    fixture.store.tick(fixture.clock.nowMs)
    fixture.flush()
  }
  const { minOffset, maxOffset } = bounds(fixture.store)
  expect(fixture.store.minOffset).toBeGreaterThan(0)
  expect([minOffset > 0, minOffset < maxOffset]).toEqual([true, true])
  expect(fixture.messages(TOPIC, 0)[0]!.queueOffset).toBe(minOffset)
  expect(fixture.disk.list(`/store/batchconsumequeue/${TOPIC}/0`)[0]).not.toBe('0'.repeat(20))
  const offset = fixture.store.offsetByTime(fixture.store.findQueue(TOPIC, 0)!, 0, 'lower')
  expect(offset).toBe(minOffset)
})

test('a topic that is deleted takes its folder along', () => {
  const fixture = open()
  fill(fixture, 30)
  fixture.store.close()
  fixture.store = new StoreFixture({}, fixture.disk).store
  fixture.store.deleteTopic(TOPIC)
  expect(fixture.disk.list('/store/batchconsumequeue')).toEqual([])
  expect(fixture.store.findQueue(TOPIC, 0)).toBeUndefined()
})

interface Golden {
  readonly commitLog: string
  readonly units: string
  readonly fileBytes: number
}
const golden = JSON.parse(readFileSync(new URL('./golden/batch-queue.json', import.meta.url), 'utf8')) as Golden
const GOLDEN_CONFIG = { mapperFileSizeBatchConsumeQueue: golden.fileBytes }
const QUEUE_FILE = `/store/batchconsumequeue/${TOPIC}/0/${'0'.repeat(20)}`

function goldenLog(): SimDisk {
  const disk = new SimDisk()
  const bytes = Buffer.alloc(8192)
  bytes.write(golden.commitLog, 'hex')
  disk.writeFile(`/store/commitlog/${'0'.repeat(20)}`, bytes)
  return disk
}

test('the queue made from a log of Apache RocketMQ is the one its broker made, byte for byte', () => {
  const fixture = new StoreFixture(GOLDEN_CONFIG, goldenLog())
  fixture.store.close()
  const file = fixture.disk.readFile(QUEUE_FILE)
  const units = golden.units.length / 2
  expect([file.length, file.toString('hex', 0, units)]).toEqual([golden.fileBytes, golden.units])
  expect(file.subarray(units).every((byte) => byte === 0)).toBe(true)
})

test('a queue that Apache RocketMQ wrote is read, and goes on', () => {
  const disk = goldenLog()
  const file = Buffer.alloc(golden.fileBytes)
  file.write(golden.units, 'hex')
  disk.writeFile(QUEUE_FILE, file)
  const fixture = open(disk, GOLDEN_CONFIG)
  expect(bounds(fixture.store)).toEqual({ minOffset: 0, maxOffset: 12, nextOffset: 12, isBatch: true })
  const places = fixture
    .messages(TOPIC)
    .map(({ queueOffset, properties }) => [queueOffset, properties.get('INNER_NUM')])
  expect(places).toEqual([
    [0, '3'],
    [3, undefined],
    [4, '5'],
    [9, undefined],
    [10, undefined],
    [11, '1'],
  ])
  expect(putBatch(fixture, 4)).toBe(12)
  expect(fixture.reports.warnings.concat(fixture.reports.errors)).toEqual([])
})
