import { expect, test } from 'vitest'
import { SeededRandom } from '../../test/sim/seeded-random.ts'
import { type CrashKind, SimDisk } from '../../test/sim/sim-disk.ts'
import { StoreFixture } from './testing/store-fixture.ts'

/** `TRUNCATION_SEEDS=1-200` tries more than the few that every test run does. */
const [first, last] = (process.env['TRUNCATION_SEEDS'] ?? '1-2').split('-').map(Number)
const SEEDS = Array.from({ length: last! - first! + 1 }, (_, i) => first! + i)
const QUEUES = 3

interface World {
  readonly fixture: StoreFixture
  /** Where each message starts. */
  readonly offsets: number[]
}

/** A store of several files whose queues have been written out up to somewhere. */
function world(seed: number, controllerMode: boolean): World {
  const random = new SeededRandom(seed)
  const fixture = new StoreFixture({ enableControllerMode: controllerMode }, new SimDisk({ seed }))
  const offsets: number[] = []
  for (let i = 0; i < 60; i++) {
    offsets.push(putOne(fixture, `old-${i}`, random.below(1200), i % QUEUES))
    if (random.below(3) === 0) fixture.store.confirm(offsets[random.below(offsets.length)]!)
    if (random.below(8) === 0) tick(fixture)
  }
  fixture.flush()
  return { fixture, offsets }
}

function putOne(fixture: StoreFixture, name: string, length: number, queueId: number): number {
  return fixture.put({ queueId, body: `${name}:`.padEnd(length, 'x'), properties: `KEYS\x01${name}\x02` })
}

function tick(fixture: StoreFixture): void {
  fixture.clock.nowMs += 2000
  for (let i = 0; i < 6; i++) {
    fixture.store.tick(fixture.clock.nowMs)
    fixture.disk.completeSyncs()
  }
}

/** Queues and index show exactly the messages of the log up to the confirmed one, each where it says it is. */
function expectDerived(fixture: StoreFixture): void {
  const { store } = fixture
  store.confirm(store.writtenOffset)
  let shown = 0
  for (let queueId = 0; queueId < QUEUES; queueId++) {
    const messages = fixture.messages('TopicTest', queueId)
    expect(messages.map((message) => message.queueOffset)).toEqual(messages.map((_, i) => i))
    for (const message of messages) {
      const { bytes, start } = store.recordAt(message.phyOffset)!
      expect(Buffer.from(bytes.subarray(start, start + message.sizeBytes)).includes(message.body)).toBe(true)
      const key = message.body.toString().split(':')[0]!
      const found = store.queryByKey('TopicTest', key, 64, 0, Number.MAX_SAFE_INTEGER).phyOffsets
      expect(found, key).toEqual([message.phyOffset])
    }
    shown += messages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }
  // Blanks and what follows them belong to no message.
  expect(shown).toBe(recordBytes(fixture))
}

function recordBytes(fixture: StoreFixture): number {
  const { store, config } = fixture
  const size = config.mappedFileSizeCommitLog
  let sum = 0
  for (let at = 0; at < store.writtenOffset; ) {
    const record = store.recordAt(at)
    sum += record?.length ?? 0
    at = record ? at + record.length : (Math.floor(at / size) + 1) * size
  }
  return sum
}

function crashAt(nth: number, fixture: StoreFixture, run: () => void, kind: CrashKind): void {
  fixture.disk.fail({ nth, code: 'EIO', forever: true })
  try {
    run()
  } catch (error) {
    expect(String(error)).toContain('EIO')
  }
  fixture.restart(kind)
}

/** How many calls of the disk a cut takes. */
function callsOf(seed: number, controllerMode: boolean, run: (world: World) => void): number {
  const counted = world(seed, controllerMode)
  const before = counted.fixture.disk.callCount
  run(counted)
  return counted.fixture.disk.callCount - before
}

const CASES = SEEDS.flatMap((seed) => [true, false].map((mode) => [seed, mode] as const))

test.each(CASES)(
  'a power cut at any moment of a cut leaves the old log up to some point (seed %i, controller mode %s)',
  { timeout: 300_000 },
  (seed, mode) => {
    const pick = new SeededRandom(seed * 77)
    const index = 3 + pick.below(50)
    const calls = callsOf(seed, mode, ({ fixture, offsets }) => fixture.store.truncateTo(offsets[index]!))
    expect(calls).toBeGreaterThan(5)
    for (let nth = 1; nth <= calls + 1; nth++) {
      const kind: CrashKind = nth % 2 === 0 ? 'power' : 'power-worst'
      const { fixture, offsets } = world(seed, mode)
      const old = fixture.logBytes()
      const cut = offsets[index]!
      crashAt(nth, fixture, () => fixture.store.truncateTo(cut), kind)
      const end = fixture.store.writtenOffset
      // What stands behind the cut, if anything, is what stood there: it is still to be cut.
      expect(fixture.logBytes()).toEqual(old.subarray(0, end))
      expect(end).toBeGreaterThanOrEqual(cut)
      if (nth > calls) expect(end).toBe(cut)
      if (nth % 3 === 0) expectDerived(fixture)
      fixture.store.truncateTo(Math.min(cut, end))
      expectNoReturn(fixture, pick)
    }
  },
)

