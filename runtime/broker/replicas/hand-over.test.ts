import { beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { HandOver } from './hand-over.ts'

let clock: ManualClock
let isDrained: boolean
let resumed: number
let handOver: HandOver

beforeEach(() => {
  clock = new ManualClock(1000)
  isDrained = false
  resumed = 0
  handOver = new HandOver({ clock, isDrained: () => isDrained, resumed: () => resumed++ })
})

test('it answers when the replicas hold everything, and lasts until the role changes', async () => {
  const prepared = handOver.prepare()
  clock.advance(10)
  isDrained = true
  clock.advance(2)
  expect(await prepared).toBe(true)
  expect(handOver.isUnderWay).toBe(true)
  handOver.done()
  clock.advance(10_000)
  expect([handOver.isUnderWay, resumed]).toEqual([false, 0])
})

test('replicas that do not get there in time let the broker go on', async () => {
  const prepared = handOver.prepare()
  clock.advance(1_000)
  expect(await prepared).toBe(false)
  expect([handOver.isUnderWay, resumed]).toEqual([false, 1])
})

test('controllers that elect nobody let the broker go on', async () => {
  isDrained = true
  expect(await handOver.prepare()).toBe(true)
  clock.advance(1_499)
  expect(handOver.isUnderWay).toBe(true)
  clock.advance(1)
  expect([handOver.isUnderWay, resumed]).toEqual([false, 1])
})

test('a second wish takes the place of the first', async () => {
  const first = handOver.prepare()
  const second = handOver.prepare()
  isDrained = true
  clock.advance(2)
  expect([await first, await second]).toEqual([false, true])
})
