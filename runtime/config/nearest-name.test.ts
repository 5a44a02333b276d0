import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editDistance, nearestName } from './nearest-name.ts'

test.each([
  ['', '', 0],
  ['abc', 'abc', 0],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['ab', 'ba', 1],
  ['flushDiskTyp', 'flushDiskType', 1],
])('from %j to %j it is %d edits', (from, to, distance) => {
  expect(editDistance(from, to)).toBe(distance)
})

test('the distance is symmetric, and zero for equal texts only', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a))
      expect(editDistance(a, b) === 0).toBe(a === b)
    }),
  )
})

const KEYS = ['brokerId', 'brokerIP1', 'brokerName', 'flushDiskType', 'dLegerGroup']

test.each([
  ['BROKERID', 'brokerId'],
  ['dledgerGroup', 'dLegerGroup'],
  ['flushDiskTyp', 'flushDiskType'],
  ['borkerName', 'brokerName'],
  ['brokerIP', 'brokerIP1'],
  ['storePath', undefined],
  ['id', undefined],
])('%s probably means %s', (wanted, meant) => {
  expect(nearestName(wanted, KEYS)).toBe(meant)
})
