import { expect, test } from 'vitest'
import { SimDisk } from '../../test/sim/sim-disk.ts'
import { SysFlag } from '../codec/message/sys-flag.ts'
import { AppendStatus } from './message-draft.ts'
import { COMMIT_LOG, draftOf, ROOT, StoreFixture } from './testing/store-fixture.ts'

test('a committed message is found by its queue, with what it was given', () => {
  const fixture = new StoreFixture()
  fixture.put({ body: 'one', properties: 'TAGS\x01TagA\x02KEYS\x01k1\x02' })
  const phyOffset = fixture.put({ body: 'two', extraProperties: Buffer.from('CLUSTER\x01DefaultCluster\x02') })
  expect(fixture.store.lastAppend).toMatchObject({
    phyOffset,
    queueOffset: 1,
    sizeBytes: fixture.store.writtenOffset - phyOffset,
    storeTimestampMs: fixture.clock.nowMs,
  })
  const messages = fixture.messages()
  expect(messages.map((message) => message.body.toString())).toEqual(['one', 'two'])
  expect(messages.map((message) => [message.queueOffset, message.phyOffset])).toEqual([
    [0, 0],
    [1, phyOffset],
  ])
  expect(Object.fromEntries(messages[0]!.properties)).toEqual({ TAGS: 'TagA', KEYS: 'k1' })
  expect(Object.fromEntries(messages[1]!.properties)).toEqual({ CLUSTER: 'DefaultCluster' })
  expect(messages[0]!.storeTimestampMs).toBe(fixture.clock.nowMs)
  expect(messages[0]!.storeHost).toBe('192.168.0.1:10911')
})

test('what is staged is not seen before the commit', () => {
  const fixture = new StoreFixture()
  const told: number[] = []
  fixture.store.onCommitted((writtenOffset) => told.push(writtenOffset))
  fixture.stage({ body: 'one' })
  fixture.stage({ body: 'two' })
  expect(fixture.bodies()).toEqual([])
  expect(fixture.store.queue('TopicTest', 0).nextOffset).toBe(2)
  expect(fixture.store.writtenOffset).toBe(0)
  expect(fixture.store.commit()).toBe(true)
  expect(fixture.bodies()).toEqual(['one', 'two'])
  expect(told).toEqual([fixture.store.writtenOffset])
})

test('a batch is one write to the commit log, and none to anything else', () => {
  const fixture = new StoreFixture({ mappedFileSizeCommitLog: 1 << 20 })
  fixture.put()
  const before = fixture.disk.callCount
  for (let i = 0; i < 64; i++) fixture.stage({ queueId: i % 8 })
  fixture.store.commit()
  // The seven further queues look for their folders once.
  expect(fixture.disk.callCount - before).toBe(1)
})

test('tags decide the tag code, and the delay level the one of delayed messages', () => {
  const fixture = new StoreFixture()
  fixture.put({ properties: 'TAGS\x01TagA\x02' })
  fixture.put({ properties: 'TAGS\x01标签\x02' })
  fixture.put({})
  fixture.put({ properties: 'TAGS\x01TagA\x02DELAY\x013\x02' })
  for (const level of [1, 3, 18, 19]) {
    fixture.put({ topic: 'SCHEDULE_TOPIC_XXXX', properties: `TAGS\x01TagA\x02DELAY\x01${level}\x02` })
  }
  const codes: number[] = []
  const collect = (code: number) => codes.push(code) > 0
  fixture.pull('TopicTest', 0, 0, 32, 1 << 20, collect)
  expect(codes).toEqual([2598919, 857175, 0, 2598919])
  codes.length = 0
  fixture.pull('SCHEDULE_TOPIC_XXXX', 0, 0, 32, 1 << 20, collect)
  const now = fixture.clock.nowMs
  expect(codes).toEqual([now + 1000, now + 10_000, now + 7_200_000, now + 7_200_000])
})

test("ranges scanned by the caller count like the store's own scan", () => {
  const fixture = new StoreFixture()
  const draft = draftOf(fixture.store, { properties: 'TAGS\x01TagA\x02KEYS\x01k1\x02UNIQ_KEY\x01u1' })
  const moved = Buffer.concat([Buffer.from('###'), draft.properties.bytes])
  draft.properties.bytes = moved
  draft.properties.start = 3
  draft.ranges.tagsStart = 3 + 5
  draft.ranges.tagsLength = 4
  draft.ranges.keysStart = 3 + 15
  draft.ranges.keysLength = 2
  draft.ranges.uniqKeyStart = 3 + 27
  draft.ranges.uniqKeyLength = 2
  draft.isScanned = true
  expect(fixture.store.append(draft)).toBe(AppendStatus.ok)
  fixture.store.commit()
  const query = (key: string) => fixture.store.queryByKey('TopicTest', key, 10, 0, Number.MAX_SAFE_INTEGER).phyOffsets
  expect([query('k1'), query('u1'), query('k')]).toEqual([[0], [0], []])
  expect(fixture.pull('TopicTest', 0, 0, 1, 1 << 20, (code) => code === 2598919).status).toBe('FOUND')
})

