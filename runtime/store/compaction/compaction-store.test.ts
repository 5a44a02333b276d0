import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { StoreFixture } from '../testing/store-fixture.ts'

const CONFIG = {
  compactionCqMappedFileSize: 46 * 12,
  compactionMappedFileSize: 46 * 12 * 5,
  compactionScheduleInternal: 1000,
}
const LOG = '/store/compaction/compactionLog/T/0'

function open(config = {}): StoreFixture {
  const fixture = new StoreFixture({ ...CONFIG, ...config })
  fixture.store.compaction.declare(['T'])
  return fixture
}

function send(fixture: StoreFixture, key: string, body: string): void {
  fixture.put({ topic: 'T', body, properties: `KEYS\x01${key}\x02UNIQ_KEY\x01u\x02` })
}

/** Lets `seconds` pass, with all disk work done. */
function pass(fixture: StoreFixture, seconds = 1): void {
  for (let i = 0; i < seconds * 10; i++) {
    fixture.clock.nowMs += 100
    fixture.flush()
    fixture.store.tick(fixture.clock.nowMs)
  }
}

function kept(fixture: StoreFixture): string[] {
  const { store } = fixture
  const queue = store.findQueue('T', 0)!
  const found: string[] = []
  for (let offset = 0; offset < queue.maxOffset; offset = store.lastPull.nextOffset) {
    const { messages } = fixture.pull('T', 0, offset, 32)
    expect(store.lastPull.nextOffset).toBeGreaterThan(offset)
    for (const one of messages) found.push(`${one.queueOffset}:${one.body}`)
  }
  return found
}

test('a queue without compaction topics makes no file and has none', () => {
  const fixture = new StoreFixture(CONFIG)
  fixture.store.compaction.declare([])
  send(fixture, 'a', '1')
  pass(fixture)
  expect(fixture.disk.list('/store/compaction')).toEqual([])
})

test('of each key the newest message stays, offsets are what they were', () => {
  const fixture = open()
  for (let i = 0; i < 60; i++) send(fixture, `k${i % 3}`, `v${i}`)
  expect(kept(fixture)).toHaveLength(60)
  pass(fixture, 4)
  const left = kept(fixture)
  expect(left.length).toBeLessThan(30)
  expect(left.slice(-3)).toEqual(['57:v57', '58:v58', '59:v59'])
  const queue = fixture.store.findQueue('T', 0)!
  expect(queue.maxOffset).toBe(60)
  expect(fixture.store.minOffsetOf(queue)).toBe(Number(left[0]!.split(':')[0]))
  send(fixture, 'k9', 'new')
  expect(kept(fixture).at(-1)).toBe('60:new')
})

test('a message without body removes its key', () => {
  const fixture = open()
  send(fixture, 'gone', 'x')
  send(fixture, 'stays', 'y')
  send(fixture, 'gone', '')
  for (let i = 0; i < 30; i++) send(fixture, `f${i}`, 'z')
  pass(fixture, 4)
  const left = kept(fixture)
  expect(left[0]).toBe('1:y')
  expect(left).toHaveLength(31)
})

test('what is kept outlives the commit log, and is there after a restart', () => {
  const fixture = open({ fileReservedTime: 1 })
  send(fixture, 'old', 'survivor')
  for (let i = 0; i < 200; i++) send(fixture, `k${i % 3}`, `v${i}`)
  pass(fixture, 4)
  fixture.clock.nowMs += 2 * 3_600_000
  fixture.store.deleteExpiredNow()
  pass(fixture, 60)
  const { store } = fixture
  expect(store.minOffset).toBeGreaterThan(0)
  const queue = store.findQueue('T', 0)!
  expect(queue.minOffset).toBeGreaterThan(0)
  expect(store.minOffsetOf(queue)).toBe(0)
  const left = kept(fixture)
  expect(left[0]).toBe('0:survivor')
  for (const how of ['close', 'process', 'power-worst'] as const) {
    if (how === 'close') fixture.reopen()
    else fixture.restart(how)
    fixture.store.compaction.declare(['T'])
    expect(kept(fixture), how).toEqual(left)
    expect(fixture.reports.errors).toEqual([])
  }
})

test('more keys than the table takes are compacted in several rounds', () => {
  const fixture = open({ maxOffsetMapSize: 24 })
  for (let i = 0; i < 700; i++) send(fixture, `k${i % 350}`, `v${i}`)
  pass(fixture, 30)
  const left = kept(fixture)
  expect(left.length).toBeLessThan(370)
  expect(new Set(left.map((one) => Number(one.slice(0, one.indexOf(':'))) % 350)).size).toBe(350)
})

