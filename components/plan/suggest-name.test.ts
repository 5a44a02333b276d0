import { expect, it } from 'vitest'
import { suggestName } from './suggest-name.ts'

it.each([
  ['replica', ['name', 'replicas', 'replication'], 'Did you mean "replicas"?'],
  ['elephant', ['name', 'hosts'], 'Known here: name, hosts.'],
  ['anything', [], 'Remove it.'],
])('%s among %j: %s', (name, known, expected) => {
  expect(suggestName(name, known)).toBe(expected)
})
