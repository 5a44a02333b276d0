import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LogReader } from './log-reader.ts'

let folder = ''
let log = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-log-'))
  log = join(folder, 'node.log')
})

afterEach(() => rmSync(folder, { recursive: true }))

it.each([
  ['', 5, ''],
  ['one\ntwo\nthree\n', 2, 'two\nthree\n'],
  ['one\ntwo\nthree', 2, 'two\nthree'],
  ['one\ntwo\n', 5, 'one\ntwo\n'],
  ['one\n\n\n', 2, '\n\n'],
  ['one\n', 0, ''],
])('of %j the last %d lines are %j', (text, count, expected) => {
  writeFileSync(log, text)
  expect(new LogReader(log).lastLines(count)).toBe(expected)
})

it('finds lines in a log longer than one read', () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`)
  writeFileSync(log, lines.join(''))
  expect(new LogReader(log).lastLines(15_000)).toBe(lines.slice(-15_000).join(''))
})

it('goes on where it stopped, and from the start of a log that was cut', () => {
  writeFileSync(log, 'one\n')
  const reader = new LogReader(log)
  reader.lastLines(10)
  expect(reader.readNew()).toBe('')
  appendFileSync(log, 'two\n')
  expect(reader.readNew()).toBe('two\n')
  writeFileSync(log, 'new\n')
  expect(reader.readNew()).toBe('new\n')
})
