import { expect, test } from 'vitest'
import { SeededRandom } from '../../../test/sim/seeded-random.ts'
import { type CrashKind, SimDisk } from '../../../test/sim/sim-disk.ts'
import { StoreFixture } from '../testing/store-fixture.ts'

const CONFIG = {
  compactionCqMappedFileSize: 46 * 8,
  compactionMappedFileSize: 46 * 8 * 5,
  compactionScheduleInternal: 1000,
  fileReservedTime: 1,
  mappedFileSizeCommitLog: 4096,
}
const KEYS = 7

interface Sent {
  readonly key: string
  readonly body: string
}

/** A life of one compaction topic, with what it has sent by queue offset. */
class Life {
  readonly fixture: StoreFixture
  readonly sent: Sent[] = []
  /** Offsets below survive a power cut. */
  durableEnd = 0
  readonly #random: SeededRandom

  constructor(seed: number) {
    const disk = new SimDisk({ seed, syncs: 'manual' })
    this.fixture = new StoreFixture(CONFIG, disk)
    this.fixture.store.compaction.declare(['T'])
    this.#random = new SeededRandom(seed)
  }

  send(): void {
    const key = `k${this.#random.below(KEYS)}`
    const body = this.#random.below(8) === 0 ? '' : `${this.sent.length}${'x'.repeat(this.#random.below(60))}`
    this.fixture.put({ topic: 'T', body, properties: `KEYS\x01${key}\x02UNIQ_KEY\x01u\x02` })
    this.sent.push({ key, body })
  }

  tick(ms = 100): void {
    const { fixture } = this
    fixture.clock.nowMs += ms
    fixture.store.tick(fixture.clock.nowMs)
    fixture.flush()
    const { flushedOffset, writtenOffset } = fixture.store
    if (flushedOffset === writtenOffset) this.durableEnd = this.sent.length
  }

  /** Sends, compacts, and lets old commit log files go. */
  run(rounds: number): void {
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < 12; i++) this.send()
      for (let i = 0; i < 22; i++) this.tick()
      if (round % 3 !== 2) continue
      this.fixture.clock.nowMs += 3_600_000 * 2
      this.fixture.store.deleteExpiredNow()
      for (let i = 0; i < 6; i++) this.tick()
    }
  }

  restart(kind: CrashKind): void {
    this.fixture.restart(kind)
    this.fixture.store.compaction.declare(['T'])
    const end = this.fixture.store.findQueue('T', 0)?.nextOffset ?? 0
    expect(end).toBeGreaterThanOrEqual(kind === 'process' ? this.sent.length - 1 : this.durableEnd)
    this.sent.length = Math.min(this.sent.length, end)
    this.durableEnd = Math.min(this.durableEnd, this.sent.length)
  }

  /** What a reader from the start makes of it is what was sent. */
  check(): void {
    const state = new Map<string, string>()
    let last = -1
    const { fixture } = this
    const queue = fixture.store.findQueue('T', 0)
    for (let offset = 0; queue !== undefined && offset < queue.maxOffset; offset = fixture.store.lastPull.nextOffset) {
      const { messages } = fixture.pull('T', 0, offset, 32)
      for (const { queueOffset, body } of messages) {
        expect(queueOffset).toBeGreaterThan(last)
        last = queueOffset
        const { key, body: expected } = this.sent[queueOffset]!
        expect(body.toString()).toBe(expected)
        if (expected === '') state.delete(key)
        else state.set(key, expected)
      }
      expect(fixture.store.lastPull.nextOffset).toBeGreaterThan(offset)
    }
    const expected = new Map<string, string>()
    for (const { key, body } of this.sent) {
      if (body === '') expected.delete(key)
      else expected.set(key, body)
    }
    expect(Object.fromEntries(state)).toEqual(Object.fromEntries(expected))
  }
}

test('a life without a crash compacts and expires', () => {
  const life = new Life(1)
  life.run(9)
  life.check()
  expect(life.fixture.store.minOffset).toBeGreaterThan(0)
  expect(life.fixture.reports.errors).toEqual([])
  const files = life.fixture.disk.list('/store/compaction/compactionLog/T/0')
  expect(files.length).toBeLessThan(6)
})

for (const kind of ['process', 'power', 'power-worst'] as const) {
  test(`a crash (${kind}) at any disk operation loses nothing`, () => {
    const dry = new Life(3)
    const before = dry.fixture.disk.callCount
    dry.run(6)
    const calls = dry.fixture.disk.callCount - before
    const steps = 60
    for (let i = 0; i < steps; i++) {
      // Every run has another stride, so that all operations get their turn.
      const nth = Math.floor((calls * (i + (kind === 'process' ? 0 : kind === 'power' ? 0.33 : 0.66))) / steps) + 1
      const life = new Life(3)
      let hasHit = false
      life.fixture.disk.fail({ nth, code: 'EIO', forever: true, hit: () => (hasHit = true) })
      try {
        for (let round = 0; round < 6 && !hasHit; round++) life.run(1)
      } catch {
        expect(hasHit).toBe(true)
      }
      life.restart(kind)
      life.check()
      life.run(3)
      life.check()
      life.restart(kind)
      life.check()
    }
  }, 300_000)
}

test('a crash at every operation of the exchange of files loses nothing', () => {
  const paths = /compacting|position-checkpoint|compactionLog|compactionCq/
  for (const kind of ['process', 'power', 'power-worst'] as const) {
    for (let nth = 1; ; nth++) {
      const life = new Life(5)
      life.run(2)
      let hasHit = false
      const operations = ['rename', 'remove', 'syncFolder', 'sync', 'write', 'truncate', 'open', 'stat'] as const
      life.fixture.disk.fail({ nth, code: 'EIO', path: paths, operations, forever: true, hit: () => (hasHit = true) })
      for (let i = 0; i < 12; i++) life.send()
      for (let i = 0; i < 22 && !hasHit; i++) life.tick()
      if (!hasHit) break
      life.restart(kind)
      life.check()
      life.run(1)
      life.check()
    }
  }
}, 300_000)
