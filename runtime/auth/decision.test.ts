import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ACTIONS } from './action.ts'
import { type Access, decide } from './decision.ts'
import { type Acl, readAcl } from './policy.ts'
import { arbitraryAccess, arbitraryEntry } from './testing/arbitrary-access.ts'

type Entry = readonly [resource: string, actions: string, decision: 'Allow' | 'Deny', sourceIps?: string]

function acl(custom: readonly Entry[], byDefault: readonly Entry[] = []): Acl {
  const policy = (policyType: string, entries: readonly Entry[]) => ({
    policyType,
    entries: entries.map(([resource, actions, decision, ips]) => ({
      ...{ resource, actions: actions.split(','), decision },
      ...(ips === undefined ? {} : { sourceIps: ips.split(',') }),
    })),
  })
  return readAcl({ subject: 'User:alice', policies: [policy('Custom', custom), policy('Default', byDefault)] } as never)
}

const pub = (topic: string): Access => ({ resource: { type: 'Topic', name: topic }, actions: ['Pub'] })

test.each<[what: string, custom: Entry[], byDefault: Entry[], topic: string, expected: string]>([
  ['no policy speaks of it', [['Topic:other', 'Pub', 'Allow']], [], 'orders', 'none'],
  ['another action', [['Topic:orders', 'Sub', 'Allow']], [], 'orders', 'none'],
  ['another type', [['Group:orders', 'All', 'Allow']], [], 'orders', 'none'],
  ['its name', [['Topic:orders', 'Pub', 'Allow']], [], 'orders', 'Allow'],
  ['a name is no prefix', [['Topic:order', 'Pub', 'Allow']], [], 'orders', 'none'],
  ['a prefix', [['Topic:ord*', 'Pub', 'Allow']], [], 'orders', 'Allow'],
  ['all actions', [['*', 'All', 'Allow']], [], 'orders', 'Allow'],
  [
    'a name before a prefix',
    [
      ['Topic:ord*', 'Pub', 'Deny'],
      ['Topic:orders', 'Pub', 'Allow'],
    ],
    [],
    'orders',
    'Allow',
  ],
  [
    'a longer prefix before a shorter one',
    [
      ['Topic:o*', 'Pub', 'Deny'],
      ['Topic:ord*', 'Pub', 'Allow'],
    ],
    [],
    'orders',
    'Allow',
  ],
  [
    'a prefix before all topics',
    [
      ['Topic:*', 'Pub', 'Allow'],
      ['Topic:o*', 'Pub', 'Deny'],
    ],
    [],
    'orders',
    'Deny',
  ],
  [
    'all topics before everything',
    [
      ['*', 'Pub', 'Deny'],
      ['Topic:*', 'Pub', 'Allow'],
    ],
    [],
    'orders',
    'Allow',
  ],
  [
    'as specific: the one that denies, last',
    [
      ['Topic:orders', 'Pub', 'Allow'],
      ['Topic:orders', 'Pub', 'Deny'],
    ],
    [],
    'orders',
    'Deny',
  ],
  [
    'as specific: the one that denies, first',
    [
      ['Topic:orders', 'Pub', 'Deny'],
      ['Topic:orders', 'Pub', 'Allow'],
    ],
    [],
    'orders',
    'Deny',
  ],
  [
    'a default one where no other matches',
    [['Topic:other', 'Pub', 'Deny']],
    [['Topic:*', 'Pub', 'Allow']],
    'orders',
    'Allow',
  ],
  [
    'a default one does not count against another',
    [['Topic:*', 'Pub', 'Allow']],
    [['Topic:orders', 'Pub', 'Deny']],
    'orders',
    'Allow',
  ],
  ['an empty name', [['Topic:*', 'Pub', 'Allow']], [], '', 'Allow'],
])('%s', (_what, custom, byDefault, topic, expected) => {
  expect(decide(acl(custom, byDefault), pub(topic), '10.0.0.1')).toBe(expected)
})

test.each([
  ['10.0.0.1', '10.0.0.1', true],
  ['10.0.0.1', '10.0.0.2', false],
  ['10.0.0.0/8', '10.255.0.1', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['10.0.0.128/25', '10.0.0.127', false],
  ['0.0.0.0/0', '8.8.8.8', true],
  ['0.0.0.0/0', 'fd00::1', false],
  ['fd00::/9', 'fd7f::1', true],
  ['fd00::/9', 'fd80::1', false],
  ['::1', '0:0:0:0:0:0:0:1', true],
  ['10.0.0.1', '::ffff:10.0.0.1', true],
  ['192.168.0.0/16,10.0.0.1', '10.0.0.1', true],
  ['10.0.0.1', '', false],
  ['10.0.0.1', 'no address', false],
])('source ips %s, request from %s: %s', (ranges, from, matches) => {
  expect(decide(acl([['Topic:*', 'Pub', 'Allow', ranges]]), pub('orders'), from)).toBe(matches ? 'Allow' : 'none')
})

test('policies that cannot be understood are refused, with what is wrong', () => {
  const entry = { resource: 'Topic:a', actions: ['Pub'], decision: 'Allow' }
  const wrong = (changes: object) => () =>
    readAcl({ subject: 'User:a', policies: [{ entries: [{ ...entry, ...changes }] }] } as never)
  expect(wrong({ resource: 'Topic' })).toThrow('resource "Topic" is not of the form Topic:name')
  expect(wrong({ resource: 'Any:*' })).toThrow('is not of the form')
  expect(wrong({ resource: 'Topic:' })).toThrow('names no topic')
  expect(wrong({ resource: 'Topic:a*b*' })).toThrow('a * stands at the end only')
  expect(wrong({ actions: ['Any'] })).toThrow('action "Any" does not exist')
  expect(wrong({ actions: [] })).toThrow('no actions for Topic:a')
  expect(wrong({ decision: 'maybe' })).toThrow('decision "maybe" for Topic:a is neither Allow nor Deny')
  expect(wrong({ sourceIps: ['10.0.0.0/33'] })).toThrow('source ip "10.0.0.0/33"')
  expect(wrong({ sourceIps: ['host'] })).toThrow('source ip "host"')
  expect(() => readAcl({ subject: 'Role:a', policies: [{ entries: [entry] }] } as never)).toThrow('subject "Role:a"')
  expect(() => readAcl({ subject: 'User:a', policies: [] } as never)).toThrow('are empty')
  expect(() => readAcl({ subject: 'User:a', policies: [{ policyType: 'x', entries: [entry] }] } as never)).toThrow(
    'policy type "x"',
  )
})

test('nothing that is not allowed is allowed: without entries that allow there is no Allow, and more to deny never gives one', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryEntry, { minLength: 1 }),
      fc.array(arbitraryEntry),
      arbitraryAccess,
      (custom, byDefault, access) => {
        const all = {
          subject: 'User:alice',
          policies: [{ entries: custom }, { policyType: 'Default', entries: byDefault }],
        }
        const before = decide(readAcl(all as never), access, '10.0.0.1')
        const denied = readAcl({
          ...all,
          policies: [
            {
              entries: [
                ...custom,
                { resource: `${access.resource.type}:${access.resource.name}`, actions: ['All'], decision: 'Deny' },
              ],
            },
          ],
        } as never)
        expect(decide(denied, access, '10.0.0.1')).toBe('Deny')
        if (before === 'Allow')
          expect([...custom, ...byDefault].some(({ decision }) => decision === 'Allow')).toBe(true)
        expect(ACTIONS).toContain(access.actions[0])
      },
    ),
  )
})
