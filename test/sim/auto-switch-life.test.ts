import { expect, test } from 'vitest'
import { AutoSwitchLife } from './auto-switch-life.ts'

/** `SWITCH_SEEDS=1-500 SWITCH_STEPS=400` tries more than the few that every test run does. */
const [first, last] = (process.env['SWITCH_SEEDS'] ?? '1-6').split('-').map(Number)
const STEPS = Number(process.env['SWITCH_STEPS'] ?? 250)

test('whoever is elected has what was acknowledged and shown, at its place', { timeout: 3_600_000 }, async () => {
  let acked = 0
  let elections = 0
  const problems: string[] = []
  for (let seed = first!; seed <= (last ?? first!); seed++) {
    const life = new AutoSwitchLife(seed)
    try {
      await life.run(STEPS)
    } catch (error) {
      problems.push((error as Error).message)
    }
    acked += life.acked
    elections += life.elections
  }
  expect(problems).toEqual([])
  expect([acked > 0, elections > 0]).toEqual([true, true])
})
