import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Report } from './report.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'report-'))
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(dir, { recursive: true })
})

/** Runs two parts, the first of which passes from its `passesAt`th time on; returns the order of runs and the failures. */
async function runTwoParts(report: Report, passesAt: number) {
  const runs: string[] = []
  await report.part('shaky', dir, async (part) => {
    runs.push('shaky')
    part.check('shaky', 'check', runs.filter((name) => name === 'shaky').length >= passesAt)
  })
  await report.part('steady', dir, async (part) => {
    runs.push('steady')
    part.check('steady', 'check', true)
  })
  await report.repeatFailedParts()
  return { runs, failed: report.finish() }
}

test('a part that fails is run once more behind all others, and only the second outcome counts', async () => {
  expect(await runTwoParts(new Report({ again: true }), 2)).toEqual({ runs: ['shaky', 'steady', 'shaky'], failed: 0 })
})

test('what fails twice has failed', async () => {
  expect(await runTwoParts(new Report({ again: true }), 3)).toEqual({ runs: ['shaky', 'steady', 'shaky'], failed: 1 })
})

test('without a second attempt the first one counts', async () => {
  expect(await runTwoParts(new Report(), 2)).toEqual({ runs: ['shaky', 'steady'], failed: 1 })
})
