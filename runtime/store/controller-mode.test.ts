import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SimDisk } from '../../test/sim/sim-disk.ts'
import { StoreFixture } from './testing/store-fixture.ts'

const CONTROLLER_MODE = { enableControllerMode: true }

function keyed(fixture: StoreFixture, key: string): number[] {
  return fixture.store.queryByKey('TopicTest', key, 10, 0, Number.MAX_SAFE_INTEGER).phyOffsets
}

test('a message is shown when it is confirmed, not before: by pulls, queue offsets, keys', () => {
  const fixture = new StoreFixture(CONTROLLER_MODE)
  const first = fixture.put({ body: 'one', properties: 'KEYS\x01k1\x02' })
  const second = fixture.put({ body: 'two', properties: 'KEYS\x01k2\x02' })
  const queue = fixture.store.findQueue('TopicTest', 0)!
  expect([queue.maxOffset, queue.nextOffset, fixture.store.confirmOffset]).toEqual([0, 2, 0])
  expect(fixture.pull('TopicTest', 0, 0, 32).status).toBe('NO_MESSAGE_IN_QUEUE')
  expect(keyed(fixture, 'k1')).toEqual([])
  const shown: number[] = []
  fixture.store.onShown((one) => shown.push(one.maxOffset))
  // One byte short of the second message.
  fixture.store.confirm(fixture.store.writtenOffset - 1)
  expect(fixture.bodies()).toEqual(['one'])
  expect([keyed(fixture, 'k1'), keyed(fixture, 'k2')]).toEqual([[first], []])
  fixture.store.confirm(Number.MAX_SAFE_INTEGER)
  expect(fixture.bodies()).toEqual(['one', 'two'])
  expect(keyed(fixture, 'k2')).toEqual([second])
  expect(shown).toEqual([1, 2])
  expect(fixture.store.confirmOffset).toBe(fixture.store.writtenOffset)
  // It never goes back by itself.
  fixture.store.confirm(first)
  expect(fixture.store.confirmOffset).toBe(fixture.store.writtenOffset)
})

test('without controller mode nothing waits to be confirmed', () => {
  const fixture = new StoreFixture()
  fixture.put({ body: 'one' })
  expect(fixture.bodies()).toEqual(['one'])
  expect(fixture.store.confirmOffset).toBe(fixture.store.writtenOffset)
  fixture.store.confirm(0)
  expect(fixture.store.confirmOffset).toBe(fixture.store.writtenOffset)
})

test('a replica shows what its master says is confirmed', () => {
  const from = new StoreFixture()
  for (let i = 0; i < 30; i++) from.put({ body: `${i}`.padEnd(700) })
  const to = new StoreFixture(CONTROLLER_MODE)
  while (to.store.writtenOffset < from.store.writtenOffset) {
    const at = to.store.writtenOffset
    const { bytes, start, length } = from.store.readRaw(at, 500)!
    to.store.confirm(at - 1000)
    to.store.appendReplicated(bytes, start, length, at)
    const confirmed = from.messages().filter(({ phyOffset, sizeBytes }) => phyOffset + sizeBytes <= at - 1000)
    expect(to.messages()).toEqual(confirmed)
  }
  to.store.confirm(from.store.writtenOffset)
  expect(to.messages()).toEqual(from.messages())
})

test('where the last whole record ends is known while the rest of a blank is awaited, however late it is confirmed', () => {
  const from = new StoreFixture()
  for (let i = 0; i < 25; i++) from.put({ body: `${i}`.padEnd(700) })
  const segmentBytes = 8192
  const to = new StoreFixture(CONTROLLER_MODE)
  // The log of the replica ends in the middle of the blank at the end of its second file; nothing is confirmed yet.
  const end = 2 * segmentBytes - 10
  for (let at = 0; at < end; at = to.store.writtenOffset) {
    const { bytes, start, length } = from.store.readRaw(at, 500)!
    to.store.appendReplicated(bytes, start, Math.min(length, end - at), at)
  }
  const blankOffset = to.store.borderOffset
  expect(blankOffset).toBeGreaterThan(segmentBytes)
  expect(blankOffset).toBeLessThan(end)
  // Up to a message of the second file: the blank of the first one is passed.
  to.store.confirm(segmentBytes + 2000)
  expect(to.store.dispatchedOffset).toBeGreaterThan(segmentBytes)
  expect(to.store.borderOffset).toBe(blankOffset)
})

test.each(['clean', 'process', 'power', 'power-worst'] as const)(
  'after a %s stop the log has its unconfirmed end, and shows it when it is confirmed',
  (stop) => {
    const fixture = new StoreFixture(CONTROLLER_MODE)
    for (let i = 0; i < 20; i++) fixture.put({ body: `${i}`.padEnd(700), properties: `KEYS\x01k${i}\x02` })
    const { phyOffset } = fixture.store.lastAppend
    fixture.store.confirm(phyOffset - 2000)
    const shown = fixture.bodies()
    expect(shown.length).toBeGreaterThan(10)
    fixture.flush()
    fixture.clock.nowMs += 5000
    for (let i = 0; i < 5; i++) fixture.store.tick(fixture.clock.nowMs)
    const log = fixture.logBytes()
    if (stop === 'clean') fixture.reopen()
    else fixture.restart(stop)
    expect(fixture.logBytes()).toEqual(log)
    if (stop === 'clean') expect(fixture.bodies()).toEqual(shown)
    else expect(shown.slice(0, fixture.bodies().length)).toEqual(fixture.bodies())
    expect(keyed(fixture, 'k19')).toEqual([])
    fixture.store.confirm(fixture.store.writtenOffset)
    expect(fixture.bodies().length).toBe(20)
    expect(keyed(fixture, 'k19')).toEqual([phyOffset])
  },
)

