import { rmSync } from 'node:fs'
import type { ResourceTransformation } from '@pulumi/pulumi'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BrokerGroup } from '../../broker/broker-group.ts'
import type { AwsPlatformArgs } from '../../cluster/aws-platform-args.ts'
import { RocketCluster } from '../../cluster/rocket-cluster.ts'
import type { RocketClusterArgs } from '../../cluster/rocket-cluster-args.ts'
import { NameServerFleet } from '../../nameserver/name-server-fleet.ts'
import { argumentProblems } from '../../testing/argument-problems.ts'
import { allRegistered, mockEngine, registered, registeredOf, settled } from '../../testing/registered-resources.ts'
import { AwsFoundation } from './foundation/aws-foundation.ts'
import { artifactFolder, awsAnswers } from './testing/aws-answers.ts'

let folder: string
beforeAll(() => {
  folder = artifactFolder()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(allRegistered)

const network = { cidr: '10.60.0.0/16', zones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'] }

const awsArgs = (aws: Partial<AwsPlatformArgs> = {}): AwsPlatformArgs => ({
  network,
  artifacts: { folder },
  ...aws,
})

/** Options by name of the resource, which mocks do not see. */
const optionsOf = new Map<string, Record<string, unknown>>()
const recordOptions: ResourceTransformation = ({ name, opts }) => {
  optionsOf.set(name, opts as Record<string, unknown>)
  return undefined
}

async function made(args: Partial<RocketClusterArgs> & { aws?: Partial<AwsPlatformArgs> }) {
  await mockEngine('dev', awsAnswers)
  optionsOf.clear()
  const { aws, platform = {}, ...rest } = args
  const cluster = new RocketCluster(
    'rocket',
    { name: 'Shop', groups: [{ name: 'broker-a' }], ...rest, platform: { ...platform, aws: awsArgs(aws) } },
    { transformations: [recordOptions] },
  )
  await settled(cluster.nodes)
  await allRegistered()
  return cluster
}

const inputsOf = (name: string) =>
  registered.find((resource) => resource.name === name && resource.type.startsWith('aws:'))?.inputs
const ofAws = () => registered.filter(({ type }) => type.startsWith('aws:'))
const userDataOf = (name: string) => Buffer.from(String(inputsOf(name)?.['userDataBase64']), 'base64').toString()

// Loading @pulumi/aws and its declarations takes long on a busy machine.
describe('nodes on AWS', { timeout: 120_000 }, () => {
  it('every input is one that the resource has, of the right type', { timeout: 240_000 }, async () => {
    await made({
      nameServers: 3,
      groups: [{ name: 'broker-a', replicas: 3, aws: { volumeIops: 6000 } }],
      engine: 'apache',
      controllers: { mode: 'standalone' },
      proxies: { replicas: 2 },
      aws: {
        proxyLoadBalancer: true,
        kmsKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/1',
        alarmTopicArns: ['arn:aws:sns:eu-central-1:123456789012:alarms'],
        clients: { cidrs: ['10.1.0.0/16'], securityGroupIds: ['sg-0123456789abcdef0'] },
        operators: { cidrs: ['10.2.0.0/24'] },
        artifacts: { folder, apacheRelease: `${folder}/release.zip` },
        tags: { team: 'shop' },
      },
    })
    const wrong = ofAws().flatMap(({ type, name, inputs }) =>
      argumentProblems(type, inputs).map((problem) => `${name}: ${problem}`),
    )
    expect(wrong).toEqual([])
    expect(new Set(ofAws().map(({ type }) => type)).size).toBeGreaterThan(20)
  })

  it('a broker is an interface, a volume, an instance and what joins them', async () => {
    await made({ groups: [{ name: 'broker-a', replicas: 2 }], platform: { protectData: true } })
    const own = {
      'gantry:cluster': 'Shop',
      'gantry:node': 'broker-a-1',
      'gantry:kind': 'broker',
      'gantry:group': 'broker-a',
    }
    expect(inputsOf('rocket-broker-a-1-eni')).toEqual({
      subnetId: 'rocket-aws-subnet-eu-central-1b-id',
      privateIps: ['10.60.4.129'],
      securityGroups: ['rocket-aws-broker-id'],
      description: 'broker-a-1 of Shop',
      tags: { ...own, Name: 'Shop-broker-a-1' },
    })
    expect(inputsOf('rocket-broker-a-1-data')).toEqual({
      availabilityZone: 'eu-central-1b',
      type: 'gp3',
      size: 100,
      iops: 3000,
      throughput: 125,
      encrypted: true,
      tags: { ...own, Name: 'Shop-broker-a-1-data' },
    })
    const { userDataBase64, ...instance } = inputsOf('rocket-broker-a-1') ?? {}
    expect(instance).toEqual({
      ami: 'ami-0a000000000000000',
      instanceType: 'm7g.large',
      primaryNetworkInterface: { networkInterfaceId: 'rocket-broker-a-1-eni-id' },
      iamInstanceProfile: 'rocket-aws-node-0a1b2c3',
      ebsOptimized: true,
      metadataOptions: { httpTokens: 'required', httpEndpoint: 'enabled', httpPutResponseHopLimit: 1 },
      maintenanceOptions: { autoRecovery: 'default' },
      placementGroup: 'rocket-broker-a-spread-0a1b2c3',
      rootBlockDevice: {
        volumeType: 'gp3',
        volumeSize: 12,
        encrypted: true,
        deleteOnTermination: true,
        tags: { ...own, Name: 'Shop-broker-a-1-root' },
      },
      userDataReplaceOnChange: true,
      tags: { ...own, Name: 'Shop-broker-a-1' },
    })
    expect(inputsOf('rocket-broker-a-1-attachment')).toEqual({
      deviceName: '/dev/sdf',
      instanceId: 'rocket-broker-a-1-id',
      volumeId: 'rocket-broker-a-1-data-id',
      stopInstanceBeforeDetaching: true,
    })
    expect(optionsOf.get('rocket-broker-a-1-data')).toMatchObject({ retainOnDelete: true, protect: true })
    expect(optionsOf.get('rocket-broker-a-1')).toMatchObject({ deleteBeforeReplace: true, ignoreChanges: ['ami'] })
    expect(userDataBase64).toBeTypeOf('string')
  })

  it('user data holds the conf file with names for NameServers, and the artifact by its checksum', async () => {
    await made({ nameServers: 2 })
    const text = userDataOf('rocket-broker-a-0')
    expect(text).toContain('\nnamesrvAddr=namesrv-0.rocketmq.internal:9876;namesrv-1.rocketmq.internal:9876\n')
    expect(text).toContain('\nbrokerIP1=10.60.0.128\nbrokerIP2=10.60.0.128\n')
    expect(text).toContain('\nbindAddress=10.60.0.128\n')
    const key = `gantry-runtime/${'2'.repeat(64)}/gantry-runtime-0.1.0-linux-arm64.tar.gz`
    expect(text).toContain(
      `\nBUCKET=rocket-aws-artifacts-0a1b2c3\nARTIFACT_KEY=${key}\nARTIFACT_SHA256=${'2'.repeat(64)}\n`,
    )
    expect(text).toContain('nvme-Amazon_Elastic_Block_Store_rocketbroker-a-0-data-id\n')
    expect(inputsOf('rocket-namesrv-1-name')).toEqual({
      zoneId: 'Z0123456789ABCDEFGHIJ',
      name: 'namesrv-1.rocketmq.internal',
      type: 'A',
      ttl: 60,
      records: ['10.60.4.17'],
    })
  })

  it('nodes may do no more than read the artifacts and be managed', async () => {
    await made({})
    const policy = JSON.parse(String(inputsOf('rocket-aws-node-artifacts')?.['policy'])) as { Statement: unknown[] }
    expect(policy.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 's3:GetObject',
        Resource: [
          `arn:aws:s3:::rocket-aws-artifacts-0a1b2c3/gantry-runtime/${'2'.repeat(64)}/gantry-runtime-0.1.0-linux-arm64.tar.gz`,
        ],
      },
    ])
    const attached = registeredOf('aws:iam/rolePolicyAttachment:RolePolicyAttachment')
    expect(attached.map(({ inputs }) => inputs['policyArn'])).toEqual([
      'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore',
    ])
  })

  it('nothing is open to the world, and nodes reach S3 and one another only', async () => {
    await made({ nameServers: 2, aws: { clients: { cidrs: ['10.1.0.0/16'] } } })
    const rules = (direction: string) =>
      registeredOf(`aws:vpc/securityGroup${direction}Rule:SecurityGroup${direction}Rule`).map(({ inputs }) => {
        const other = inputs['cidrIpv4'] ?? inputs['prefixListId'] ?? inputs['referencedSecurityGroupId']
        return `${inputs['securityGroupId']} ${inputs['fromPort']} ${other}`
          .replaceAll('rocket-aws-', '')
          .replaceAll('-id', '')
      })
    expect(rules('Ingress').filter((rule) => rule.startsWith('broker '))).toEqual([
      'broker 10909 10.1.0.0/16',
      'broker 10911 broker',
      'broker 10911 10.1.0.0/16',
      'broker 10912 broker',
      'broker 11909 10.1.0.0/16',
      'broker 11911 broker',
      'broker 11911 10.1.0.0/16',
      'broker 11912 broker',
    ])
    expect(rules('Ingress').filter((rule) => rule.includes('0.0.0.0/0'))).toEqual([])
    expect(rules('Egress').filter((rule) => rule.startsWith('broker '))).toEqual([
      'broker 10911 broker',
      'broker 10912 broker',
      'broker 11911 broker',
      'broker 11912 broker',
      'broker 443 endpoints',
      'broker 9876 namesrv',
      'broker 443 pl-0123456789abcdef0',
    ])
  })

  it('replicas are spread over zones, and no zone has a majority of the controllers', async () => {
    await made({
      engine: 'apache',
      nameServers: 3,
      controllers: { mode: 'standalone', replicas: 3 },
      groups: [
        { name: 'broker-a', replicas: 3 },
        { name: 'broker-b', replicas: 3 },
      ],
      aws: { artifacts: { folder, apacheRelease: `${folder}/release.zip` } },
    })
    const zones = new Map(
      registeredOf('aws:ebs/volume:Volume').map(({ name, inputs }) => [
        name,
        String(inputs['availabilityZone']).slice(-1),
      ]),
    )
    const of = (part: string) => [0, 1, 2].map((index) => zones.get(`rocket-${part}-${index}-data`)).join('')
    expect(['namesrv', 'controller', 'broker-a', 'broker-b'].map(of)).toEqual(['abc', 'abc', 'abc', 'bca'])
  })

  it('a volume too small for the node before, another zone or another address is refused', async () => {
    const { nodeSeatImplementation } = await import('./node-seat-implementation.ts')
    const seat = { node: 'broker-a-0', zone: 'eu-central-1a', address: '10.60.0.128', volumeSizeGiB: 100 }
    const problems = (news: object) =>
      nodeSeatImplementation
        .problems?.({ ...seat, ...news }, seat)
        .map(({ property, reason }) => `${property}: ${reason}`)
    expect(problems({ volumeSizeGiB: 200 })).toEqual([])
    expect(problems({ volumeSizeGiB: 50 })).toEqual([
      'volumeSizeGiB: the data volume of broker-a-0 has 100 GiB: it cannot shrink to 50. Keep the size; to save space add a broker group with smaller volumes and drain this one.',
    ])
    expect(problems({ zone: 'eu-central-1b', address: '10.60.4.128' })?.[0]).toMatch(
      /^zone: broker-a-0 is in eu-central-1a and would move/,
    )
    expect(problems({ address: '10.60.0.144' })?.[0]).toMatch(
      /^address: broker-a-0 has the address 10\.60\.0\.128 and would get/,
    )
    expect(nodeSeatImplementation.problems?.(seat, undefined)).toEqual([])
  })

  it('an image that is named is followed, the newest one is not', async () => {
    await made({ aws: { images: { arm64: 'ami-0123456789abcdef0' } } })
    expect(inputsOf('rocket-broker-a-0')?.['ami']).toBe('ami-0123456789abcdef0')
    expect(optionsOf.get('rocket-broker-a-0')).toMatchObject({ ignoreChanges: [] })
  })

  it('nodes that are waited for come one after the other, and tell their addresses then', async () => {
    const cluster = await made({ nameServers: 2, aws: { waitUntilHealthy: true } })
    expect(await settled(cluster.namesrvAddr)).toBe('namesrv-0.rocketmq.internal:9876;namesrv-1.rocketmq.internal:9876')
    const ready = registered.find(({ name }) => name === 'rocket-namesrv-1-ready')
    expect(ready?.inputs).toMatchObject({ ip: '10.60.4.17', instance: 'rocket-namesrv-1-id', readyTimeoutMs: 120_000 })
    const gate = registered.find(({ name }) => name === 'rocket-namesrv-1-gate')
    expect(gate?.inputs, 'and make way before their instance goes').toMatchObject({
      node: { id: 'namesrv-1' },
      spec: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it('parts on their own stand on a foundation in an existing VPC', async () => {
    await mockEngine('dev', awsAnswers)
    const subnets = [
      { id: 'subnet-0123456789abcdef0', zone: 'eu-central-1a', cidr: '10.1.0.0/24', addressOffset: 32 },
      { id: 'subnet-0123456789abcdef1', zone: 'eu-central-1b', cidr: '10.1.1.0/24' },
    ]
    const aws = { network: { vpcId: 'vpc-0123456789abcdef0', subnets }, artifacts: { folder } }
    const foundation = new AwsFoundation('base', { clusterName: 'Shop', platform: { aws } })
    const placed = { clusterName: 'Shop', platform: { aws: { ...aws, foundation } } }
    const registry = new NameServerFleet('names', { ...placed, replicas: 2 })
    const group = new BrokerGroup('orders', {
      ...placed,
      brokerName: 'orders',
      namesrvAddr: registry.internalNamesrvAddr,
      replicas: 2,
      aws: { slot: 2 },
    })
    await settled(group.nodes)
    await allRegistered()
    expect(registeredOf('aws:ec2/vpc:Vpc')).toEqual([])
    expect(
      registeredOf('aws:ec2/networkInterface:NetworkInterface').map(
        ({ inputs }) => `${inputs['subnetId']} ${inputs['privateIps']}`,
      ),
    ).toEqual([
      'subnet-0123456789abcdef0 10.1.0.48',
      'subnet-0123456789abcdef1 10.1.1.17',
      'subnet-0123456789abcdef0 10.1.0.192',
      'subnet-0123456789abcdef1 10.1.1.161',
    ])
    const s3 = registered.find(({ name }) => name === 'base-broker-to-s3')?.inputs
    expect(s3).toMatchObject({ cidrIpv4: '0.0.0.0/0', fromPort: 443 })
  })

  it('says what is missing: a foundation, an artifact, a release', async () => {
    await mockEngine('dev', awsAnswers)
    expect(() => new NameServerFleet('names', { platform: { aws: awsArgs() } })).toThrow(
      'gantry:cluster.platform.aws.foundation: is missing: a part of a cluster makes no network',
    )
    const cluster =
      (aws: AwsPlatformArgs, more: object = {}) =>
      () =>
        new RocketCluster('rocket', { groups: [{ name: 'a' }], platform: { aws }, ...more })
    expect(cluster({ network, artifacts: { folder: '/none' } })).toThrow(
      /artifacts\.folder: has no gantry-runtime-0\.1\.0-linux-arm64\.tar\.gz/,
    )
    expect(cluster(awsArgs(), { engine: 'apache' })).toThrow(/apacheRelease: is missing/)
    const apacheRelease = `${folder}/release.zip`
    expect(
      cluster(awsArgs({ artifacts: { folder, apacheRelease, apacheReleaseSha512: '0'.repeat(128) } }), {
        engine: 'apache',
      }),
    ).toThrow(/has SHA-512 [0-9a-f]{128}, not apacheReleaseSha512/)
  })

  it('proxies stand behind one name when there is a load balancer', async () => {
    const cluster = await made({
      engine: 'apache',
      proxies: { replicas: 2 },
      aws: {
        proxyLoadBalancer: true,
        artifacts: { folder, apacheRelease: `${folder}/release.zip` },
      },
    })
    expect(await settled(cluster.endpoints)).toBe('rocket-proxy-balancer.elb.eu-central-1.amazonaws.com:8081')
    expect(
      registeredOf('aws:lb/targetGroupAttachment:TargetGroupAttachment').map(
        ({ inputs }) => `${inputs['targetId']}:${inputs['port']}`,
      ),
    ).toEqual(['10.60.0.64:8081', '10.60.0.64:8080', '10.60.4.65:8081', '10.60.4.65:8080'])
    expect(inputsOf('rocket-proxy-0-data')).toBeUndefined()
  })
})
