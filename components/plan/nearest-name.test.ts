import { expect, it } from 'vitest'
import { nearestName, suggestName } from './nearest-name.ts'

it.each([
  ['replica', ['name', 'replicas', 'replication'], 'replicas'],
  ['BROKERNAME', ['brokerId', 'brokerName'], 'brokerName'],
  ['sync', ['async', 'sync'], 'sync'],
  ['elephant', ['name', 'replicas'], undefined],
  ['anything', [], undefined],
])('%s among %j is %s', (name, known, expected) => {
  expect(nearestName(name, known)).toBe(expected)
})

it('lists what is known when nothing is near', () => {
  expect(suggestName('elephant', ['name', 'hosts'])).toBe('Known here: name, hosts.')
})
