import { afterEach, expect, it, vi } from 'vitest'
import { securitySchema } from '../plan/schema/security-config.ts'
import { type ClusterSecretsInputs, clusterSecretsImplementation } from './cluster-secrets-implementation.ts'

const asked = (security: object): ClusterSecretsInputs => ({
  cluster: 'shop',
  security: securitySchema.parse(security),
  // Nobody listens there.
  nameServer: { host: '127.0.0.1', port: 1 },
})

afterEach(() => void vi.useRealTimers())

it('credentials stay, and after a while without have names that no broker knows', async () => {
  const { outs: first } = await clusterSecretsImplementation.create(asked({ accessControl: {} }))
  const { admin, servers } = first.credentials ?? expect.fail('there are none')
  expect(admin.accessKey).toMatch(/^gantry-admin-[0-9a-f]{6}$/)
  expect(servers.accessKey).toMatch(/^gantry-servers-[0-9a-f]{6}$/)
  const signing = await clusterSecretsImplementation.update(first, asked({ accessControl: { enforce: false } }))
  expect(signing.credentials).toEqual(first.credentials)
  const without = await clusterSecretsImplementation.update(signing, asked({}))
  expect([without.credentials, without.toolAccess]).toEqual([null, {}])
  const again = await clusterSecretsImplementation.update(without, asked({ accessControl: { enforce: false } }))
  expect(again.credentials?.admin.accessKey).not.toBe(admin.accessKey)
  expect(again.toolAccess.credentials).toEqual(again.credentials?.admin)
})

it('where nodes take certificates by and by, the next step waits until they have them', async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1), toFake: ['Date'] })
  const within = (tls: object): ClusterSecretsInputs => ({ ...asked({ tls }), takenWithinMs: 420_000 })
  const { update, diff } = clusterSecretsImplementation
  const { outs } = await clusterSecretsImplementation.create(within({ mode: 'permissive', betweenNodes: false }))
  const speaking = await update(outs, within({ mode: 'permissive' }))
  const announced = await update(speaking, within({ mode: 'permissive', announceNext: true }))
  expect(announced.authorities).toHaveLength(2)
  const next = within({ mode: 'permissive', generation: 2 })
  const refused =
    'gantry:cluster.security.tls: nodes are still taking what the last change made: run this again after 2026-01-01T00:07:00.000Z'
  vi.setSystemTime(Date.UTC(2026, 0, 1, 0, 6, 59))
  await expect(diff(announced, next), 'in a preview').rejects.toThrow(refused)
  await expect(update(announced, next)).rejects.toThrow(refused)
  const same = await update(announced, within({ announceNext: true }))
  expect(same.trustChangedMs, 'another way to speak TLS is no other trust').toBe(announced.trustChangedMs)
  vi.setSystemTime(Date.UTC(2026, 0, 1, 0, 7))
  expect((await update(announced, next)).authorities.map(({ generation }) => generation)).toEqual([2, 1])
})

it('where they are waited for it need not', async () => {
  const { outs } = await clusterSecretsImplementation.create(
    asked({ tls: { mode: 'permissive', betweenNodes: false } }),
  )
  const { update } = clusterSecretsImplementation
  const tls = { mode: 'permissive', betweenNodes: false }
  const announced = await update(outs, asked({ tls: { ...tls, announceNext: true } }))
  const { authorities } = await update(announced, asked({ tls: { ...tls, generation: 2 } }))
  expect(authorities.map(({ generation }) => generation)).toEqual([2, 1])
})

it('does not go from one generation of keys to another, which takes steps before and after all nodes', async () => {
  const { outs } = await clusterSecretsImplementation.create(asked({ accessControl: { enforce: false } }))
  const olds = { ...outs, ...asked({ accessControl: {} }) }
  const problems = (accessControl: object) => clusterSecretsImplementation.problems?.(asked({ accessControl }), olds)
  expect(problems({})).toEqual([])
  expect(problems({ generation: 1 })).toEqual([])
  expect(problems({ generation: 2 })).toEqual([
    {
      property: 'security',
      reason: expect.stringContaining('"pulumi up" cannot go from one generation of keys to another'),
    },
  ])
})
