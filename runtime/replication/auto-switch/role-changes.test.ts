import { expect, test } from 'vitest'
import { SeededRandom } from '../../../test/sim/seeded-random.ts'
import type { CrashKind } from '../../../test/sim/sim-disk.ts'
import { EpochHistory } from './epoch-history.ts'
import { ReplicaHost, ReplicaWorld } from './testing/replica-host.ts'

/** `ROLE_SEEDS=1-50 ROLE_STRIDE=1` tries more than the few moments that every test run does. */
const [first, last] = (process.env['ROLE_SEEDS'] ?? '1-2').split('-').map(Number)
const STRIDE = Number(process.env['ROLE_STRIDE'] ?? 9)
const SEEDS = Array.from({ length: last! - first! + 1 }, (_, i) => first! + i)
const QUEUES = 2

interface Scene {
  readonly world: ReplicaWorld
  /** Master of epoch 1 once, with messages that nobody else has. */
  readonly old: ReplicaHost
  /** Master of epochs 2 and 3. */
  readonly master: ReplicaHost
}

async function scene(seed: number): Promise<Scene> {
  const random = new SeededRandom(seed)
  const world = new ReplicaWorld()
  const config = { flushDiskType: 'SYNC_FLUSH' as const }
  const [old, master] = [1, 2].map((id) => new ReplicaHost(id, world, config, { seed: seed * 10 + id })) as [
    ReplicaHost,
    ReplicaHost,
  ]
  const put = (host: ReplicaHost, name: string, count: number) => {
    for (let i = 0; i < count; i++) host.put(`${name}${i}:`.padEnd(random.below(1500), 'x'), i % QUEUES)
  }
  await old.start()
  await master.start()
  old.replication.changeToMaster(1, new Set([1]), 1)
  master.follow(old, 1)
  await world.settle()
  old.replication.setSyncStateSet(new Set([1, 2]), 2)
  put(old, 'both', 10 + random.below(20))
  await world.advance(1500, [old, master])
  master.replication.changeToMaster(2, new Set([2]), 3)
  await world.settle()
  put(old, 'only', 5 + random.below(20))
  put(master, 'new', 5 + random.below(20))
  await world.advance(1500, [old, master])
  master.replication.changeToMaster(3, new Set([2]), 4)
  put(master, 'newer', 3)
  await world.advance(1500, [old, master])
  expect(old.bodies().every((body) => body.startsWith('both'))).toBe(true)
  return { world, old, master }
}

/** Whether the old master's log, as far as it goes, is what its epochs say: of epoch 1 its own, of later ones the other's. */
function expectSound({ old, master }: Scene, before: Buffer, cut: number): void {
  const log = old.logBytes()
  const { epochs } = old.replication
  const first = epochs.entries[1]?.startOffset ?? Number.POSITIVE_INFINITY
  const own = log.subarray(0, Math.min(log.length, first))
  expect(own.equals(before.subarray(0, own.length)), `epochs ${epochs}, log ${log.length}, cut ${cut}`).toBe(true)
  if (log.length > first) expect(log.equals(master.logBytes().subarray(0, log.length))).toBe(true)
  expect(epochs.entries.length).toBeGreaterThan(0)
}

async function expectCatchUp(made: Scene): Promise<void> {
  const { world, old, master } = made
  old.follow(master, 3)
  await world.advance(2000, [old, master])
  expect(old.logBytes().equals(master.logBytes())).toBe(true)
  expect(String(old.replication.epochs)).toBe(String(master.replication.epochs))
  for (let queueId = 0; queueId < QUEUES; queueId++) expect(old.bodies(queueId)).toEqual(master.bodies(queueId))
}

/** The machine dies at the `nth` call of its disk from now on; false when the change was done before that. */
async function dieAt(nth: number, host: ReplicaHost, change: () => Promise<void>, kind: CrashKind): Promise<boolean> {
  const before = host.disk.callCount
  host.disk.fail({ nth, code: 'EIO', forever: true })
  try {
    await change()
  } catch (error) {
    expect(String(error)).toContain('EIO')
  }
  const isReached = host.disk.callCount - before >= nth
  host.crash(kind)
  return isReached
}

test.each(SEEDS)(
  'a power cut at any moment while a former master follows the new one (seed %i)',
  { timeout: 300_000 },
  async (seed) => {
    for (let nth = 1; ; nth += STRIDE) {
      const made = await scene(seed)
      const { world, old, master } = made
      const before = old.logBytes()
      const cut = master.replication.epochs.entries[1]!.startOffset
      const follow = async () => {
        old.follow(master, 3)
        await world.settle()
      }
      const isReached = await dieAt(nth, old, follow, nth % 2 === 0 ? 'power' : 'power-worst')
      await world.settle()
      await old.start()
      expectSound(made, before, cut)
      await expectCatchUp(made)
      if (!isReached) break
    }
  },
)

test.each(SEEDS)(
  'a power cut at any moment while a slave becomes master (seed %i)',
  { timeout: 300_000 },
  async (seed) => {
    for (let nth = 1; ; nth += STRIDE) {
      const made = await scene(seed)
      const { world, old, master } = made
      await expectCatchUp(made)
      // It holds the beginning of a message.
      const end = old.store.writtenOffset
      old.stop()
      await world.settle()
      await old.start()
      // 100 bytes fit into every file that does not end here.
      if (8192 - (end % 8192) > 108) {
        old.store.appendReplicated(Buffer.from('00000064daa320a700000000', 'hex'), 0, 12, end)
      }
      const become = async () => {
        old.replication.changeToMaster(7, new Set([1]), 9)
      }
      const isReached = await dieAt(nth, old, become, nth % 2 === 0 ? 'power' : 'power-worst')
      await old.start()
      const known = old.replication.epochs
      const history = new EpochHistory(known.entries.filter(({ epoch }) => epoch < 7))
      expect(String(history)).toBe(String(master.replication.epochs))
      expect(old.store.writtenOffset).toBe(end)
      old.replication.changeToMaster(8, new Set([1]), 10)
      expect(old.replication.epochs.last).toEqual({ epoch: 8, startOffset: end })
      old.put('as master')
      await world.settle()
      expect(old.bodies().at(-1)).toBe('as master')
      if (!isReached) break
    }
  },
)
