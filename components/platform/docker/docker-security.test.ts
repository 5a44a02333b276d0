import * as pulumi from '@pulumi/pulumi'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { RocketCluster } from '../../cluster/rocket-cluster.ts'
import type { RocketClusterArgs } from '../../cluster/rocket-cluster-args.ts'
import { madeSecrets } from '../../testing/made-secrets.ts'
import { allRegistered, mockEngine, registered, registeredOf, settled } from '../../testing/registered-resources.ts'

/*
 * What a stack with `security` registers for containers: secrets are nowhere but in what Pulumi encrypts.
 */

const type = (name: string): string => `pulumi-nodejs:dynamic/gantry:${name}`
const made = { ...madeSecrets, client: null }

beforeEach(() =>
  mockEngine('dev', {
    outputsOf: (of, name) => {
      if (of === type('ClusterSecrets')) return made
      return of === type('NodeCertificate') ? { key: `key of ${name}`, cert: `cert of ${name}` } : {}
    },
  }),
)
afterEach(allRegistered)

const register = (security: NonNullable<RocketClusterArgs['security']>) => registerWith({ security })

async function registerWith(args: Partial<RocketClusterArgs>): Promise<void> {
  const groups = [{ name: 'broker-a', replicas: 2 }]
  const cluster = new RocketCluster('rocket', { groups, proxies: {}, platform: { docker: {} }, ...args })
  await settled(cluster.nodes)
  await settled(cluster.parts().proxies!.nodes)
}

const nodes = ['broker-a-0', 'broker-a-1', 'namesrv-0', 'proxy-0']
const inputsOf = (of: string, node: string, end = '') =>
  registeredOf(of).find(({ name }) => name === `rocket-${node}${end}`)?.inputs ?? {}
const containerOf = (node: string) => inputsOf('docker:index/container:Container', node, '-container')
/** A secret among inputs as the SDK marks it. */
const marked = (value: unknown): unknown => (value as { readonly value?: unknown }).value

it('containers have a file in the place of a variable, and are told where TLS stands', async () => {
  await register({ tls: {}, accessControl: {} })
  for (const node of nodes) {
    expect(containerOf(node)['envs']).toEqual([
      expect.stringMatching(/^GANTRY_CONF_FOR=[0-9a-f]{64}$/),
      ...(node === 'namesrv-0' ? ['NODE_OPTIONS=--max-semi-space-size=2'] : []),
      'JAVA_OPT=',
      'JAVA_OPT_EXT=-Dtls.config.file=/var/lib/gantry/tls/tls.properties',
    ])
    const place = inputsOf(type('DockerPlace'), node, '-place')
    expect(place['files']).toEqual({ name: `rocket-${node}-data`, image: 'sha256:of-gantry:0.1.0' })
    expect(containerOf(node)['envs']).toContain(`GANTRY_CONF_FOR=${String(place['spec'])}`)
    const { confFile, pems } = marked(place['node']) as { confFile: { text: string }; pems: object }
    expect(marked(place['startedConf'])).toBe(confFile.text)
    expect(confFile.text).toContain('servers-secret')
    const name = `rocket-${node}-certificate`
    expect(pems).toEqual({ key: `key of ${name}`, cert: `cert of ${name}`, trusted: 'authority-cert' })
  }
})

it('nothing secret is registered that is not marked as such', async () => {
  await register({ tls: { clientCertificates: 'require' }, accessControl: {} })
  const open = JSON.stringify(registered, (_, value: unknown) =>
    typeof value === 'object' &&
    value !== null &&
    'value' in value &&
    Object.keys(value).length === 2 &&
    !('label' in value)
      ? 'hidden'
      : value,
  )
  for (const secret of ['admin-secret', 'servers-secret', 'authority-key', 'key of', 'cert of']) {
    expect(open).not.toContain(secret)
  }
  const asking = ['DockerPlace', 'DockerNode', 'GroupTraffic'].flatMap((name) => registeredOf(type(name)))
  expect(asking).toHaveLength(9)
  for (const { inputs } of asking) expect(marked(inputs['access'])).toEqual(made.toolAccess)
  expect(inputsOf(type('DockerNetwork'), 'network-docker')).not.toHaveProperty('access')
})

it('a secret of a program goes the same way, to the nodes that have it', async () => {
  await registerWith({ brokerConfig: { objectStoreSecretKey: pulumi.secret('key-of-a-bucket') } })
  expect(JSON.stringify(containerOf('broker-a-0'))).not.toContain('key-of-a-bucket')
  expect(containerOf('broker-a-0')['envs']).toEqual([expect.stringMatching(/^GANTRY_CONF_FOR=/)])
  expect(marked(inputsOf(type('DockerPlace'), 'broker-a-0', '-place')['startedConf'])).toContain('key-of-a-bucket')
  expect(containerOf('namesrv-0')['envs']).toContainEqual(expect.stringMatching(/^GANTRY_CONF=/))
})

it('certificates are for the host, the name in the network, and the container itself', async () => {
  await register({ tls: {} })
  expect(inputsOf(type('NodeCertificate'), 'broker-a-1', '-certificate')['node']).toEqual({
    id: 'broker-a-1',
    address: '10.211.0.1',
    advertisedAddress: '10.211.0.1',
    names: ['broker-a-1', 'rocket-broker-a-1', 'localhost', '127.0.0.1'],
  })
})

it('another mode of TLS takes another container, another certificate does not', async () => {
  const shapes: unknown[] = []
  for (const tls of [{}, { validDays: 30 }, { mode: 'permissive' as const }]) {
    mockEngine('dev', { outputsOf: (of) => (of === type('ClusterSecrets') ? made : {}) })
    await register({ tls })
    shapes.push(inputsOf(type('DockerPlace'), 'namesrv-0', '-place')['shape'])
    await allRegistered()
  }
  expect(shapes[1]).toBe(shapes[0])
  expect(shapes[2]).not.toBe(shapes[0])
})
