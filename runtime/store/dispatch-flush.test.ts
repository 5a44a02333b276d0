import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SeededRandom } from '../../test/sim/seeded-random.ts'
import { type CrashKind, SimDisk } from '../../test/sim/sim-disk.ts'
import { StoreCheckpoint } from './checkpoint.ts'
import { QueueAppend } from './consume-queue/consume-queue.ts'
import { ConsumeQueueTable } from './consume-queue/consume-queue-table.ts'
import { QueueUnits } from './consume-queue/queue-unit.ts'
import { DispatchFlush } from './dispatch-flush.ts'
import { IndexService } from './index/index-service.ts'
import { indexKeySeed } from './index/key-hash.ts'
import { BATCH_OPTIONS } from './testing/batch-options.ts'

const TOPIC = 'Orders'
const QUEUES = 3
const KEYS = ['red', 'green', 'blue', 'grün']
const SIZE = 100

interface Message {
  readonly queueId: number
  readonly queueOffset: number
  readonly phyOffset: number
  readonly key: string
}

/** Consume queues, index and checkpoint over a commit log that is an array; recovery as the store does it. */
class World {
  readonly disk: SimDisk
  readonly random: SeededRandom
  readonly reports: string[] = []
  log: Message[] = []
  flushedOffset = 0
  minPhyOffset = 0
  nowMs = 1_700_000_000_000
  checkpoint!: StoreCheckpoint
  table!: ConsumeQueueTable
  index!: IndexService
  flush!: DispatchFlush
  #dispatched = 0

  constructor(seed: number) {
    this.disk = new SimDisk({ seed, syncs: 'manual' })
    this.random = new SeededRandom(seed + 1)
    this.open(true)
  }

  open(isLastExitClean: boolean): void {
    const report = (text: string) => this.reports.push(text)
    const reporter = { info: report, warn: report, error: report }
    const { disk } = this
    this.checkpoint = StoreCheckpoint.open(disk, '/s/checkpoint')
    this.table = ConsumeQueueTable.open({
      disk,
      folder: '/s/consumequeue',
      fileSizeBytes: 9 * 20,
      batch: BATCH_OPTIONS,
      reporter,
      limits: { openFilesMax: 2, tailBytesMax: 2048, queueTailUnitsMax: 60, reliefQueues: 2 },
    })
    this.index = IndexService.open({
      disk,
      folder: '/s/index',
      maxHashSlotNum: 7,
      maxIndexNum: 20,
      reporter,
      isLastExitClean,
      indexMsgTimestamp: this.checkpoint.indexMsgTimestamp,
    })
    this.flush = new DispatchFlush({
      disk,
      table: this.table,
      index: this.index,
      checkpoint: this.checkpoint,
      config: { flushIntervalConsumeQueue: 1000, flushConsumeQueueThoroughInterval: 60_000 },
      reporter,
      flushedOffset: () => this.flushedOffset,
    })
    this.#dispatched = 0
    if (!isLastExitClean) {
      const from = Math.max(this.checkpoint.logicsPhysicalOffset, this.minPhyOffset)
      this.table.truncateFrom(from)
      this.index.truncateFrom(from)
      this.#dispatched = this.log.findIndex((message) => message.phyOffset >= from)
      if (this.#dispatched < 0) this.#dispatched = this.log.length
    } else {
      this.#dispatched = this.log.length
    }
    this.table.correctMinOffset(this.minPhyOffset)
    this.dispatch()
  }

  append(count: number): void {
    for (let i = 0; i < count; i++) {
      const queueId = this.random.below(QUEUES)
      const queueOffset = this.log.filter((message) => message.queueId === queueId).length
      const key = KEYS[this.random.below(KEYS.length)]!
      this.log.push({ queueId, queueOffset, phyOffset: this.log.length * SIZE, key })
    }
    this.dispatch()
  }

  dispatch(): void {
    for (; this.#dispatched < this.log.length; this.#dispatched++) {
      const { queueId, queueOffset, phyOffset, key } = this.log[this.#dispatched]!
      const timeMs = 1_700_000_000_000 + phyOffset
      if (this.table.obtain(TOPIC, queueId).append(queueOffset, phyOffset, SIZE, 0) === QueueAppend.failed) break
      const bytes = Buffer.from(key)
      const none = { uniqKeyStart: -1, uniqKeyLength: 0, tagsStart: -1, tagsLength: 0 }
      const ranges = { ...none, keysStart: 0, keysLength: bytes.length }
      if (!this.index.put(indexKeySeed(TOPIC), phyOffset, timeMs, 0, this.nowMs, bytes, ranges)) break
      this.flush.noteDispatched(phyOffset, timeMs)
    }
  }

  tick(): void {
    this.nowMs += 400
    this.flush.tick(this.nowMs)
    this.dispatch()
  }

  flushLog(): void {
    this.flushedOffset = this.log.length * SIZE
  }

  /** Like StoreCleaner, never beyond what the checkpoint says. */
  clean(): void {
    this.minPhyOffset = Math.max(
      this.minPhyOffset,
      this.random.below(this.checkpoint.logicsPhysicalOffset / SIZE + 1) * SIZE,
    )
    this.table.forEach((queue) => {
      queue.dropBelow(this.minPhyOffset)
    })
    this.index.deleteBelow(this.minPhyOffset)
  }

  /** The commit log loses some of what it had not flushed. */
  crash(kind: CrashKind): void {
    if (kind !== 'process') {
      const flushed = this.flushedOffset / SIZE
      this.log.length = flushed + this.random.below(this.log.length - flushed + 1)
    }
    this.disk.crash(kind)
    this.open(false)
  }

  check(): void {
    const out = new QueueUnits(10_000)
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const messages = this.log.filter((message) => message.queueId === queueId)
      const kept = messages.filter((message) => message.phyOffset >= this.minPhyOffset)
      const queue = this.table.obtain(TOPIC, queueId)
      queue.readUnits(queue.minOffset, 10_000, out)
      expect([...out.phyOffsets.subarray(0, out.count)]).toEqual(kept.map((message) => message.phyOffset))
      expect(queue.maxOffset).toBe(messages.length)
      expect(queue.nextOffset).toBe(messages.length)
      expect(queue.minOffset).toBe(messages.length - kept.length)
    }
    for (const key of KEYS) {
      const kept = this.log.filter((message) => message.phyOffset >= this.minPhyOffset && message.key === key)
      const found = this.index.query(TOPIC, key, 64, 0, Number.MAX_SAFE_INTEGER).phyOffsets
      const newest = kept.slice(-64).map((message) => message.phyOffset)
      expect(found.filter((phyOffset) => phyOffset >= this.minPhyOffset)).toEqual(newest.reverse())
    }
  }
}

type Step = { kind: 'append'; count: number } | { kind: 'tick' | 'sync' | 'flushLog' | 'clean' } | { kind: CrashKind }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 25 }) }),
    },
    { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('tick', 'sync', 'flushLog', 'tick', 'sync', 'clean') }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('process', 'power', 'power-worst') }) },
  ) as fc.Arbitrary<Step>,
  { maxLength: 60 },
)

