import { expect, test } from 'vitest'
import { delayLevelsMs } from './delay-levels.ts'

test('each level is a number and a unit', () => {
  expect(delayLevelsMs(' 1s 5m  2h 1d ')).toEqual([1000, 300_000, 7_200_000, 86_400_000])
})

test.each(['5', 's', '1.5s', '-1s', '1S', ''])('%j is no delay', (item) => {
  expect(delayLevelsMs(item)).toEqual({ wrong: item })
})

test('the first wrong one is named', () => {
  expect(delayLevelsMs('1s x y')).toEqual({ wrong: 'x' })
})
