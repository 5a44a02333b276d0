import * as pulumi from '@pulumi/pulumi'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { RocketCluster } from '../cluster/rocket-cluster.ts'
import { madeSecrets } from '../testing/made-secrets.ts'
import {
  allRegistered,
  mockEngine,
  type RegisteredResource,
  registered,
  settled,
} from '../testing/registered-resources.ts'

const type = (name: string): string => `pulumi-nodejs:dynamic/gantry:${name}`
const { credentials } = madeSecrets
const made = { ...madeSecrets, client: { key: 'client-key', cert: 'client-cert' } }

beforeEach(() =>
  mockEngine('dev', {
    outputsOf: (of, name) => {
      if (of === type('ClusterSecrets')) return made
      return of === type('NodeCertificate') ? { key: `key of ${name}`, cert: `cert of ${name}` } : {}
    },
  }),
)
afterEach(allRegistered)

/** A secret among inputs as the SDK marks it. */
interface Marked {
  readonly value?: Record<string, unknown>
}
const nodeOf = (resource: RegisteredResource) =>
  (resource.inputs['node'] as Marked).value as { confFile: { text: string }; tls?: { text: string }; pems?: object }

const args = {
  groups: [{ name: 'broker-a', replicas: 2 }],
  topics: [{ name: 'orders' }],
  proxies: {},
  security: { tls: { clientCertificates: 'require' as const }, accessControl: {} },
}

async function register(): Promise<RocketCluster> {
  const cluster = new RocketCluster('rocket', args)
  await settled(cluster.nodes)
  await settled(cluster.parts().proxies!.nodes)
  await settled(cluster.parts().topics.get('orders')!.topicName)
  return cluster
}

it('gives every node a certificate of its own and the keys of the servers, as secrets', async () => {
  await register()
  const nodes = registered.filter((resource) => resource.type === type('ProcessNode'))
  expect(nodes.map(({ name }) => name).sort()).toEqual([
    ...['rocket-broker-a-0', 'rocket-broker-a-1', 'rocket-namesrv-0', 'rocket-proxy-0'],
  ])
  for (const resource of nodes) {
    const { name } = resource
    const { confFile, tls, pems } = nodeOf(resource)
    const keys = '{"accessKey":"gantry-servers","secretKey":"servers-secret"}'
    expect(confFile.text).toContain(name.includes('proxy') ? JSON.stringify(keys) : keys)
    expect(confFile.text.includes('"password":"admin-secret"')).toBe(name.includes('broker'))
    expect(confFile.text).not.toContain('[secret')
    expect(tls?.text).toContain('tls.server.mode=enforcing\n')
    expect(pems).toEqual({
      key: `key of ${name}-certificate`,
      cert: `cert of ${name}-certificate`,
      trusted: 'authority-cert',
    })
  }
})

it('everything that asks nodes is told how, in secret; nothing secret is registered otherwise', async () => {
  await register()
  const asking = registered.filter(({ type: of }) =>
    ['ProcessNode', 'TopicOnMasters', 'GroupTraffic'].some((name) => of === type(name)),
  )
  expect(asking).toHaveLength(6)
  for (const { inputs } of asking) expect((inputs['access'] as Marked).value).toEqual(made.toolAccess)
  const folders = registered.filter(({ type: of }) => of === type('DataFolder'))
  expect(folders.filter(({ inputs }) => 'access' in inputs)).toEqual([])
  const open = JSON.stringify(registered, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'value' in value ? 'hidden' : value,
  )
  for (const secret of ['admin-secret', 'servers-secret', 'authority-key', 'client-key', 'key of']) {
    expect(open).not.toContain(secret)
  }
})

it('outputs for clients: what is public, and what is secret', async () => {
  const cluster = await register()
  expect(await settled(cluster.caCertificates)).toBe('authority-cert')
  expect(await pulumi.isSecret(cluster.caCertificates)).toBe(false)
  expect(await settled(cluster.adminCredentials!)).toEqual(credentials.admin)
  expect(await settled(cluster.clientCertificate!)).toEqual(made.client)
  expect(await pulumi.isSecret(cluster.adminCredentials!)).toBe(true)
  expect(await pulumi.isSecret(cluster.clientCertificate!)).toBe(true)
  expect(await pulumi.isSecret(cluster.nodes)).toBe(false)
  expect(await pulumi.isSecret(cluster.namesrvAddr)).toBe(false)
})
