import { expect, test } from 'vitest'
import { ROOT, StoreFixture } from './testing/store-fixture.ts'

const HOUR_MS = 3_600_000

/** Start of the last message whose queue units and index entries are said to be durable. */
function durablyDispatched(fixture: StoreFixture): number {
  return Number(fixture.disk.readFile(`${ROOT}/checkpoint`).readBigInt64BE(40))
}

async function ticks(fixture: StoreFixture, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    fixture.clock.nowMs += 100
    fixture.store.tick(fixture.clock.nowMs)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('queues and index go on becoming durable, and old files being deleted, after the clock was set back', async () => {
  const fixture = new StoreFixture({
    fileReservedTime: 1,
    deleteWhen: Array.from({ length: 24 }, (_, hour) => hour).join(';'),
  })
  fixture.put({ body: 'one' })
  await ticks(fixture, 700)
  expect(durablyDispatched(fixture)).toBe(0)
  fixture.clock.nowMs -= 100 * HOUR_MS
  for (let i = 0; i < 60; i++) fixture.put({ body: 'x'.repeat(1000) })
  const last = fixture.put({ body: 'two' })
  await ticks(fixture, 50)
  expect(durablyDispatched(fixture)).toBe(last)
  expect(fixture.store.minOffset).toBeGreaterThan(0)
})