test('a topic that is deleted leaves nothing', () => {
  const fixture = open()
  for (let i = 0; i < 60; i++) send(fixture, `k${i % 3}`, `v${i}`)
  pass(fixture, 4)
  expect(fixture.disk.list(LOG).length).toBeGreaterThan(0)
  fixture.store.deleteTopic('T')
  expect(fixture.disk.list('/store/compaction/compactionLog')).toEqual([])
  expect(fixture.disk.readFile('/store/compaction/position-checkpoint').toString()).toBe(
    '{\n\t"empty":true,\n\t"queueOffsetMap":{}\n}',
  )
  fixture.store.compaction.declare(['T'])
  send(fixture, 'a', 'again')
  pass(fixture, 2)
  expect(kept(fixture)).toEqual(['0:again'])
})

test('what a change of masters takes back is taken back here, too', () => {
  const fixture = open()
  const offsets: number[] = []
  for (let i = 0; i < 30; i++) {
    send(fixture, `k${i}`, `v${i}`)
    offsets.push(fixture.store.lastAppend.phyOffset)
  }
  pass(fixture, 1)
  fixture.store.truncateTo(offsets[14]!)
  expect(kept(fixture).at(-1)).toBe('13:v13')
  send(fixture, 'other', 'branch')
  pass(fixture, 1)
  expect(kept(fixture).slice(-2)).toEqual(['13:v13', '14:branch'])
})

test('the commit log is kept for as long as a message is not copied durably', () => {
  const fixture = new StoreFixture({ ...CONFIG, fileReservedTime: 1 }, new SimDisk({ syncs: 'manual' }))
  fixture.store.compaction.declare(['T'])
  for (let i = 0; i < 120; i++) send(fixture, `k${i}`, `v${i}`)
  fixture.disk.holdSyncs(/compactionLog/)
  pass(fixture, 3)
  fixture.clock.nowMs += 2 * 3_600_000
  fixture.store.deleteExpiredNow()
  pass(fixture, 30)
  expect(fixture.store.minOffset).toBe(0)
  fixture.disk.holdSyncs(/^$/)
  fixture.store.deleteExpiredNow()
  pass(fixture, 30)
  expect(fixture.store.minOffset).toBeGreaterThan(0)
  expect(kept(fixture)).toHaveLength(120)
})

test('after a sync that failed nothing counts as durable because a later one succeeds', () => {
  const fixture = open()
  const offsets: number[] = []
  for (let i = 0; i < 30; i++) {
    send(fixture, `k${i}`, `v${i}`)
    offsets.push(fixture.store.lastAppend.phyOffset)
  }
  pass(fixture, 3)
  expect(fixture.store.compaction.neededFrom()).toBe(Number.POSITIVE_INFINITY)
  fixture.disk.fail({ nth: 1, code: 'EIO', path: /compaction(Log|Cq)/, operations: ['sync'] })
  expect(() => fixture.store.compaction.cut(offsets[14]!)).toThrow('EIO')
  fixture.disk.clearFaults()
  pass(fixture, 3)
  expect(fixture.store.compaction.neededFrom()).toBe(offsets[14])
})

test('by time: among what is kept, and behind it', () => {
  const fixture = open()
  const start = fixture.clock.nowMs
  for (let i = 0; i < 40; i++) {
    fixture.clock.nowMs = start + i * 10
    send(fixture, `k${i % 2}`, `v${i}`)
  }
  pass(fixture, 4)
  const { store } = fixture
  const queue = store.findQueue('T', 0)!
  const first = store.minOffsetOf(queue)
  expect(first).toBeGreaterThan(0)
  expect(store.offsetByTime(queue, 0, 'lower')).toBe(first)
  expect(store.offsetByTime(queue, start + 380, 'lower')).toBe(38)
  expect(store.offsetByTime(queue, start + 10_000, 'lower')).toBe(40)
  expect(store.offsetByTime(queue, start + 10_000, 'upper')).toBe(39)
  expect(store.storeTimeAt(queue, 39)).toBe(start + 390)
})

test('a queue all of whose messages have left the commit log goes on behind them', () => {
  const fixture = open()
  for (let i = 0; i < 5; i++) send(fixture, `k${i}`, `v${i}`)
  fixture.reopen()
  fixture.store.close()
  for (const name of fixture.disk.list('/store/commitlog')) fixture.disk.remove(`/store/commitlog/${name}`)
  fixture.disk.remove('/store/consumequeue')
  const again = new StoreFixture(fixture.config, fixture.disk)
  again.store.compaction.declare(['T'])
  expect(kept(again)).toHaveLength(5)
  send(again, 'k9', 'next')
  expect(again.store.lastAppend.queueOffset).toBe(5)
})
