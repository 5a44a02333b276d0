import { expect, test } from 'vitest'
import { BrokerCrashes } from './broker-crashes.ts'

/** `CRASH_SEEDS=1-500 CRASH_STEPS=200` tries more than the few that every test run does. */
const [first, last] = (process.env['CRASH_SEEDS'] ?? '1-16').split('-').map(Number)
const STEPS = Number(process.env['CRASH_STEPS'] ?? 120)

test('whatever crashes, a message that was acknowledged is where its answer said', { timeout: 3_600_000 }, async () => {
  let acked = 0
  let crashes = 0
  const problems: string[] = []
  for (let seed = first!; seed <= (last ?? first!); seed++) {
    const life = new BrokerCrashes(seed)
    try {
      await life.run(STEPS)
    } catch (error) {
      problems.push((error as Error).message)
    }
    acked += life.acked
    crashes += life.crashes
  }
  expect(problems).toEqual([])
  expect([acked > 0, crashes > 0]).toEqual([true, true])
})
