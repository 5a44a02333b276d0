import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { notedMistakes, refusedMistakes } from '../testing/config-mistakes.ts'
import { configMistakesPage, sayingsOf } from '../testing/config-mistakes-page.ts'
import type * as problems from './problem-at.ts'

/** Places in the checks that found something, `file:line`. */
const hits = vi.hoisted(() => new Set<string>())

vi.mock('./problem-at.ts', async (importOriginal) => {
  const original = await importOriginal<typeof problems>()
  const callerOf = (trace = '') => /\/(check-[\w-]+\.ts):(\d+)/.exec(trace)?.slice(1, 3).join(':') ?? ''
  return {
    problemAt: (...args: Parameters<typeof problems.problemAt>) => {
      hits.add(callerOf(new Error('here').stack))
      return original.problemAt(...args)
    },
    duplicateNames: (...args: Parameters<typeof problems.duplicateNames>) => {
      const found = original.duplicateNames(...args)
      if (found.length > 0) hits.add(callerOf(new Error('here').stack))
      return found
    },
  }
})

/** Their own tests have their examples. */
const ofOnePlatform = /^check-(aws|docker)\b/

const examples = refusedMistakes.flatMap(({ mistakes }) => mistakes)

it.each(examples.map((mistake) => [mistake.mistake, mistake] as const))('refuses: %s', (_, mistake) => {
  const { problems: found } = sayingsOf(mistake)
  expect(found.length).toBeGreaterThan(0)
  for (const { problem, fix } of found) expect([problem, fix]).not.toContain('')
})

it.each(notedMistakes.map((mistake) => [mistake.mistake, mistake] as const))('notes: %s', (_, mistake) => {
  const { problems: found, notes } = sayingsOf(mistake)
  expect(found).toEqual([])
  expect(notes.length).toBeGreaterThan(0)
})

it('every check has an example', () => {
  for (const mistake of examples) sayingsOf(mistake)
  const files = readdirSync(import.meta.dirname).filter(
    (name) => /^check-.*\.ts$/.test(name) && !name.endsWith('.test.ts') && !ofOnePlatform.test(name),
  )
  const places = files.flatMap((file) =>
    readFileSync(join(import.meta.dirname, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (/\b(problemAt|duplicateNames)\(/.test(line) ? [`${file}:${index + 1}`] : [])),
  )
  expect(places.length).toBeGreaterThan(30)
  expect(places.filter((place) => !hits.has(place))).toEqual([])
})

it('docs/reference/config-mistakes.md is what `node scripts/gen-config-mistakes.ts` writes', () => {
  const file = new URL('../../../docs/reference/config-mistakes.md', import.meta.url)
  expect(readFileSync(file, 'utf8')).toBe(configMistakesPage())
})
