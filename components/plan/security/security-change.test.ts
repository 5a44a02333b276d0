import { expect, it } from 'vitest'
import type { SecurityConfig } from '../schema/security-config.ts'
import { securitySchema } from '../schema/security-config.ts'
import { securityRefusals } from './security-change.ts'

const of = (written: object): SecurityConfig => securitySchema.parse(written)
const reasons = (before: object | undefined, after: object | undefined): string[] =>
  securityRefusals(before && of(before), after && of(after)).map(({ path, reason }) => `${path}: ${reason}`)

const first = { tls: { mode: 'permissive', betweenNodes: false } }
const second = { tls: { mode: 'permissive' } }
const third = { tls: {} }

it('goes from step to step, and back', () => {
  const steps = [undefined, first, second, third]
  for (const [index, step] of steps.entries()) {
    expect(reasons(step, step)).toEqual([])
    expect(reasons(step, steps[index + 1] ?? step)).toEqual([])
    expect(reasons(steps[index + 1] ?? step, step)).toEqual([])
  }
  const access = [undefined, { accessControl: { enforce: false } }, { accessControl: {} }]
  expect(reasons(access[0], access[1])).toEqual([])
  expect(reasons(access[1], access[2])).toEqual([])
})

it('says which steps are in between, in their order', () => {
  expect(reasons(undefined, third)[0]).toContain(
    'with tls: { mode: permissive, betweenNodes: false }, then tls: { mode: permissive }, then tls: { mode: enforcing }; clients',
  )
  expect(reasons(third, undefined)[0]).toContain(
    'with tls: { mode: permissive }, then tls: { mode: permissive, betweenNodes: false }, then no tls; clients',
  )
  expect(reasons(first, third)[0]).toContain('with tls: { mode: permissive }, then tls: { mode: enforcing }; clients')
  expect(reasons({}, { accessControl: {} })[0]).toContain(
    'with accessControl: { enforce: false }, then accessControl: { enforce: true }',
  )
})

it('shows certificates of a generation only when everybody trusts it, and drops one only when nobody shows it', () => {
  const tls = (rest: object) => ({ tls: { ...rest } })
  expect(reasons(tls({}), tls({ generation: 2 }))[0]).toContain('with generation: 1, announceNext: true')
  expect(reasons(tls({ announceNext: true }), tls({ generation: 2 }))).toEqual([])
  expect(reasons(tls({ announceNext: true }), tls({ generation: 2, trustPrevious: false }))[0]).toContain(
    'still show certificates of generation 1',
  )
  expect(reasons(tls({ generation: 2 }), tls({ generation: 2, trustPrevious: false }))).toEqual([])
  expect(reasons(tls({ announceNext: true }), tls({ generation: 3 }))[0]).toContain('the one after it is 2')
  expect(reasons(tls({ generation: 2 }), tls({}))[0]).toContain('the one after it is 3')
})

it('goes from one generation of keys to the next, while brokers check, and no other way', () => {
  const access = (rest: object) => ({ accessControl: rest })
  expect(reasons(access({}), access({ generation: 2 }))).toEqual([])
  expect(reasons(access({ generation: 1 }), access({}))).toEqual([])
  expect(reasons(access({ generation: 2 }), access({ generation: 3 }))).toEqual([])
  const path = 'security.accessControl.generation'
  expect(reasons(access({}), access({ generation: 3 }))).toEqual([
    `${path}: the cluster has keys of generation 1: the one after it is 2`,
  ])
  expect(reasons(access({ generation: 3 }), access({ generation: 2 }))).toEqual([
    `${path}: the cluster has keys of generation 3: the one after it is 4`,
  ])
  for (const [before, after] of [
    [{ enforce: false }, { enforce: false, generation: 2 }],
    [{ enforce: false }, { generation: 2 }],
    [{}, { enforce: false, generation: 2 }],
  ] as const) {
    expect(reasons(access(before), access(after))[0]).toContain('keep generation 1 until they do, with enforce: true')
  }
})