test('half and rolled back messages are in the log only', () => {
  const fixture = new StoreFixture()
  fixture.put({ body: 'prepared', sysFlag: SysFlag.transactionPrepared, properties: 'KEYS\x01p\x02' })
  fixture.put({ body: 'rolled back', sysFlag: SysFlag.transactionRollback, properties: 'KEYS\x01r\x02' })
  fixture.put({ body: 'committed', sysFlag: SysFlag.transactionCommit, properties: 'KEYS\x01c\x02' })
  fixture.put({ body: 'plain' })
  expect(fixture.bodies()).toEqual(['committed', 'plain'])
  const query = (key: string) => fixture.store.queryByKey('TopicTest', key, 10, 0, Number.MAX_SAFE_INTEGER).phyOffsets
  expect([query('p').length, query('r').length, query('c').length]).toEqual([1, 0, 1])
})

test('a topic of more than 127 bytes is stored with the second magic', () => {
  const fixture = new StoreFixture()
  const topic = 'T'.repeat(128)
  fixture.put({ topic: 'T'.repeat(127), body: 'v1' })
  fixture.put({ topic, body: 'v2' })
  const log = fixture.logBytes()
  expect(log.subarray(4, 8).toString('hex')).toBe('daa320a7')
  expect(log.subarray(fixture.store.lastAppend.phyOffset).subarray(4, 8).toString('hex')).toBe('daa320ab')
  expect(fixture.bodies(topic)).toEqual(['v2'])
  expect(fixture.restart().findQueue(topic, 0)!.maxOffset).toBe(1)
  expect(fixture.bodies(topic)).toEqual(['v2'])
})

test('messages that cannot be stored are told apart', () => {
  const fixture = new StoreFixture({ maxMessageSize: 1000 })
  const { store } = fixture
  const statusOf = (parts: Parameters<typeof draftOf>[1]) => store.append(draftOf(store, parts))
  expect(statusOf({ body: Buffer.alloc(1001) })).toBe(AppendStatus.messageIllegal)
  expect(statusOf({ properties: 'x'.repeat(32768) })).toBe(AppendStatus.propertiesSizeExceeded)
  const draft = draftOf(store)
  draft.topicBytes = Buffer.alloc(0)
  expect(store.append(draft)).toBe(AppendStatus.messageIllegal)
  draft.topicBytes = Buffer.alloc(32768, 97)
  expect(store.append(draft)).toBe(AppendStatus.messageIllegal)
  expect(store.commit()).toBe(true)
  expect([store.writtenOffset, store.queue('TopicTest', 0).nextOffset]).toEqual([0, 0])
})

test('a message that no commit log file can hold is illegal', () => {
  const fixture = new StoreFixture()
  expect(fixture.store.append(draftOf(fixture.store, { body: Buffer.alloc(8192) }))).toBe(AppendStatus.messageIllegal)
})

test('a full batch says so, and takes the message after a commit', () => {
  const fixture = new StoreFixture({ mappedFileSizeCommitLog: 1 << 24 })
  const draft = draftOf(fixture.store, { body: Buffer.alloc(3 << 20) })
  expect([fixture.store.append(draft), fixture.store.append(draft)]).toEqual([AppendStatus.ok, AppendStatus.ok])
  expect(fixture.store.append(draft)).toBe(AppendStatus.batchFull)
  fixture.store.commit()
  expect(fixture.store.append(draft)).toBe(AppendStatus.ok)
  fixture.store.commit()
  expect(fixture.store.queue('TopicTest', 0).maxOffset).toBe(3)
})

test('a failed write takes the whole batch back, in all its queues', () => {
  const fixture = new StoreFixture()
  fixture.put({ body: 'kept' })
  const before = fixture.store.writtenOffset
  for (let i = 0; i < 10; i++) fixture.stage({ queueId: i % 3, body: `lost ${i}` })
  fixture.disk.fail({ nth: 1, code: 'ENOSPC', operations: ['write'], path: /commitlog/ })
  expect(fixture.store.commit()).toBe(false)
  expect(fixture.store.writtenOffset).toBe(before)
  expect([0, 1, 2].map((queueId) => fixture.store.queue('TopicTest', queueId).nextOffset)).toEqual([1, 0, 0])
  expect(fixture.reports.errors).toEqual([
    'cannot write 10 messages, which are refused: check the disk of storePathCommitLog',
  ])
  expect(fixture.put({ body: 'next' })).toBe(before)
  expect(fixture.bodies()).toEqual(['kept', 'next'])
  fixture.restart()
  expect(fixture.bodies()).toEqual(['kept', 'next'])
  expect(fixture.reports.errors).toEqual([])
})

