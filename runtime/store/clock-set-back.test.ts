import { describe, expect, test } from 'vitest'
import { COMMIT_LOG, ROOT, StoreFixture } from './testing/store-fixture.ts'

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

describe('a clock that was set back dates files before what the checkpoint speaks of', () => {
  /** Messages of whose queue units only those of the first are durable; the process is killed. */
  function killedBehind(fixture: StoreFixture): void {
    fixture.clock.nowMs -= HOUR_MS
    for (let i = 0; i < 40; i++) fixture.put({ body: `m${i}`.padEnd(700) })
    expect(fixture.disk.list(COMMIT_LOG).length).toBeGreaterThan(3)
    fixture.flush()
    fixture.restart('process')
  }

  test('the first message of the log', async () => {
    const fixture = new StoreFixture()
    fixture.put({ body: 'in the queues' })
    fixture.flush()
    await ticks(fixture, 50)
    killedBehind(fixture)
    expect(fixture.bodies().length).toBe(41)
  })

  test('a position at which no message stands any more', async () => {
    const fixture = new StoreFixture()
    fixture.put({ body: 'in the queues' })
    const second = fixture.put({ body: 'and this' })
    fixture.flush()
    await ticks(fixture, 50)
    const checkpoint = fixture.disk.readFile(`${ROOT}/checkpoint`)
    expect(checkpoint.readBigInt64BE(40)).toBe(BigInt(second))
    checkpoint.writeBigInt64BE(BigInt(second + 1), 40)
    fixture.disk.writeFile(`${ROOT}/checkpoint`, checkpoint)
    killedBehind(fixture)
    expect(fixture.bodies().length).toBe(42)
  })
})
