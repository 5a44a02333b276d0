import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SimDisk } from '../../test/sim/sim-disk.ts'
import { CommitLog } from './commit-log/commit-log.ts'
import type { Dispatcher } from './dispatcher.ts'
import { ReplicaIntake } from './replica-intake.ts'
import { COMMIT_LOG, StoreFixture } from './testing/store-fixture.ts'

function master(count = 40, config = {}): StoreFixture {
  const fixture = new StoreFixture(config)
  for (let i = 0; i < count; i++) {
    fixture.put({
      queueId: i % 3,
      body: `${i}:`.padEnd((i * 97) % 1500, 'x'),
      properties: `KEYS\x01k${i}\x02TAGS\x01T\x02`,
    })
  }
  return fixture
}

/** Sends the master's log from the slave's end on, in pieces of the given sizes over and over. */
function replicate(from: StoreFixture, to: StoreFixture, sizes: readonly number[]): void {
  for (let i = 0; to.store.writtenOffset < from.store.writtenOffset; i++) {
    const at = to.store.writtenOffset
    const { bytes, start, length } = from.store.readRaw(at, sizes[i % sizes.length]!)!
    to.store.appendReplicated(bytes, start, length, at)
  }
}

test('a replica has the same bytes, queues and index, however the stream was cut', () => {
  const from = master()
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 8 }), (sizes) => {
      const to = new StoreFixture()
      replicate(from, to, sizes)
      expect(to.logBytes()).toEqual(from.logBytes())
      for (const queueId of [0, 1, 2]) {
        expect(to.messages('TopicTest', queueId)).toEqual(from.messages('TopicTest', queueId))
      }
      const query = (fixture: StoreFixture) =>
        fixture.store.queryByKey('TopicTest', 'k17', 10, 0, Number.MAX_SAFE_INTEGER).phyOffsets
      expect(query(to)).toEqual(query(from))
      expect(to.store.dispatchedOffset).toBe(to.store.writtenOffset)
      to.restart()
      expect(to.logBytes()).toEqual(from.logBytes())
    }),
    { numRuns: 40 },
  )
})

test('part of a message is written and acknowledged, but not seen before its end has come', () => {
  const from = master(2)
  const to = new StoreFixture()
  const { bytes, start, length } = from.store.readRaw(0, 1 << 20)!
  const copy = Buffer.from(bytes.subarray(start, start + length))
  to.store.appendReplicated(copy, 0, 50, 0)
  expect([to.store.writtenOffset, to.store.dispatchedOffset, to.messages().length]).toEqual([50, 0, 0])
  to.store.appendReplicated(copy, 50, length - 60, 50)
  expect([to.messages('TopicTest', 0).length, to.messages('TopicTest', 1).length]).toEqual([1, 0])
  const torn = to.store.dispatchedOffset
  to.restart()
  expect(to.store.writtenOffset).toBe(torn)
  replicate(from, to, [1000])
  expect(to.logBytes()).toEqual(from.logBytes())
})

test('a message longer than a chunk of the window comes in many pieces', () => {
  const config = { mappedFileSizeCommitLog: 8 << 20 }
  const from = new StoreFixture(config)
  from.put({ body: 'small' })
  from.put({ body: Buffer.alloc(3 << 20, 7) })
  from.put({ body: 'after' })
  const to = new StoreFixture(config)
  replicate(from, to, [32 * 1024])
  expect(to.messages().map((message) => message.body.length)).toEqual([5, 3 << 20, 5])
  expect(to.messages()).toEqual(from.messages())
})

test('an empty replica begins at any file of its master, with the queue offsets of the messages', () => {
  const from = master()
  const begin = 8192 * 2
  const to = new StoreFixture()
  for (let at = begin; at < from.store.writtenOffset; at = to.store.writtenOffset) {
    const { bytes, start, length } = from.store.readRaw(at, 700)!
    to.store.appendReplicated(bytes, start, length, at)
  }
  expect(to.disk.list(COMMIT_LOG)[0]).toBe('00000000000000016384')
  expect(to.store.minOffset).toBe(begin)
  const expected = from.messages('TopicTest', 0).filter((message) => message.phyOffset >= begin)
  expect(to.messages('TopicTest', 0)).toEqual(expected)
  expect(to.store.findQueue('TopicTest', 0)!.minOffset).toBe(expected[0]!.queueOffset)
  to.restart()
  expect(to.messages('TopicTest', 0)).toEqual(expected)
})

