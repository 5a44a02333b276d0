import { expect, test } from 'vitest'
import { SeededRandom } from '../../test/sim/seeded-random.ts'
import { type CrashKind, SimDisk } from '../../test/sim/sim-disk.ts'
import { messageCountOf, putBatch } from './testing/inner-batches.ts'
import { StoreFixture } from './testing/store-fixture.ts'

const TOPIC = 'batches'
const [first, last] = (process.env['BATCH_SEEDS'] ?? '1-6').split('-').map(Number)

/** `offset: messages` of what the log holds of a queue, record by record. */
function inLog(fixture: StoreFixture, queueId: number): string[] {
  const copy = new SimDisk()
  for (const name of fixture.disk.list('/store/commitlog'))
    copy.writeFile(`/store/commitlog/${name}`, fixture.disk.readFile(`/store/commitlog/${name}`))
  return inQueue(new StoreFixture(fixture.config, copy), queueId)
}

function inQueue(fixture: StoreFixture, queueId: number): string[] {
  return fixture.messages(TOPIC, queueId).map((record) => `${record.queueOffset}: ${messageCountOf(record)}`)
}

test.each(Array.from({ length: last! - first! + 1 }, (_, i) => first! + i))(
  'batch consume queues are those of the log after kills, power cuts and cuts (seed %i)',
  (seed) => {
    const random = new SeededRandom(seed)
    const fixture = new StoreFixture({ mapperFileSizeBatchConsumeQueue: 46 * 7 }, new SimDisk({ seed }))
    const knows = (): void => {
      fixture.store.isBatchTopic = (topic) => (topic === TOPIC ? true : undefined)
      fixture.store.makeBatch(TOPIC)
    }
    knows()
    const kinds: CrashKind[] = ['process', 'power', 'power-worst']
    const starts: number[] = []
    for (let step = 0; step < 120; step++) {
      const queueId = step % 2
      const properties = `PAD\x01${'x'.repeat(random.below(150) + 1)}\x02`
      if (random.below(3) === 0) fixture.put({ topic: TOPIC, queueId, properties })
      else putBatch(fixture, TOPIC, 1 + random.below(9), properties, queueId)
      starts.push(fixture.store.lastAppend.phyOffset)
      if (random.below(6) === 0) {
        fixture.clock.nowMs += 2000
        fixture.store.tick(fixture.clock.nowMs)
        fixture.disk.completeSyncs()
      }
      if (random.below(8) === 0) fixture.flush()
      const fate = random.below(20)
      if (fate === 0) fixture.store.truncateTo(starts[starts.length - 1 - random.below(Math.min(starts.length, 5))]!)
      else if (fate === 1) fixture.restart(kinds[random.below(kinds.length)]!)
      else if (fate === 2) fixture.reopen()
      else continue
      // As with a broker: while the store recovers it has nothing but the records to go by.
      knows()
      const end = fixture.store.writtenOffset
      while (starts.length > 0 && starts.at(-1)! >= end) starts.pop()
      for (const id of [0, 1]) {
        const found = inQueue(fixture, id)
        expect(found, `queue ${id} at step ${step}`).toEqual(inLog(fixture, id))
        const queue = fixture.store.findQueue(TOPIC, id)
        const [offset = 0, count = 0] = (found.at(-1) ?? '0: 0').split(': ').map(Number)
        expect([queue?.maxOffset ?? 0, queue?.nextOffset ?? 0]).toEqual([offset + count, offset + count])
      }
    }
  },
)
