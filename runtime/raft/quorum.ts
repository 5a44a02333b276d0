import assert from 'node:assert/strict'

export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1
}

/** The highest value that a majority of voters has reached, given what each has reached. */
export function reachedByMajority(values: readonly number[]): number {
  assert(values.length > 0, 'a group has at least one voter')
  const sorted = [...values].sort((left, right) => right - left)
  return sorted[majorityOf(values.length) - 1]!
}

export type VoteResult = 'pending' | 'won' | 'lost'

/** One element per voter: granted, refused, or undefined as long as it has not answered. */
export function voteResult(votes: readonly (boolean | undefined)[]): VoteResult {
  const majority = majorityOf(votes.length)
  const granted = votes.filter((vote) => vote === true).length
  const refused = votes.filter((vote) => vote === false).length
  if (granted >= majority) return 'won'
  return votes.length - refused < majority ? 'lost' : 'pending'
}
