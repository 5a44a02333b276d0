import fc from 'fast-check'
import { expect, test } from 'vitest'
import { majorityOf, reachedByMajority, voteResult } from './quorum.ts'

/** Every set of voters that is more than half of them. The slow truth that the fast forms must agree with. */
function majorities(voters: number): number[][] {
  const sets: number[][] = []
  for (let bits = 0; bits < 2 ** voters; bits++) {
    const members = [...Array(voters).keys()].filter((i) => (bits >> i) & 1)
    if (members.length * 2 > voters) sets.push(members)
  }
  return sets
}

test('sizes of majorities for one to nine voters', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9].map(majorityOf)).toEqual([1, 2, 2, 3, 3, 4, 4, 5, 5])
})

test('what a majority has reached is the best that some majority has reached together', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 9 }), (values) => {
      const best = Math.max(...majorities(values.length).map((set) => Math.min(...set.map((i) => values[i]!))))
      expect(reachedByMajority(values)).toBe(best)
    }),
  )
})

test('a vote is won when some majority granted it, lost when none can any more', () => {
  const vote = fc.constantFrom(true, false, undefined)
  fc.assert(
    fc.property(fc.array(vote, { minLength: 1, maxLength: 9 }), (votes) => {
      const sets = majorities(votes.length)
      const isWon = sets.some((set) => set.every((i) => votes[i] === true))
      const isPossible = sets.some((set) => set.every((i) => votes[i] !== false))
      expect(voteResult(votes)).toBe(isWon ? 'won' : isPossible ? 'pending' : 'lost')
    }),
  )
})

test('nobody votes in a group without voters', () => {
  expect(() => reachedByMajority([])).toThrow('at least one voter')
})
