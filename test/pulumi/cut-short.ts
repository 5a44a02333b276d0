import assert from 'node:assert/strict'
import type { Verb } from './engine/engine.ts'
import type { Scenario } from './scenario.ts'

const operationsMax = 40

/**
 * Runs again and again, each time cut short: at the operation after the one whose result the last run lost, or, where
 * making up for that takes an operation of its own, one later.
 * @returns names of the resources whose operation was cut short
 */
export async function cutShortEverywhere(scenario: Scenario, verb: Verb): Promise<Set<string>> {
  const cut = new Set<string>()
  let last = ''
  for (let at = 1; at < operationsMax; ) {
    const { ok, errors } = await scenario.attempt(verb, { interruptAt: at })
    if (ok) return cut
    const [, urn = ''] = /cut short at operation \d+: \w+ (\S+)/.exec(errors.join('\n')) ?? []
    assert.notEqual(urn, '', errors.join('\n'))
    at = urn === last ? at + 1 : 2
    last = urn
    cut.add(urn.slice(urn.lastIndexOf('::') + 2))
  }
  throw new Error(`${verb} does not get past ${last}`)
}