test('bytes that do not belong here are refused and leave nothing', () => {
  const from = master(5)
  const to = new StoreFixture()
  const { bytes, start, length } = from.store.readRaw(0, 1 << 20)!
  const good = Buffer.from(bytes.subarray(start, start + length))
  expect(() => to.store.appendReplicated(good, 0, 100, 8)).toThrow(
    'replicated bytes start at offset 8, but this commit log ends at 0 and files start at multiples of 8192',
  )
  to.store.appendReplicated(good, 0, 10, 0)
  expect(() => to.store.appendReplicated(good, 20, 100, 20)).toThrow(
    'replicated bytes start at offset 20, but this commit log ends at 10',
  )
  to.store.appendReplicated(good, 10, good.length - 10, 10)
  const end = to.store.writtenOffset
  expect(() => to.store.appendReplicated(Buffer.alloc(100), 0, 100, end)).toThrow(
    `replicated bytes at offset ${end} are refused: no record and no blank at offset ${end}`,
  )
  expect(() => to.store.appendReplicated(good, 0, good.length, end)).toThrow(
    `replicated bytes at offset ${end} are refused: the record at offset ${end} says 0`,
  )
  const huge = Buffer.from(good)
  huge.writeInt32BE(1 << 30, 0)
  expect(() => to.store.appendReplicated(huge, 0, 100, end)).toThrow(/^replicated bytes at offset \d+ are refused/)
  expect(to.store.writtenOffset).toBe(end)
  expect(to.logBytes()).toEqual(from.logBytes())
})

test('a write that fails leaves the replica where it was', () => {
  const from = master(10)
  const to = new StoreFixture()
  replicate(from, to, [1000])
  from.put({ body: 'more' })
  const at = to.store.writtenOffset
  const { bytes, start, length } = from.store.readRaw(at, 1 << 20)!
  to.disk.fail({ nth: 1, code: 'EIO', operations: ['write'], path: /commitlog/ })
  expect(() => to.store.appendReplicated(bytes, start, length, at)).toThrow('EIO')
  expect(to.store.writtenOffset).toBe(at)
  replicate(from, to, [1000])
  expect(to.logBytes()).toEqual(from.logBytes())
})

test('a replica with messages its master lacks is cut back, in queues and index too', () => {
  const from = master(10)
  const to = new StoreFixture()
  replicate(from, to, [1000])
  const cut = to.store.writtenOffset
  for (let i = 0; i < 30; i++) to.put({ queueId: i % 3, body: Buffer.alloc(500), properties: `KEYS\x01own${i}\x02` })
  to.flush()
  expect(() => to.store.truncateTo(cut + 1)).toThrow(
    `cannot cut the commit log at offset ${cut + 1}: no message starts there`,
  )
  to.store.truncateTo(cut)
  expect([to.store.writtenOffset, to.store.flushedOffset]).toEqual([cut, cut])
  for (let i = 10; i < 40; i++) from.put({ queueId: i % 3, body: `master ${i}`, properties: `KEYS\x01k${i}\x02` })
  replicate(from, to, [333])
  expect(to.logBytes()).toEqual(from.logBytes())
  for (const queueId of [0, 1, 2]) {
    expect(to.messages('TopicTest', queueId)).toEqual(from.messages('TopicTest', queueId))
  }
  const query = (key: string) => to.store.queryByKey('TopicTest', key, 10, 0, Number.MAX_SAFE_INTEGER).phyOffsets
  expect([query('own3').length, query('k33').length]).toEqual([0, 1])
  to.restart()
  expect(to.logBytes()).toEqual(from.logBytes())
})

test('after a cut the checkpoint does not speak of the messages that are gone', () => {
  const fixture = new StoreFixture({}, new SimDisk({ syncs: 'manual' }))
  const offsets = Array.from({ length: 20 }, (_, i) => fixture.put({ body: `old ${i}`.padEnd(100) }))
  fixture.flush()
  const tick = () => {
    fixture.clock.nowMs += 2000
    fixture.store.tick(fixture.clock.nowMs)
  }
  // A round of the queues' flush is under way while the log is cut.
  for (let i = 0; i < 3; i++) {
    tick()
    if (i < 2) fixture.disk.completeSyncs()
  }
  fixture.put({ body: 'old 20'.padEnd(100) })
  tick()
  fixture.store.truncateTo(offsets[10]!)
  for (let i = 10; i < 21; i++) fixture.put({ body: `new ${i}`.padEnd(100) })
  fixture.flush()
  const expected = fixture.bodies()
  expect(expected[10]).toBe('new 10'.padEnd(100))
  fixture.restart()
  expect(fixture.bodies()).toEqual(expected)
})

test('queues that cannot be written hold messages up, and go on by themselves', () => {
  const disk = new SimDisk()
  const fixture = new StoreFixture({}, disk)
  fixture.put({ body: 'before' })
  const queue = fixture.store.findQueue('TopicTest', 0)!
  const append = queue.append.bind(queue)
  queue.append = () => 2
  fixture.stage({ body: 'held up' })
  expect(fixture.store.commit()).toBe(true)
  expect(fixture.bodies()).toEqual(['before'])
  expect(fixture.store.refusal).toBe('the store is not writeable: writeLogicsQueueError')
  queue.append = append
  fixture.store.tick(fixture.clock.nowMs)
  expect(fixture.bodies()).toEqual(['before', 'held up'])
  expect(fixture.store.refusal).toBeUndefined()
})

