import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { stackNameOf } from './stack-name.ts'
import { loadStack } from './stack-source.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-stack-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

it.each([
  ['dev', 'dev'],
  ['a/Pulumi.dev.yaml', 'dev'],
  ['./dev.yml', 'dev'],
])('%s is the stack %s', (stack, name) => {
  expect(stackNameOf(stack)).toBe(name)
})

it('finds the stacks that come along by name', () => {
  expect(loadStack('2m-2s-async').config.groups.map(({ name }) => name)).toEqual(['broker-a', 'broker-b'])
})

it('suggests a name', () => {
  expect(() => loadStack('2m-2s-asinc')).toThrow('Did you mean "2m-2s-async"?')
})

it('names a file that is not there', () => {
  const path = join(folder, 'none.yaml')
  expect(() => loadStack(path)).toThrow(`there is no stack file ${path}`)
})

it('names file, line and mistakes', () => {
  const path = join(folder, 'Pulumi.dev.yaml')
  writeFileSync(path, 'config:\n  gantry:cluster:\n    groups: []\n    names: x\n')
  expect(() => loadStack(path)).toThrow(/Pulumi\.dev\.yaml has 2 mistakes:\nline 3: gantry:cluster\.groups: must have/)
})
