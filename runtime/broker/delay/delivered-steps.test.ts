import { expect, test } from 'vitest'
import { DeliveredSteps } from './delivered-steps.ts'

test('delivery goes on at once, and counts when the log is confirmed so far', () => {
  const steps = new DeliveredSteps()
  expect([steps.isEmpty, steps.take(1000)]).toEqual([true, -1])
  steps.add(3, 500)
  steps.add(5, 700)
  steps.add(8, 900)
  expect(steps.offset).toBe(8)
  expect(steps.take(499)).toBe(-1)
  // The step in between is forgotten: it counts with the newest.
  expect([steps.take(800), steps.offset, steps.isEmpty]).toEqual([3, 8, false])
  expect([steps.take(900), steps.isEmpty]).toEqual([8, true])
  steps.add(9, 950)
  steps.add(10, 960)
  expect([steps.take(2000), steps.isEmpty]).toEqual([10, true])
  steps.add(11, 3000)
  steps.clear()
  expect([steps.take(4000), steps.isEmpty]).toEqual([-1, true])
})
