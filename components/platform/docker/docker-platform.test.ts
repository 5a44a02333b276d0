import * as pulumi from '@pulumi/pulumi'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DockerHostArgs, DockerPlatformArgs } from '../../cluster/platform-args.ts'
import { RocketCluster } from '../../cluster/rocket-cluster.ts'
import type { RocketClusterArgs } from '../../cluster/rocket-cluster-args.ts'
import { argumentProblems } from '../../testing/argument-problems.ts'
import { allRegistered, mockEngine, registered, registeredOf, settled } from '../../testing/registered-resources.ts'
import { version } from '../../version.ts'

const container = 'docker:index/container:Container'
const dockerNode = 'pulumi-nodejs:dynamic/gantry:DockerNode'

beforeEach(() => mockEngine())
afterEach(async () => {
  await allRegistered()
  const ofProvider = registered.filter(({ type }) => /^docker:|:docker$/.test(type))
  expect(ofProvider.flatMap(({ type, inputs }) => argumentProblems(type, inputs))).toEqual([])
})

async function made(args: Partial<RocketClusterArgs>, docker: DockerPlatformArgs = {}): Promise<RocketCluster> {
  const groups = [{ name: 'broker-a', replicas: 2 }]
  const cluster = new RocketCluster('rocket', { groups, platform: { docker }, ...args })
  await settled(cluster.nodes)
  return cluster
}

/** Inputs of the container of a node. */
const containerOf = (name: string) =>
  registeredOf(container).find((each) => each.name === `rocket-${name}-container`)?.inputs ?? {}

