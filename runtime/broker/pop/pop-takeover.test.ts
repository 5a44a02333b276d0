import { expect, test } from 'vitest'
import { PopTakeover } from './pop-takeover.ts'

const WAIT_MS = 3_000

function takeover(dispatchedOffset: number, coveredEnd: number) {
  const world = { nowMs: 1_700_000_000_000, dispatchedOffset }
  const nobody = () => undefined
  const store = {
    ...{ findQueue: nobody, read: nobody, writtenOffset: 500 },
    get dispatchedOffset() {
      return world.dispatchedOffset
    },
  }
  const offsets = { query: () => -1, commit: nobody, coveredEnd }
  const wallClock = () => world.nowMs
  return { world, takeover: new PopTakeover({ store, offsets, reviveTopic: 'r', reviveQueues: 2, wallClock }) }
}

/** How often it takes a step until it is done or waits. */
function steps(one: PopTakeover): number {
  for (let count = 1; count < 100; count++) if (one.step() || one.isWaiting) return count
  throw new Error('it does not come to an end')
}

test('what the log does not show yet is waited for, with nothing to do meanwhile', () => {
  const { world, takeover: one } = takeover(400, 100)
  expect([one.step(), one.isWaiting]).toEqual([false, true])
  world.dispatchedOffset = 500
  expect(one.isWaiting).toBe(false)
  expect(steps(one)).toBeLessThan(10)
  expect(one.step()).toBe(true)
})

test('... and not for ever', () => {
  const { world, takeover: one } = takeover(400, 100)
  world.nowMs += WAIT_MS - 1
  expect(one.isWaiting).toBe(true)
  world.nowMs += 1
  expect(one.isWaiting).toBe(false)
  expect(steps(one)).toBeLessThan(10)
})

test('who knows everything has nothing to take over', () => {
  expect(takeover(400, 500).takeover.step()).toBe(true)
})
