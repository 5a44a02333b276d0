import { expect, test } from 'vitest'
import { COMMIT_LOG, ROOT, StoreFixture } from './testing/store-fixture.ts'

/** A queue of 20 messages of 1000 bytes, of which the first file's (0..7) are gone if `isCleaned`. */
function filled(isCleaned: boolean): StoreFixture {
  const fixture = new StoreFixture()
  for (let i = 0; i < 20; i++) {
    fixture.put({ body: Buffer.alloc(900, i), properties: i % 2 === 0 ? 'TAGS\x01A\x02' : 'TAGS\x01B\x02' })
  }
  if (!isCleaned) return fixture
  fixture.store.close()
  fixture.disk.remove(`${COMMIT_LOG}/00000000000000000000`)
  return new StoreFixture({}, fixture.disk)
}

const isA = (tagsCode: number) => tagsCode === 65
const none = () => false

type Row = readonly [
  name: string,
  offset: number,
  maxCount: number,
  maxBytes: number,
  accepts: ((tagsCode: number) => boolean) | undefined,
  expected: readonly [status: string, next: number, queueOffsets: readonly number[]],
]

/** Records take 1007 bytes. */
const WHOLE: readonly Row[] = [
  ['all that is asked for', 0, 3, 1e6, undefined, ['FOUND', 3, [0, 1, 2]]],
  ['up to the end', 18, 32, 1e6, undefined, ['FOUND', 20, [18, 19]]],
  ['at the end', 20, 32, 1e6, undefined, ['OFFSET_OVERFLOW_ONE', 20, []]],
  ['behind the end', 21, 32, 1e6, undefined, ['OFFSET_OVERFLOW_BADLY', 20, []]],
  ['before the start', -1, 32, 1e6, undefined, ['OFFSET_TOO_SMALL', 0, []]],
  ['bytes bound the count', 0, 32, 2500, undefined, ['FOUND', 2, [0, 1]]],
  ['one message comes whatever its size', 5, 32, 10, undefined, ['FOUND', 6, [5]]],
  ['a count of 0 still gives one, as in Java', 5, 0, 1e6, undefined, ['FOUND', 6, [5]]],
  ['filtered by tag', 0, 3, 1e6, isA, ['FOUND', 5, [0, 2, 4]]],
  ['the next offset goes over what does not match', 15, 32, 1e6, isA, ['FOUND', 20, [16, 18]]],
  ['nothing matches', 0, 32, 1e6, none, ['NO_MATCHED_MESSAGE', 20, []]],
]

test.each(WHOLE)('%s', (_, offset, maxCount, maxBytes, accepts, [status, next, queueOffsets]) => {
  const fixture = filled(false)
  const result = fixture.pull('TopicTest', 0, offset, maxCount, maxBytes, accepts)
  expect([result.status, fixture.store.lastPull.nextOffset]).toEqual([status, next])
  expect(result.messages.map((message) => message.queueOffset)).toEqual(queueOffsets)
  expect([fixture.store.lastPull.count, fixture.store.lastPull.bytes]).toEqual([
    queueOffsets.length,
    result.messages.reduce((sum, message) => sum + message.sizeBytes, 0),
  ])
  expect([fixture.store.lastPull.minOffset, fixture.store.lastPull.maxOffset]).toEqual([0, 20])
})

test.each([
  ['before the start', 3, ['OFFSET_TOO_SMALL', 8]],
  ['at the start', 8, ['FOUND', 11]],
] as const)('after cleaning, %s', (_, offset, expected) => {
  const fixture = filled(true)
  const { status } = fixture.pull('TopicTest', 0, offset, 3)
  expect([status, fixture.store.lastPull.nextOffset]).toEqual(expected)
  expect(fixture.store.lastPull.minOffset).toBe(8)
})

test('a queue that does not exist, and one without messages', () => {
  const fixture = new StoreFixture()
  expect(fixture.pull('Nobody', 0, 7, 1).status).toBe('NO_MATCHED_LOGIC_QUEUE')
  expect(fixture.store.lastPull.nextOffset).toBe(0)
  fixture.store.queue('TopicTest', 0)
  expect(fixture.pull('TopicTest', 0, 7, 1).status).toBe('NO_MESSAGE_IN_QUEUE')
  expect(fixture.store.lastPull.nextOffset).toBe(0)
})

