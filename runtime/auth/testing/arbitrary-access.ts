import fc from 'fast-check'
import { ACTIONS } from '../action.ts'
import type { Access } from '../decision.ts'

/** Few names, so that policies and requests meet. */
const name = fc.stringMatching(/^[ab]{1,3}$/)
const type = fc.constantFrom('Topic' as const, 'Group' as const, 'Cluster' as const)
const action = fc.constantFrom(...ACTIONS)

const resource = fc.oneof(
  fc.constant('*'),
  type.map((one) => `${one}:*`),
  fc.tuple(type, name).map(([one, text]) => `${one}:${text}`),
  fc.tuple(type, name).map(([one, text]) => `${one}:${text}*`),
)

export interface ArbitraryEntry {
  readonly resource: string
  readonly actions: readonly string[]
  readonly sourceIps?: readonly string[]
  readonly decision: 'Allow' | 'Deny'
}

/** A policy entry as the admin protocol writes it. */
export const arbitraryEntry: fc.Arbitrary<ArbitraryEntry> = fc.record(
  {
    resource,
    actions: fc.array(action, { minLength: 1, maxLength: 3 }),
    sourceIps: fc.array(fc.constantFrom('10.0.0.1', '10.0.0.0/8', '10.0.0.2', '192.168.0.0/16', '0.0.0.0/0'), {
      minLength: 1,
      maxLength: 2,
    }),
    decision: fc.constantFrom('Allow' as const, 'Deny' as const),
  },
  { requiredKeys: ['resource', 'actions', 'decision'] },
)

export const arbitraryAccess: fc.Arbitrary<Access> = fc.record({
  resource: fc.record({ type, name }),
  actions: fc.array(fc.constantFrom(...ACTIONS.filter((one) => one !== 'All')), { minLength: 1, maxLength: 3 }),
})
