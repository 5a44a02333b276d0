import { expect, it } from 'vitest'
import { securitySchema } from '../plan/schema/security-config.ts'
import { type ClusterSecretsInputs, clusterSecretsImplementation } from './cluster-secrets-implementation.ts'

const asked = (security: object): ClusterSecretsInputs => ({
  cluster: 'shop',
  security: securitySchema.parse(security),
  // Nobody listens there.
  nameServer: { host: '127.0.0.1', port: 1 },
})

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
