import { expect, it } from 'vitest'
import { failuresAfterExit, restartDelayMs, stableAfterMs, stableHealthyAfterMs } from './restart-backoff.ts'

it('comes at once, then after 250 ms, doubling up to 30 s', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1000].map((failures) => restartDelayMs(failures))
  expect(delays).toEqual([0, 250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
})

it('counts exits in a row and starts over after a stable run', () => {
  expect(failuresAfterExit(0, 10, 0)).toBe(1)
  expect(failuresAfterExit(4, stableAfterMs - 1, 0)).toBe(5)
  expect(failuresAfterExit(4, stableAfterMs, 0)).toBe(1)
  expect(failuresAfterExit(4, 2_000, stableHealthyAfterMs - 1)).toBe(5)
  expect(failuresAfterExit(4, 2_000, stableHealthyAfterMs)).toBe(1)
})

it('keeps a node that was healthy waiting for a second at most: it was killed, it does not fail to start', () => {
  const delays = [1, 2, 3, 4, 5, 1000].map((failures) => restartDelayMs(failures, true))
  expect(delays).toEqual([0, 250, 500, 1000, 1000, 1000])
})