/** New messages follow; whatever is lost of them, the old ones do not come back. */
function expectNoReturn(fixture: StoreFixture, random: SeededRandom): void {
  const from = fixture.store.writtenOffset
  const kept = fixture.logBytes()
  fixture.store.continueQueues()
  for (let i = 0; i < 12; i++) {
    putOne(fixture, `new-${i}`, random.below(900), i % QUEUES)
    if (random.below(4) === 0) fixture.flush()
    if (random.below(4) === 0) tick(fixture)
  }
  const written = fixture.logBytes()
  fixture.restart(random.below(2) === 0 ? 'power' : 'power-worst')
  expect(fixture.store.writtenOffset).toBeGreaterThanOrEqual(from - 8192)
  expect(fixture.logBytes()).toEqual(written.subarray(0, fixture.store.writtenOffset))
  expect(written.subarray(0, kept.length)).toEqual(kept)
  expect(fixture.logBytes().subarray(from).includes('old-')).toBe(false)
  expectDerived(fixture)
}

test.each(SEEDS)(
  'a power cut at any moment while everything is dropped leaves a log (seed %i)',
  { timeout: 300_000 },
  (seed) => {
    const calls = callsOf(seed, true, ({ fixture }) => fixture.store.discardAll())
    const pick = new SeededRandom(seed)
    for (let nth = 1; nth <= calls + 1; nth++) {
      const { fixture } = world(seed, true)
      const old = fixture.logBytes()
      crashAt(nth, fixture, () => fixture.store.discardAll(), nth % 2 === 0 ? 'power' : 'power-worst')
      expect(fixture.logBytes()).toEqual(old.subarray(0, fixture.store.writtenOffset))
      expectDerived(fixture)
      fixture.store.discardAll()
      expect([fixture.store.minOffset, fixture.store.writtenOffset]).toEqual([0, 0])
      const from = new StoreFixture()
      for (let i = 0; i < 30; i++) putOne(from, `master-${i}`, 600, i % QUEUES)
      // Its first file is gone: the replica begins where the master does.
      const start = 8192
      for (let at = start; at < from.store.writtenOffset; ) {
        const piece = from.store.readRaw(at, 100 + pick.below(3000))!
        fixture.store.appendReplicated(piece.bytes, piece.start, piece.length, at)
        at += piece.length
      }
      expect(fixture.logBytes()).toEqual(from.logBytes().subarray(start))
      fixture.store.confirm(fixture.store.writtenOffset)
      fixture.flush()
      fixture.restart('power-worst')
      expect(fixture.logBytes()).toEqual(from.logBytes().subarray(start))
      fixture.store.confirm(fixture.store.writtenOffset)
      for (let queueId = 0; queueId < QUEUES; queueId++) {
        const shown = from.messages('TopicTest', queueId).filter(({ phyOffset }) => phyOffset >= start)
        expect(fixture.messages('TopicTest', queueId)).toEqual(shown)
      }
    }
  },
)

test('what is taken back is kept in a copy, of which there are not more and more', () => {
  const { fixture, offsets } = world(3, true)
  const cut = offsets[20]!
  const taken = fixture.logBytes().subarray(cut)
  fixture.store.truncateTo(cut)
  const path = `/store/cut/${String(cut).padStart(20, '0')}.taken-back`
  expect(fixture.disk.readFile(path).equals(taken)).toBe(true)
  expect(fixture.reports.warnings.at(-1)).toBe(
    `${taken.length} bytes of the commit log from offset ${cut} on are taken back; a copy is ${path}`,
  )
  for (let i = 0; i < 20; i++) {
    fixture.put({ body: `again ${i}` })
    fixture.store.truncateTo(cut)
  }
  const names = fixture.disk.list('/store/cut')
  expect(names.length).toBe(16)
  expect(fixture.disk.readFile(`/store/cut/${names.at(-1)}`).includes('again')).toBe(true)
  // The oldest is gone, and its name was given again.
  expect(fixture.disk.readFile(path).equals(taken)).toBe(false)
  // Without room for a copy the cut is made all the same.
  fixture.put({ body: 'no copy of this' })
  fixture.disk.fail({ nth: 1, code: 'ENOSPC', operations: ['write'], path: /taken-back/ })
  fixture.store.truncateTo(cut)
  expect(fixture.store.writtenOffset).toBe(cut)
  expect(fixture.reports.errors).toEqual([expect.stringContaining('no copy of')])
})

test('a cut that the disk refuses is tried again', () => {
  const { fixture, offsets } = world(5, true)
  const old = fixture.logBytes()
  const calls = callsOf(5, true, (one) => one.fixture.store.truncateTo(offsets[20]!))
  for (let nth = 1; nth <= calls; nth++) {
    const one = world(5, true)
    one.fixture.disk.fail({ nth, code: 'EIO' })
    try {
      one.fixture.store.truncateTo(offsets[20]!)
    } catch (error) {
      expect(String(error)).toContain('EIO')
      one.fixture.store.truncateTo(offsets[20]!)
    }
    expect(one.fixture.logBytes()).toEqual(old.subarray(0, offsets[20]))
    expectDerived(one.fixture)
  }
})
