import { rmSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AwsPlatformArgs } from '../../cluster/aws-platform-args.ts'
import { RocketCluster } from '../../cluster/rocket-cluster.ts'
import type { RocketClusterArgs } from '../../cluster/rocket-cluster-args.ts'
import { argumentProblems } from '../../testing/argument-problems.ts'
import { madeSecrets } from '../../testing/made-secrets.ts'
import { allRegistered, mockEngine, registered, registeredOf, settled } from '../../testing/registered-resources.ts'
import { nodeSeatImplementation } from './node-seat-implementation.ts'
import { artifactFolder, securedAnswers } from './testing/aws-answers.ts'

let folder: string
beforeAll(() => {
  folder = artifactFolder()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(allRegistered)

const dynamic = (name: string): string => `pulumi-nodejs:dynamic/gantry:${name}`
const network = { cidr: '10.60.0.0/16', zones: ['eu-central-1a', 'eu-central-1b'] }

async function register(args: Partial<RocketClusterArgs> = {}, aws: Partial<AwsPlatformArgs> = {}) {
  await mockEngine('dev', securedAnswers)
  const cluster = new RocketCluster('rocket', {
    name: 'Shop',
    groups: [{ name: 'broker-a', replicas: 2 }],
    security: { tls: { clientCertificates: 'require' }, accessControl: {} },
    ...args,
    platform: { aws: { network, artifacts: { folder }, ...aws } },
  })
  await settled(cluster.nodes)
  await allRegistered()
  return cluster
}

const inputsOf = (name: string) =>
  registered.find((resource) => resource.name === name && resource.type.startsWith('aws:'))?.inputs
const parameters = () => registeredOf('aws:ssm/parameter:Parameter')
const userDataOf = (name: string) => Buffer.from(String(inputsOf(name)?.['userDataBase64']), 'base64')

/** What the parameter of a node holds, which is registered as a secret: with the mark that the SDK puts around it. */
const secretsIn = (node: string): unknown => {
  const marked = inputsOf(`${node}-secrets`)?.['value'] as { readonly value: string } | undefined
  return JSON.parse(marked?.value ?? '{}')
}

// Loading @pulumi/aws and its declarations takes long on a busy machine.
describe('security on AWS', { timeout: 240_000 }, () => {
  it('the secrets of a node are one parameter, which its instance comes after', async () => {
    await register({ proxies: {} })
    expect(parameters().map(({ inputs }) => inputs['name'])).toEqual([
      ...['broker/broker-a-0', 'broker/broker-a-1', 'nameServer/namesrv-0', 'proxy/proxy-0'].map(
        (node) => `/gantry/gantry/dev/rocket/${node}`,
      ),
    ])
    const { value: _, ...open } = inputsOf('rocket-broker-a-1-secrets') ?? {}
    expect(open).toEqual({
      name: '/gantry/gantry/dev/rocket/broker/broker-a-1',
      type: 'SecureString',
      tier: 'Intelligent-Tiering',
      description: 'Secrets of broker-a-1 of Shop',
      tags: {
        ...{ Name: 'Shop-broker-a-1', 'gantry:cluster': 'Shop', 'gantry:node': 'broker-a-1' },
        ...{ 'gantry:kind': 'broker', 'gantry:group': 'broker-a' },
      },
    })
    const servers = JSON.stringify(madeSecrets.credentials.servers)
    const files = (node: string) => ({
      'ca.crt': 'authority-cert',
      'node.key': `key of rocket-${node}-certificate`,
      'node.crt': `cert of rocket-${node}-certificate`,
    })
    expect(secretsIn('rocket-broker-a-1'), 'marked as a secret').toEqual({
      files: files('broker-a-1'),
      words: {
        '[secret: admin]': '{"username":"gantry-admin","password":"admin-secret"}',
        '[secret: servers]': servers,
      },
    })
    expect(secretsIn('rocket-namesrv-0'), 'who does not need it has no administrator').toEqual({
      files: files('namesrv-0'),
      words: { '[secret: servers]': servers },
    })
    expect(gunzipSync(userDataOf('rocket-broker-a-1')).toString()).toContain(
      '/fetch-secrets conf eu-central-1 /opt/gantry/broker.conf /run/gantry/broker.conf /gantry/gantry/dev/rocket/broker/broker-a-1\n',
    )
  })

  it('with credentials alone there is nothing to look for again', async () => {
    await register({ security: { accessControl: { enforce: false } } })
    const servers = JSON.stringify(madeSecrets.credentials.servers)
    expect(secretsIn('rocket-broker-a-0')).toEqual({ files: {}, words: { '[secret: servers]': servers } })
    const text = gunzipSync(userDataOf('rocket-broker-a-0')).toString()
    expect(text).toContain('/run/gantry/broker.conf /gantry/gantry/dev/rocket/broker/broker-a-0\n')
    expect(text).not.toMatch(/gantry-secrets\.timer|tls\.properties/)
  })

  it('every input is one that the resource has, of the right type', async () => {
    const kmsKeyArn = 'arn:aws:kms:eu-central-1:123456789012:key/1'
    await register({ proxies: {}, controllers: { mode: 'standalone' } }, { kmsKeyArn, waitUntilHealthy: true })
    const ofAws = registered.filter(({ type }) => type.startsWith('aws:'))
    const wrong = ofAws.flatMap(({ type, name, inputs }) =>
      argumentProblems(type, inputs).map((problem) => `${name}: ${problem}`),
    )
    expect(wrong).toEqual([])
    expect(new Set(parameters().map(({ inputs }) => inputs['keyId']))).toEqual(new Set([kmsKeyArn]))
    const policy = String(inputsOf('rocket-aws-broker-node-artifacts')?.['policy'])
    expect((JSON.parse(policy) as { Statement: object[] }).Statement[1]).toEqual({
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: kmsKeyArn,
      Condition: {
        StringEquals: { 'kms:ViaService': ['s3.eu-central-1.amazonaws.com', 'ssm.eu-central-1.amazonaws.com'] },
      },
    })
  })

  it('nothing secret is registered but as a secret, and no seat, gate or node has any', async () => {
    const cluster = await register({ proxies: {} }, { waitUntilHealthy: true })
    const open = JSON.stringify(registered, (_, value: unknown) =>
      typeof value === 'object' && value !== null && 'value' in value ? 'hidden' : value,
    )
    const shown = open + JSON.stringify(await settled(cluster.nodes))
    const plain = [...shown.matchAll(/"userDataBase64":"([^"]+)"/g)].map(([, text]) => Buffer.from(text!, 'base64'))
    expect(plain).toHaveLength(4)
    const all = [shown, ...plain.map((data) => (data[0] === 0x1f ? gunzipSync(data) : data).toString())].join('\n')
    for (const secret of ['admin-secret', 'servers-secret', 'authority-key', 'key of']) {
      expect(all).not.toContain(secret)
    }
    for (const name of ['NodeReady', 'NodeGate']) {
      const [first] = registeredOf(dynamic(name))
      expect(first?.inputs['node'], 'words stand for secrets').toMatchObject({ id: 'broker-a-0' })
      expect(first?.inputs['access'], 'how it is asked is a secret').toMatchObject({ value: madeSecrets.toolAccess })
    }
    expect(registeredOf(dynamic('NodeSeat')).filter(({ inputs }) => 'access' in inputs)).toEqual([])
  })

  it('each kind of node reads its own parameters and what conf files name, and nothing else of the account', async () => {
    await register({ brokerConfig: { objectStoreSecretKey: 'ssm:/shop/key' } })
    const policy = JSON.parse(String(inputsOf('rocket-aws-namesrv-node-artifacts')?.['policy'])) as {
      Statement: unknown[]
    }
    const arn = 'arn:aws:ssm:eu-central-1:*:parameter'
    const readable = [`${arn}/gantry/gantry/dev/rocket/nameServer/*`, `${arn}/shop/key`]
    expect(policy.Statement.slice(1)).toEqual([
      { Effect: 'Allow', Action: 'ssm:GetParameter', Resource: readable },
      {
        Effect: 'Deny',
        Action: ['ssm:GetParameter', 'ssm:GetParameters', 'ssm:GetParametersByPath', 'ssm:GetParameterHistory'],
        NotResource: readable,
      },
    ])
    expect(registeredOf('aws:iam/role:Role').map(({ name }) => name)).toEqual([
      'rocket-aws-broker-node',
      'rocket-aws-namesrv-node',
    ])
    expect(inputsOf('rocket-broker-a-0')?.['iamInstanceProfile']).toBe('rocket-aws-broker-node-0a1b2c3')
    expect(inputsOf('rocket-namesrv-0')?.['iamInstanceProfile']).toBe('rocket-aws-namesrv-node-0a1b2c3')
  })

  it('the endpoint for Parameter Store is there without those for Session Manager, too', async () => {
    const endpoints = () =>
      registeredOf('aws:ec2/vpcEndpoint:VpcEndpoint').map(({ inputs }) => String(inputs['serviceName']))
    const without = { network: { ...network, ssmEndpoints: false } }
    await register({}, without)
    expect(endpoints()).toEqual(['com.amazonaws.eu-central-1.s3', 'com.amazonaws.eu-central-1.ssm'])
    expect(inputsOf('rocket-aws-broker-to-endpoints')).toMatchObject({ fromPort: 443 })
    await mockEngine('dev', securedAnswers)
    const platform = { aws: { artifacts: { folder }, ...without } }
    const cluster = new RocketCluster('rocket', { groups: [{ name: 'broker-a' }], platform })
    await settled(cluster.nodes)
    await allRegistered()
    expect(endpoints()).toEqual(['com.amazonaws.eu-central-1.s3'])
  })

  it('an existing VPC says how Parameter Store is reached', async () => {
    const subnets = [{ id: 'subnet-0123456789abcdef0', zone: 'eu-central-1a', cidr: '10.1.0.0/24' }]
    const existing = { vpcId: 'vpc-0123456789abcdef0', subnets, s3PrefixListId: 'pl-0123456789abcdef0' }
    await expect(register({ groups: [{ name: 'a' }] }, { network: existing })).rejects.toThrow(
      'gantry:cluster.platform.aws.network.ssmSecurityGroupId: is missing: with security, nodes read their keys',
    )
    const ssmSecurityGroupId = 'sg-0123456789abcdef0'
    await register({ groups: [{ name: 'a' }] }, { network: { ...existing, ssmSecurityGroupId } })
    expect(inputsOf('rocket-aws-broker-to-endpoints')).toMatchObject({ referencedSecurityGroupId: ssmSecurityGroupId })
    expect(inputsOf('rocket-aws-endpoints-from-broker'), 'the group of others is left alone').toBeUndefined()
  })

  it('a certificate has the name and the address of its node', async () => {
    await register()
    const [broker, , nameServer] = registeredOf(dynamic('NodeCertificate'))
    expect(broker?.inputs['node']).toMatchObject({ address: '10.60.0.128', names: ['10.60.0.128'] })
    expect(nameServer?.inputs['node']).toMatchObject({ address: 'namesrv-0.rocketmq.internal', names: ['10.60.0.16'] })
  })

  it('one NameServer remembers what the cluster runs with: all at once, or none any more, is refused in the preview', async () => {
    await register({ nameServers: 2 })
    const remembering = registeredOf(dynamic('NodeSeat')).filter(({ inputs }) => 'security' in inputs)
    expect(remembering.map(({ name }) => name)).toEqual(['rocket-namesrv-0-seat'])
    const seat = { node: 'namesrv-0', zone: 'eu-central-1a', address: '10.60.0.16', volumeSizeGiB: 8 }
    const tls = (mode: 'permissive' | 'enforcing', betweenNodes: boolean) => ({
      ...{ mode, betweenNodes, clientCertificates: 'optional' as const, generation: 1 },
      ...{ announceNext: false, trustPrevious: true, validDays: 365 },
    })
    const enforcing = { ...seat, security: { tls: tls('enforcing', true) } }
    const first = { ...seat, security: { tls: tls('permissive', false) } }
    const problems = (olds: typeof seat, news: typeof seat) =>
      nodeSeatImplementation.problems?.(news, olds).map(({ reason }) => reason) ?? []
    expect(problems(seat, enforcing)[0]).toMatch(
      /^gantry:cluster\.security\.tls: nodes with these settings and nodes with the former ones/,
    )
    expect(problems(enforcing, seat)).toHaveLength(1)
    expect([...problems(seat, first), ...problems(first, seat), ...problems(first, enforcing)]).toEqual([])
  })
})
