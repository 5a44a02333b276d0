import { expect, test } from 'vitest'
import { PLANTED_BUGS } from './planted-bugs.ts'
import { runSeeds } from './run-seeds.ts'
import { runJob } from './seeds-jobs.ts'

/*
 * A few lives only, so that every test run has them; `npm run sim:raft` has many more, and every planted bug.
 */
test('groups whose links, disks, processes and members fail lose nothing, and go on when it is over', async () => {
  const run = await runSeeds(1, 10)
  expect(run.failures.map(({ message }) => message)).toEqual([])
  expect(run.answered).toBeGreaterThan(3000)
})

test('a seed gives the same life again, to the byte', async () => {
  const [one, again, other] = [await runSeeds(7, 1), await runSeeds(7, 1), await runSeeds(8, 1)]
  expect(again.digest).toBe(one.digest)
  expect(other.digest).not.toBe(one.digest)
})

test('a mistake made on purpose is caught, and its seed fails in the same way in every process', async () => {
  const bug = PLANTED_BUGS.find(({ name }) => name === 'votes for a candidate that lacks entries')!
  const [one] = (await runJob({ first: 1, count: bug.seeds, stopAtFailure: true, bug })).failures
  expect(one!.message).toMatch(/^seed \d+: (leader completeness|state machine safety|.* committed)/)
  const [again] = (await runJob({ first: one!.seed, count: 1, stopAtFailure: true, bug })).failures
  expect(again).toEqual(one)
})

test('every planted bug has a name of its own and changes something', () => {
  expect(PLANTED_BUGS.length).toBeGreaterThanOrEqual(12)
  expect(new Set(PLANTED_BUGS.map(({ name }) => name)).size).toBe(PLANTED_BUGS.length)
  for (const { right, wrong } of PLANTED_BUGS) expect(wrong).not.toBe(right)
})