describe('one Docker host', () => {
  it('is a network and an image for all, and four resources for each node', async () => {
    await made({})
    const names = registered.map(({ type, name }) => `${type.replace(/^.*[:/]/, '')} ${name}`).sort()
    expect(names).toEqual([
      'BrokerGroup rocket-broker-a',
      'Container rocket-broker-a-0-container',
      'Container rocket-broker-a-1-container',
      'Container rocket-namesrv-0-container',
      'DockerNetwork rocket-network-docker',
      'DockerNode rocket-broker-a-0',
      'DockerNode rocket-broker-a-1',
      'DockerNode rocket-namesrv-0',
      'DockerPlace rocket-broker-a-0-place',
      'DockerPlace rocket-broker-a-1-place',
      'DockerPlace rocket-namesrv-0-place',
      'GroupTraffic rocket-broker-a-traffic',
      'NameServerFleet rocket-namesrv',
      `RemoteImage rocket-image-gantry-docker-gantry-${version}`,
      'RocketCluster rocket',
      'Volume rocket-broker-a-0-data',
      'Volume rocket-broker-a-1-data',
      'Volume rocket-namesrv-0-data',
    ])
  })

  it('gives a slave exactly this container', async () => {
    await made({ runtime: { nodeOptions: ['--max-old-space-size=128'] } }, { cpus: 1.5, memoryMb: { broker: 512 } })
    const { envs, ...inputs } = containerOf('broker-a-1')
    expect(inputs).toEqual({
      name: 'rocket-broker-a-1',
      image: 'sha256:of-gantry:0.1.0',
      hostname: 'broker-a-1',
      command: ['mqbroker', '-c', '/var/lib/gantry/broker.conf'],
      healthcheck: {
        tests: ['CMD', 'gantry-healthcheck'],
        interval: '30s',
        timeout: '5s',
        startPeriod: '1m0s',
        retries: 3,
      },
      memory: 512,
      memorySwap: 512,
      cpus: '1.5',
      ulimits: [{ name: 'nofile', soft: 16_384, hard: 16_384 }],
      readOnly: true,
      tmpfs: { '/tmp': 'rw,nosuid,nodev,size=64m' },
      user: '10001:10001',
      capabilities: { drops: ['ALL'] },
      securityOpts: ['no-new-privileges:true'],
      logDriver: 'json-file',
      logOpts: { 'max-size': '10m', 'max-file': '5' },
      restart: 'unless-stopped',
      stopSignal: 'SIGTERM',
      stopTimeout: 60,
      destroyGraceSeconds: 60,
      networksAdvanced: [{ name: 'dev-DefaultCluster', aliases: ['broker-a-1'] }],
      ports: [11_911, 11_909, 11_912].map((port) => ({
        internal: port,
        external: port,
        protocol: 'tcp',
        ip: '10.211.0.1',
      })),
      mounts: [{ type: 'volume', source: 'rocket-broker-a-1-data', target: '/var/lib/gantry' }],
      labels: [
        { label: 'gantry.node', value: 'broker-a-1' },
        { label: 'gantry.stack', value: 'dev' },
        { label: 'gantry.spec', value: expect.stringMatching(/^[0-9a-f]{64}$/) },
      ],
    })
    expect(envs).toEqual([
      expect.stringMatching(/^GANTRY_CONF=# broker\.conf[\s\S]*\nbrokerIP1=10\.211\.0\.1\nbrokerIP2=broker-a-1\n/),
      'NODE_OPTIONS=--max-old-space-size=128',
    ])
  })

  it('marks a container by what another one is needed for, and nothing else', async () => {
    const specs: unknown[] = []
    for (const [args, docker] of [
      [{}, {}],
      [{}, { memoryMb: { broker: 512 } }],
      [{ brokerConfig: { maxMessageSize: '65536' } }, {}],
    ] as const) {
      mockEngine()
      await made(args, docker)
      const place = registeredOf('pulumi-nodejs:dynamic/gantry:DockerPlace').find(({ name }) => name.includes('a-1'))
      specs.push(place?.inputs['spec'])
      expect(containerOf('broker-a-1')['labels']).toContainEqual({ label: 'gantry.spec', value: specs.at(-1) })
      await allRegistered()
    }
    expect(specs[1]).toBe(specs[0])
    expect(specs[2]).not.toBe(specs[0])
  })

  it('waits for a slave at its published port, by NameServers and master as clients reach them', async () => {
    await made({})
    const {
      node: _,
      startedConf,
      ...slave
    } = registeredOf(dockerNode).find(({ name }) => name === 'rocket-broker-a-1')?.inputs ?? {}
    expect(slave).toEqual({
      engine: {},
      container: 'rocket-broker-a-1',
      containerId: 'rocket-broker-a-1-container-id',
      address: '10.211.0.1:11911',
      nameServers: ['10.211.0.1:9876'],
      master: '10.211.0.1:10911',
      readyTimeoutMs: 120_000,
    })
    expect(containerOf('broker-a-1')['envs']).toEqual([`GANTRY_CONF=${startedConf}`])
  })

  it('runs Apache RocketMQ from its image, with the conf file from the same variable', async () => {
    await made({ engine: 'apache' }, { apacheHeap: '256m' })
    expect(registeredOf('docker:index/remoteImage:RemoteImage').map(({ inputs }) => inputs)).toEqual([
      { name: 'apache/rocketmq:5.5.0', keepLocally: true },
    ])
    const { entrypoints, command, envs, user, memory } = containerOf('broker-a-0') as Record<string, string[]>
    expect([command, user, memory]).toEqual([undefined, '3000:3000', 2048])
    expect(containerOf('broker-a-0')['tmpfs'], 'Java unpacks libraries there').toEqual({
      '/tmp': 'rw,exec,nosuid,nodev,size=64m',
    })
    expect(entrypoints?.slice(0, 2)).toEqual(['sh', '-c'])
    expect(entrypoints?.[2]).toMatch(
      /; else printf %s "\$GANTRY_CONF"; fi > \/var\/lib\/gantry\/broker\.conf && exec java -Xms256m -Xmx256m .* -cp "\$ROCKETMQ_HOME\/lib\/\*" org\.apache\.rocketmq\.broker\.BrokerStartup -c \/var\/lib\/gantry\/broker\.conf$/,
    )
    expect(envs?.[1]).toMatch(/^JDK_JAVA_OPTIONS=--add-opens=/)
    const [place] = registeredOf('pulumi-nodejs:dynamic/gantry:DockerPlace')
    expect(place?.inputs['volume']).toMatchObject({ name: 'rocket-broker-a-0-data', owner: '3000:3000' })
  })
})

describe('several Docker hosts', () => {
  const hosts = [
    { name: 'host-1', address: '10.0.0.11' },
    { name: 'host-2', address: 'docker-2.example.org', bindAddress: '10.0.0.12' },
    { name: 'host-3', address: 'docker-3.example.org' },
  ]
  const reach: Record<string, DockerHostArgs> = {
    'host-1': { endpoint: 'ssh://ops@10.0.0.11', sshOpts: ['-i', '/key'] },
    'host-2': { endpoint: 'tcp://10.0.0.12:2376', keyMaterial: 'KEY', certMaterial: 'CERT', caMaterial: 'CA' },
    'host-3': { endpoint: 'unix:///run/docker.sock' },
  }

  it('have a provider, a network and an image each', async () => {
    await made({ hosts, nameServers: 3 }, { hosts: reach })
    const providers = registeredOf('pulumi:providers:docker')
    expect(providers.map(({ name, inputs: { version: _, ...inputs } }) => ({ name, ...inputs }))).toEqual([
      { name: 'rocket-docker-host-1', host: 'ssh://ops@10.0.0.11', sshOpts: '["-i","/key"]' },
      {
        name: 'rocket-docker-host-2',
        host: 'tcp://10.0.0.12:2376',
        caMaterial: 'CA',
        certMaterial: 'CERT',
        keyMaterial: expect.objectContaining({ value: 'KEY' }),
      },
      { name: 'rocket-docker-host-3', host: 'unix:///run/docker.sock' },
    ])
    expect(registeredOf('docker:index/remoteImage:RemoteImage')).toHaveLength(3)
    expect(registeredOf('pulumi-nodejs:dynamic/gantry:DockerNetwork')).toHaveLength(3)
  })

  it('publish ports at the address they are reached at, or where it is said, or on all interfaces', async () => {
    await made({ hosts, nameServers: 3 }, { hosts: reach })
    const interfaces = [0, 1, 2].map((index) => (containerOf(`namesrv-${index}`)['ports'] as { ip: string }[])[0]?.ip)
    expect(interfaces).toEqual(['10.0.0.11', '10.0.0.12', '0.0.0.0'])
  })
})

it('says what is wrong before anything is registered', () => {
  const wrong = () =>
    new RocketCluster('rocket', { groups: [{ name: 'a' }], platform: { docker: { subnet: '10.0.0.1' } } })
  expect(wrong).toThrow('gantry:cluster.platform.docker.subnet')
  expect(registered).toEqual([])
})

it("leaves the last word to the user's transformations", async () => {
  const cluster = new RocketCluster(
    'rocket',
    { groups: [{ name: 'a' }], platform: { docker: {} } },
    {
      transformations: [
        ({ type, props, opts }) => (type === container ? { props: { ...props, cpuShares: 512 }, opts } : undefined),
      ],
    },
  )
  await settled(pulumi.output(cluster.nodes))
  expect(registeredOf(container).map(({ inputs }) => inputs['cpuShares'])).toEqual([512, 512])
})