test('while the disk refuses everything, messages are refused with a reason; afterwards they are taken again', () => {
  const fixture = new StoreFixture()
  fixture.put({ body: 'kept' })
  fixture.disk.fail({ nth: 1, code: 'EIO', operations: ['write', 'truncate'], path: /commitlog/, forever: true })
  fixture.stage({ body: 'lost' })
  expect(fixture.store.commit()).toBe(false)
  expect(fixture.store.append(draftOf(fixture.store))).toBe(AppendStatus.serviceNotAvailable)
  expect(fixture.store.refusal).toMatch(/^the disk refuses writes: EIO/)
  expect(fixture.reports.errors).toHaveLength(1)
  fixture.disk.clearFaults()
  fixture.put({ body: 'next' })
  expect(fixture.bodies()).toEqual(['kept', 'next'])
})

test('a disk at its warning level refuses messages and names path, ratio and key', () => {
  const fixture = new StoreFixture({}, new SimDisk({ quotaBytes: 100 * 4096 }))
  fixture.disk.writeFile('/elsewhere', Buffer.alloc(92 * 4096))
  fixture.reopen()
  expect(fixture.store.append(draftOf(fixture.store))).toBe(AppendStatus.serviceNotAvailable)
  expect(fixture.store.refusal).toMatch(
    /^the disk of storePathCommitLog \(\/store\/commitlog\) is \d+ % used and messages are refused above 90 %/,
  )
  expect(fixture.store.runtimeInfo().get('commitLogDiskRatio')).toMatch(/^0\.9\d$/)
})

test('a store in use is not opened twice', () => {
  const fixture = new StoreFixture()
  expect(() => new StoreFixture({}, fixture.disk)).toThrow(
    'store folder /store is in use: another broker holds the lock on /store/lock. Stop it, or give this broker its own ' +
      'storePathRootDir',
  )
  fixture.store.close()
  expect(new StoreFixture({}, fixture.disk).store.writtenOffset).toBe(0)
  expect(fixture.disk.readFile(`${ROOT}/lock`).toString()).toBe('lock')
})

test('the abort file is there while the store is open', () => {
  const fixture = new StoreFixture()
  expect(fixture.disk.readFile(`${ROOT}/abort`).toString()).toBe('4711')
  fixture.store.close()
  expect(fixture.disk.stat(`${ROOT}/abort`)).toBeUndefined()
})

test('a close that cannot write leaves the abort file, gives up the lock and throws', () => {
  const fixture = new StoreFixture()
  fixture.put({ body: 'kept' })
  fixture.disk.fail({ nth: 1, code: 'EIO', operations: ['sync'] })
  expect(() => fixture.store.close()).toThrow('EIO')
  expect(fixture.disk.list(ROOT)).toContain('abort')
  expect(new StoreFixture({}, fixture.disk).bodies()).toEqual(['kept'])
})

test('SYNC_FLUSH flushes with every commit, and those that wait together share one', () => {
  const fixture = new StoreFixture({ flushDiskType: 'SYNC_FLUSH' }, new SimDisk({ syncs: 'manual' }))
  const flushed: number[] = []
  fixture.store.onFlushed((flushedOffset) => flushed.push(flushedOffset))
  const ends = [0, 1, 2, 3].map(() => {
    fixture.put()
    return fixture.store.writtenOffset
  })
  expect(fixture.store.flushedOffset).toBe(0)
  fixture.disk.completeSyncs()
  fixture.disk.completeSyncs()
  expect(flushed).toEqual([ends[0], ends[3]])
})

test('ASYNC_FLUSH flushes after the interval what is worth it, and everything after the thorough one', () => {
  const fixture = new StoreFixture({ mappedFileSizeCommitLog: 1 << 20 }, new SimDisk({ syncs: 'manual' }))
  const start = fixture.clock.nowMs
  const flushedAfter = (ms: number) => {
    fixture.clock.nowMs = start + ms
    fixture.store.tick(start + ms)
    fixture.disk.completeSyncs()
    return fixture.store.flushedOffset
  }
  fixture.put({ body: Buffer.alloc(100) })
  const little = fixture.store.writtenOffset
  expect(flushedAfter(501)).toBe(0)
  expect(flushedAfter(10_000)).toBe(little)
  fixture.put({ body: Buffer.alloc(20_000) })
  expect(flushedAfter(10_400)).toBe(little)
  expect(flushedAfter(10_501)).toBe(fixture.store.writtenOffset)
})

