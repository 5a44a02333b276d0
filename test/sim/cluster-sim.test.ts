import { expect, test } from 'vitest'
import { runCommand } from './command/command.ts'
import { ClusterLife } from './scenarios/cluster-life.ts'
import { SCENARIOS } from './scenarios/shape.ts'

const SHORT_MS = 4000

test.for(SCENARIOS)('%s keeps its promises', async (scenario) => {
  const result = await new ClusterLife(scenario, 3, SHORT_MS).run()
  expect(result.acked).toBeGreaterThan(50)
  expect(result.delivered).toBeGreaterThan(50)
})

test('the same seed is the same life, another one is not', async () => {
  const lives = []
  for (const seed of [7, 7, 8]) lives.push(await new ClusterLife('controller-embedded', seed, SHORT_MS).run())
  expect(lives[1]).toEqual(lives[0])
  expect(lives[2]!.digest).not.toBe(lives[0]!.digest)
})

test('what it is told wrongly it names', async () => {
  const written: string[] = []
  const { write } = process.stderr
  process.stderr.write = (text) => written.push(String(text)) > 0
  try {
    expect(await runCommand(['--scenario', 'classic'])).toBe(2)
  } finally {
    process.stderr.write = write
  }
  expect(written.join('')).toContain('--scenario classic: has to be one of single-master')
})