test('what comes while the index cannot be written is kept as it is, and dispatched when it can be again', () => {
  const config = { mappedFileSizeCommitLog: 16 << 20, maxIndexNum: 20 }
  const from = new StoreFixture(config)
  for (let i = 0; i < 100; i++) {
    from.put({ body: `${i}:`.padEnd(20_000 + i * 137, 'x'), properties: `KEYS\x01k${i}\x02` })
  }
  const to = new StoreFixture(config)
  replicate(from, to, [100_000])
  for (let i = 100; i < 400; i++) from.put({ body: `${i}:`.padEnd(20_000, 'y'), properties: `KEYS\x01k${i}\x02` })
  to.disk.fail({ nth: 1, operations: ['open'], path: /index/, code: 'EIO', forever: true })
  replicate(from, to, [32_768])
  expect(to.store.dispatchedOffset).toBeLessThan(to.store.writtenOffset)
  expect(to.reports.errors.filter((text) => text.startsWith('consume queues or index take no more')).length).toBe(1)
  const end = to.store.writtenOffset
  for (let at = 0; at < end; ) {
    const sent = from.store.readRaw(at, 4096)!
    const expected = Buffer.from(sent.bytes.subarray(sent.start, sent.start + sent.length))
    const kept = to.store.readRaw(at, expected.length)!
    const got = Buffer.from(kept.bytes.subarray(kept.start, kept.start + kept.length))
    if (!got.equals(expected.subarray(0, got.length))) throw new Error(`other bytes at offset ${at}`)
    at += got.length
  }
  to.disk.clearFaults()
  to.clock.nowMs += 1000
  to.store.tick(to.clock.nowMs)
  to.store.tick(to.clock.nowMs + 100)
  expect(to.store.dispatchedOffset).toBe(end)
  expect(to.messages()).toEqual(from.messages())
})

test('the memory of the window stays bounded while nothing can be dispatched', () => {
  const from = new StoreFixture({ mappedFileSizeCommitLog: 16 << 20 })
  for (let i = 0; i < 300; i++) from.put({ body: Buffer.alloc(30_000, i) })
  const log = new CommitLog({
    disk: new SimDisk(),
    folder: COMMIT_LOG,
    segmentSizeBytes: 16 << 20,
    hotWindowBytes: 2 << 20,
    config: { dataReadAheadEnable: true },
    onFlushed: () => {},
    onFlushFailed: () => {},
  })
  const intake = new ReplicaIntake(log, { dispatchRecord: () => false } as unknown as Dispatcher, false)
  while (log.writtenOffset < from.store.writtenOffset) {
    const { bytes, start, length } = from.store.readRaw(log.writtenOffset, 32_768)!
    intake.append(bytes, start, length, log.writtenOffset)
  }
  expect(intake.dispatchedOffset).toBe(0)
  expect(log.windowCapacityBytes).toBeLessThanOrEqual(2 << 20)
})

test('a log that is copied anew after it was removed is recovered without the old checkpoint', () => {
  const from = master(60)
  const to = new StoreFixture()
  replicate(from, to, [3000])
  to.store.close()
  for (const folder of [COMMIT_LOG, ...[0, 1, 2].map((queueId) => `/store/consumequeue/TopicTest/${queueId}`)]) {
    for (const name of to.disk.list(folder)) to.disk.remove(`${folder}/${name}`)
    to.disk.syncFolder(folder)
  }
  to.restart()
  replicate(from, to, [3000])
  to.flush()
  to.restart('power-worst')
  expect(to.store.writtenOffset).toBe(from.store.writtenOffset)
  for (const queueId of [0, 1, 2]) {
    expect(to.messages('TopicTest', queueId)).toEqual(from.messages('TopicTest', queueId))
  }
})

test('a replica whose disk failed to sync takes, and so confirms, nothing more', () => {
  const from = master(2)
  const to = new StoreFixture()
  to.disk.fail({ nth: 1, operations: ['sync'], path: /commitlog/, code: 'EIO' })
  const { bytes, start, length } = from.store.readRaw(0, 1 << 20)!
  const copy = Buffer.from(bytes.subarray(start, start + length))
  expect(() => to.store.appendReplicated(copy, 0, 50, 0)).toThrow('EIO')
  to.store.appendReplicated(copy, 0, 50, 0)
  to.disk.fail({ nth: 1, operations: ['sync'], path: /commitlog/, code: 'EIO' })
  to.store.flush()
  return Promise.resolve().then(() => {
    expect(() => to.store.appendReplicated(copy, 50, 10, 50)).toThrow('notWriteable')
    expect(to.store.writtenOffset).toBe(50)
  })
})