test('after a failed flush no message is taken', async () => {
  const fixture = new StoreFixture({}, new SimDisk({ syncs: 'manual' }))
  fixture.put()
  fixture.disk.fail({ nth: 1, code: 'EIO', operations: ['sync'] })
  fixture.flush()
  expect(fixture.store.append(draftOf(fixture.store))).toBe(AppendStatus.serviceNotAvailable)
  expect(fixture.store.refusal).toBe('the store is not writeable: notWriteable')
  expect(() => fixture.store.close()).not.toThrow()
  expect(fixture.disk.list(ROOT)).toContain('abort')
})

test('the next file is made ahead', () => {
  const fixture = new StoreFixture()
  fixture.put({ body: Buffer.alloc(7000) })
  fixture.store.tick(fixture.clock.nowMs)
  expect(fixture.disk.list(COMMIT_LOG)).toHaveLength(1)
  fixture.put({ body: Buffer.alloc(400) })
  fixture.store.tick(fixture.clock.nowMs)
  expect(fixture.disk.list(COMMIT_LOG)).toEqual(['00000000000000000000', '00000000000000008192'])
  expect(fixture.store.lastFileOffset).toBe(0)
  expect(fixture.put({ body: Buffer.alloc(1000) })).toBe(8192)
  fixture.reopen()
  expect(fixture.messages()).toHaveLength(3)
})

test('offsets by time, times by offset, and the earliest time', () => {
  const fixture = new StoreFixture()
  const start = fixture.clock.nowMs
  expect(fixture.store.earliestStoreTime()).toBe(-1)
  for (let i = 0; i < 10; i++) {
    fixture.clock.nowMs = start + i * 1000
    fixture.put({ body: Buffer.alloc(1000) })
  }
  const queue = fixture.store.findQueue('TopicTest', 0)!
  const lower = (ms: number) => fixture.store.offsetByTime(queue, start + ms, 'lower')
  const upper = (ms: number) => fixture.store.offsetByTime(queue, start + ms, 'upper')
  expect([lower(-1), lower(0), lower(2500), lower(3000), lower(99_000)]).toEqual([0, 0, 3, 3, 10])
  expect([upper(-1), upper(0), upper(2500), upper(3000), upper(99_000)]).toEqual([0, 0, 2, 3, 9])
  expect([fixture.store.storeTimeAt(queue, 4), fixture.store.storeTimeAt(queue, 10)]).toEqual([start + 4000, -1])
  expect(fixture.store.earliestStoreTime()).toBe(start)
})

test('records are read by their offset, and nothing else is', () => {
  const fixture = new StoreFixture()
  fixture.put({ body: 'one' })
  const phyOffset = fixture.put({ body: 'two' })
  const found = fixture.store.recordAt(phyOffset)!
  expect(found.length).toBe(fixture.store.lastAppend.sizeBytes)
  expect(fixture.store.recordAt(phyOffset + 1)).toBeUndefined()
  expect(fixture.store.recordAt(fixture.store.writtenOffset)).toBeUndefined()
  expect(fixture.store.recordAt(-5)).toBeUndefined()
})

test('the runtime info has the names of Java', () => {
  const fixture = new StoreFixture()
  const start = fixture.clock.nowMs
  for (let second = 0; second <= 60; second++) {
    fixture.clock.nowMs = start + second * 1000
    fixture.store.tick(fixture.clock.nowMs)
    for (let i = 0; i < second / 10; i++) fixture.put({ body: Buffer.alloc(9) })
  }
  const info = fixture.store.runtimeInfo()
  expect([...info.keys()]).toEqual([
    'bootTimestamp',
    'runtime',
    'putMessageEntireTimeMax',
    'putMessageTimesTotal',
    'putMessageFailedTimes',
    'putMessageSizeTotal',
    'putMessageDistributeTime',
    'putMessageAverageSize',
    'dispatchMaxBuffer',
    'getMessageEntireTimeMax',
    'putTps',
    'getFoundTps',
    'getMissTps',
    'getTotalTps',
    'getTransferredTps',
    'putLatency99',
    'putLatency999',
    'commitLogDiskRatio_/store/commitlog',
    'commitLogDiskRatio',
    'consumeQueueDiskRatio',
    'commitLogMinOffset',
    'commitLogMaxOffset',
  ])
  expect(info.get('runtime')).toBe('[ 0 days, 0 hours, 1 minutes, 0 seconds ]')
  expect(info.get('putMessageTimesTotal')).toBe('210')
  expect(info.get('putTps')).toBe('5.8999999999999995 3.4 ')
  expect(info.get('putMessageAverageSize')).toBe('109.0')
  expect(info.get('putMessageDistributeTime')).toMatch(/^\[<=0ms\]:210 \[0~10ms\]:0 /)
  expect(info.get('commitLogMaxOffset')).toBe(String(fixture.store.writtenOffset))
})