function run(world: World, step: Step): void {
  if (step.kind === 'append') world.append(step.count)
  else if (step.kind === 'tick') world.tick()
  else if (step.kind === 'sync') world.disk.completeSyncs()
  else if (step.kind === 'flushLog') world.flushLog()
  else if (step.kind === 'clean') world.clean()
  else world.crash(step.kind)
}

test('after a crash at any point recovery leads to where never crashing leads', () => {
  fc.assert(
    fc.property(fc.integer(), steps, fc.constantFrom('process', 'power', 'power-worst'), (seed, all, last) => {
      const world = new World(seed)
      for (const step of all) run(world, step)
      world.check()
      world.crash(last)
      world.check()
      world.append(10)
      world.check()
    }),
    { numRuns: 250 },
  )
})

test('a clean close is found again without recovery, and the checkpoint names the last message', () => {
  fc.assert(
    fc.property(fc.integer(), steps, (seed, all) => {
      const world = new World(seed)
      for (const step of all) run(world, step)
      world.flushLog()
      world.flush.flushNow()
      const last = world.log.at(-1)
      if (last) expect(world.checkpoint.logicsPhysicalOffset).toBe(last.phyOffset)
      world.disk.crash('power-worst')
      world.open(true)
      if (last) expect(world.checkpoint.logicsPhysicalOffset).toBe(last.phyOffset)
      world.check()
    }),
    { numRuns: 150 },
  )
})

test('whichever I/O call fails, the checkpoint never promises more than is durable and nothing is lost', () => {
  const work = (world: World) => {
    for (let round = 0; round < 8; round++) {
      attempt(() => world.append(12))
      world.flushLog()
      if (round === 5) attempt(() => world.clean())
      for (let i = 0; i < 6; i++) {
        attempt(() => world.tick())
        world.disk.completeSyncs()
      }
    }
  }
  const counted = new World(1)
  const before = counted.disk.callCount
  work(counted)
  const calls = counted.disk.callCount - before
  expect(calls).toBeGreaterThan(100)
  for (const forever of [false, true]) {
    for (let nth = 1; nth <= calls; nth += forever ? 7 : 1) {
      const world = new World(nth)
      world.disk.fail({ nth, code: nth % 2 === 0 ? 'EIO' : 'ENOSPC', forever })
      work(world)
      world.disk.clearFaults()
      world.crash(nth % 3 === 0 ? 'power' : 'power-worst')
      world.check()
    }
  }
})

test('a round moves the checkpoint only when its files are synced and the commit log is flushed', () => {
  const world = new World(7)
  world.append(5)
  for (let i = 0; i < 10; i++) world.tick()
  expect(world.checkpoint.logicsPhysicalOffset).toBe(0)
  while (world.disk.completeSyncs() > 0);
  world.tick()
  expect(world.checkpoint.logicsPhysicalOffset).toBe(0)
  world.flushLog()
  world.tick()
  expect(world.checkpoint.logicsPhysicalOffset).toBe(400)
  expect(world.checkpoint.logicsMsgTimestamp).toBe(1_700_000_000_400)
  const calls = world.disk.callCount
  for (let i = 0; i < 20; i++) world.tick()
  expect(world.disk.callCount).toBe(calls)
})

test('after a failed sync the checkpoint stays for good', () => {
  const world = new World(3)
  world.append(5)
  world.flushLog()
  world.disk.fail({ nth: 1, code: 'EIO', operations: ['sync'] })
  const results: unknown[] = []
  world.flush.flush((error) => results.push(error?.message))
  for (let i = 0; i < 20; i++) {
    world.tick()
    world.disk.completeSyncs()
  }
  expect(results).toEqual(['consume queues or index could not be synced'])
  expect(world.checkpoint.logicsPhysicalOffset).toBe(0)
  expect(world.reports.filter((text) => text.includes('check the disk and restart'))).toHaveLength(1)
})

function attempt(call: () => void): void {
  try {
    call()
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toMatch(/^(EIO|ENOSPC)$/)
  }
}