test('what comes to stand where confirmed messages were lost is not confirmed', () => {
  const fixture = new StoreFixture(CONTROLLER_MODE)
  fixture.put({ body: 'kept' })
  fixture.flush()
  for (let i = 0; i < 5; i++) fixture.put({ body: `lost ${i}` })
  fixture.store.confirm(fixture.store.writtenOffset)
  fixture.clock.nowMs += 5000
  fixture.store.tick(fixture.clock.nowMs)
  fixture.restart('power-worst')
  const end = fixture.store.writtenOffset
  expect(fixture.store.confirmOffset).toBeLessThanOrEqual(end)
  fixture.store.continueQueues()
  for (let i = 0; i < 5; i++) fixture.put({ body: `new ${i}` })
  fixture.flush()
  fixture.restart('process')
  expect(fixture.store.confirmOffset).toBeLessThanOrEqual(end)
  expect(fixture.bodies().some((body) => body.startsWith('new'))).toBe(false)
})

test('a store that was not in controller mode goes on showing what it has', () => {
  const fixture = new StoreFixture()
  for (let i = 0; i < 20; i++) fixture.put({ body: `${i}`.padEnd(700) })
  fixture.store.close()
  const later = new StoreFixture(CONTROLLER_MODE, fixture.disk)
  expect(later.bodies().length).toBe(20)
  expect(later.store.confirmOffset).toBe(later.store.writtenOffset)
  later.put({ body: 'unconfirmed' })
  expect(later.bodies().length).toBe(20)
  later.store.close()
  // And back: what was not confirmed is shown, as any message in the log is.
  const classic = new StoreFixture({}, fixture.disk)
  expect(classic.bodies().length).toBe(21)
})

test('the beginning of a message or of a blank is cut off before a replica becomes master', () => {
  const from = new StoreFixture()
  for (let i = 0; i < 30; i++) from.put({ body: `${i}`.padEnd(700) })
  const borders = new Set(from.messages().map(({ phyOffset, sizeBytes }) => phyOffset + sizeBytes))
  for (let end = 1; end < from.store.writtenOffset; end += 331) {
    const to = new StoreFixture(CONTROLLER_MODE)
    for (let at = 0; at < end; at = to.store.writtenOffset) {
      const piece = from.store.readRaw(at, Math.min(end - at, 3000))!
      to.store.appendReplicated(piece.bytes, piece.start, piece.length, at)
    }
    const { borderOffset } = to.store
    expect(borderOffset).toBeLessThanOrEqual(end)
    to.store.truncateTo(borderOffset)
    expect([to.store.writtenOffset, to.store.borderOffset]).toEqual([borderOffset, borderOffset])
    expect(borderOffset === 0 || borderOffset % 8192 === 0 || borders.has(borderOffset)).toBe(true)
    to.store.continueQueues()
    to.put({ body: 'as master' })
    to.store.confirm(to.store.writtenOffset)
    const bodies = to.bodies()
    expect(bodies.at(-1)).toBe('as master')
    expect(to.messages().map(({ queueOffset }) => queueOffset)).toEqual(bodies.map((_, i) => i))
  }
})

test('queue offsets go on behind the log that stays, whatever was given out before (apache/rocketmq#7689)', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), queueId: fc.nat(2), length: fc.nat(2000) }),
    fc.record({ kind: fc.constant('confirm' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constant('switch' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constant('restart' as const), clean: fc.boolean() }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const fixture = new StoreFixture(CONTROLLER_MODE, new SimDisk())
      /** The log: where each message starts, and its queue. */
      const log: { phyOffset: number; queueId: number; queueOffset: number }[] = []
      for (const one of steps) {
        const { store } = fixture
        if (one.kind === 'put') {
          const queueOffset = log.filter(({ queueId }) => queueId === one.queueId).length
          const phyOffset = fixture.put({ queueId: one.queueId, body: Buffer.alloc(one.length) })
          expect(store.lastAppend.queueOffset).toBe(queueOffset)
          log.push({ phyOffset, queueId: one.queueId, queueOffset })
        } else if (one.kind === 'confirm') {
          store.confirm(Math.floor(store.writtenOffset * one.part))
        } else if (one.kind === 'switch') {
          // As a slave it loses its end, as a master it goes on.
          const kept = Math.floor(log.length * one.part)
          if (kept < log.length) store.truncateTo(log[kept]!.phyOffset)
          log.length = kept
          store.continueQueues()
        } else {
          if (one.clean) fixture.reopen()
          else fixture.restart('process')
          fixture.store.continueQueues()
        }
      }
      fixture.store.confirm(fixture.store.writtenOffset)
      for (let queueId = 0; queueId < 3; queueId++) {
        const expected = log.filter((message) => message.queueId === queueId)
        const found = fixture.messages('TopicTest', queueId)
        expect(found.map(({ phyOffset, queueOffset }) => ({ phyOffset, queueId, queueOffset }))).toEqual(expected)
      }
    }),
    { numRuns: 60 },
  )
})

test('very many messages confirmed together are shown piece by piece', () => {
  const fixture = new StoreFixture({ ...CONTROLLER_MODE, mappedFileSizeCommitLog: 1 << 26 })
  for (let i = 0; i < 10; i++) fixture.put({ body: Buffer.alloc(2 << 20, i) })
  fixture.store.confirm(fixture.store.writtenOffset)
  expect(fixture.store.findQueue('TopicTest', 0)!.maxOffset).toBe(4)
  fixture.store.tick(fixture.clock.nowMs)
  expect(fixture.store.findQueue('TopicTest', 0)!.maxOffset).toBe(8)
  fixture.store.showConfirmed()
  expect(fixture.store.findQueue('TopicTest', 0)!.maxOffset).toBe(10)
})