test('a slave leaves offsets alone unless offsetCheckInSlave says otherwise', () => {
  const next = (offsetCheckInSlave: boolean, offset: number) => {
    const fixture = new StoreFixture({ offsetCheckInSlave })
    fixture.store.isSlave = true
    fixture.put()
    fixture.pull('TopicTest', 0, offset, 1)
    return fixture.store.lastPull.nextOffset
  }
  expect([next(false, 5), next(false, -3), next(true, 5), next(true, -3)]).toEqual([5, -3, 1, 0])
})

test('messages whose file went away while the queue still names them', () => {
  const fixture = filled(false)
  fixture.store.close()
  const again = new StoreFixture({}, fixture.disk)
  // The cleaner removes the file; the queues follow later.
  again.disk.setModified(`${COMMIT_LOG}/00000000000000000000`, 0)
  again.store.deleteExpiredNow()
  again.store.tick(again.clock.nowMs)
  const queue = again.store.findQueue('TopicTest', 0)!
  expect(again.store.minOffset).toBe(8192)
  expect(queue.minOffset).toBe(8)
  expect(again.pull('TopicTest', 0, 8, 2).messages.map((message) => message.queueOffset)).toEqual([8, 9])
})

test('the transfer limits of recent and of old messages', () => {
  const recent = new StoreFixture({
    maxTransferCountOnMessageInMemory: 5,
    maxTransferCountOnMessageInDisk: 2,
    accessMessageInMemoryMaxRatio: 40,
  })
  const old = new StoreFixture({
    maxTransferCountOnMessageInMemory: 5,
    maxTransferCountOnMessageInDisk: 2,
    accessMessageInMemoryMaxRatio: 0,
  })
  const bytes = new StoreFixture({ maxTransferBytesOnMessageInMemory: 2500 })
  const counts = [recent, old, bytes].map((fixture) => {
    for (let i = 0; i < 10; i++) fixture.put({ body: Buffer.alloc(900) })
    return [fixture.pull('TopicTest', 0, 0, 32).messages.length, fixture.store.lastPull.suggestSlave]
  })
  expect(counts).toEqual([
    [5, false],
    [2, true],
    [2, false],
  ])
})

test('filtering looks at no more than maxFilterMessageSize of the queue', () => {
  const fixture = new StoreFixture({ maxFilterMessageSize: 100 })
  for (let i = 0; i < 40; i++) fixture.put({ properties: i === 39 ? 'TAGS\x01A\x02' : '' })
  // 100 bytes are 5 units; a larger count widens the look.
  expect(fixture.pull('TopicTest', 0, 0, 1, 1e6, isA).status).toBe('NO_MATCHED_MESSAGE')
  expect(fixture.store.lastPull.nextOffset).toBe(5)
  expect(fixture.pull('TopicTest', 0, 0, 30, 1e6, isA).status).toBe('NO_MATCHED_MESSAGE')
  expect(fixture.store.lastPull.nextOffset).toBe(30)
})

test('a long look for a tag passes over hundreds of units', () => {
  const fixture = new StoreFixture({ mappedFileSizeCommitLog: 1 << 20 })
  for (let i = 0; i < 799; i++) fixture.stage({})
  fixture.stage({ properties: 'TAGS\x01A\x02' })
  fixture.store.commit()
  const { status, messages } = fixture.pull('TopicTest', 0, 0, 32, 1e6, isA)
  expect([status, messages.map((message) => message.queueOffset)]).toEqual(['FOUND', [799]])
  expect(fixture.disk.list(ROOT)).toContain('commitlog')
})

test('messages far behind the end are cold, and their bytes are counted while cold reads are limited', () => {
  const settings = { coldDataFlowControlEnable: true, accessMessageInMemoryHotRatio: 0 }
  const seen = [settings, { ...settings, coldDataFlowControlEnable: false }, { coldDataFlowControlEnable: true }]
  const rows = seen.map((config) => {
    const fixture = new StoreFixture(config)
    for (let i = 0; i < 3; i++) fixture.put({ body: Buffer.alloc(900, i), properties: i === 1 ? 'TAGS\x01A\x02' : '' })
    const { messages } = fixture.pull('TopicTest', 0, 0, 32, 1e6, isA)
    const { coldBytes, bytes } = fixture.store.lastPull
    const queue = fixture.store.findQueue('TopicTest', 0)!
    const isCold = [-1, 0, 2, 3].map((offset) => fixture.store.isCold(queue, offset))
    return [messages.length, coldBytes === bytes, coldBytes > 0, isCold]
  })
  expect(rows).toEqual([
    [1, true, true, [false, true, true, false]],
    [1, false, false, [false, true, true, false]],
    [1, false, false, [false, false, false, false]],
  ])
})
