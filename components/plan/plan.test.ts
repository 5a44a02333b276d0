import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBrokerConf } from '../../runtime/config/broker-conf.ts'
import type { ConfEnv } from '../../runtime/config/conf-key.ts'
import { parseControllerConf } from '../../runtime/config/controller-conf.ts'
import { parseNamesrvConf } from '../../runtime/config/namesrv-conf.ts'
import { parseProxyConf } from '../../runtime/config/proxy-conf.ts'
import { arbitraryConfig } from './arbitrary-config.ts'
import { ConfigError } from './config-problem.ts'
import { type Plan, planCluster } from './plan.ts'
import type { BrokerNode, PlanNode } from './plan-node.ts'
import type { ClusterConfigInput } from './schema/cluster-config.ts'
import { parseClusterConfig } from './schema/parse-cluster-config.ts'
import { parseStackFile } from './stack-file.ts'

const options = { localDataDir: '/data' }
const planOf = (input: ClusterConfigInput): Plan => planCluster(parseClusterConfig(input), options)
const brokersOf = (plan: Plan): BrokerNode[] => plan.nodes.filter((node) => node.kind === 'broker')

const machine: ConfEnv = {
  home: '/home/user',
  rocketmqHome: undefined,
  namesrvAddr: undefined,
  hostName: 'machine',
  localAddress: '10.0.0.1',
  processors: 2,
  workingFolder: '/',
}

const confParsers = {
  broker: parseBrokerConf,
  controller: parseControllerConf,
  nameServer: parseNamesrvConf,
  proxy: parseProxyConf,
}

/** What the engine itself has to say about a rendered conf file. */
const confWarnings = ({ kind, confFile }: PlanNode): readonly string[] => {
  const result = confParsers[kind](confFile.text, confFile.path, machine)
  return result.ok ? result.warnings : [...result.errors, ...result.warnings]
}

const twoHosts: ClusterConfigInput = {
  nameServers: 2,
  hosts: [
    { name: 'host-1', address: '10.0.0.11' },
    { name: 'host-2', address: '10.0.0.12' },
  ],
  groups: [
    { name: 'broker-a', replicas: 2 },
    { name: 'broker-b', replicas: 2 },
  ],
}

describe('the classic two-host deployment', () => {
  const plan = planOf(twoHosts)

  it('crosses masters and slaves, slaves on their own port and store path', () => {
    const rows = brokersOf(plan).map((node) => [node.host, node.id, node.role, node.port, node.storePath])
    expect(rows).toEqual([
      ['host-1', 'broker-a-0', 'ASYNC_MASTER', 10911, '/var/lib/gantry/broker-a-0/store'],
      ['host-2', 'broker-b-0', 'ASYNC_MASTER', 10911, '/var/lib/gantry/broker-b-0/store'],
      ['host-2', 'broker-a-1', 'SLAVE', 11911, '/var/lib/gantry/broker-a-1/store'],
      ['host-1', 'broker-b-1', 'SLAVE', 11911, '/var/lib/gantry/broker-b-1/store'],
    ])
  })

  it('runs a NameServer on each host and tells everybody of both', () => {
    expect(plan.namesrvAddr).toBe('10.0.0.11:9876;10.0.0.12:9876')
    for (const node of brokersOf(plan)) {
      expect(node.confFile.text).toContain('\nnamesrvAddr=10.0.0.11:9876;10.0.0.12:9876\n')
    }
  })

  it('leaves the interface to the engine, since the hosts are not this machine', () => {
    expect(brokersOf(plan)[0]?.confFile.text).not.toContain('bindAddress')
  })
})

const classicStacks = ['single-master', '2m-noslave', '2m-2s-async', '2m-2s-sync']
const electingStacks = ['controller-embedded', 'controller-standalone']
const dockerStacks = [...classicStacks, ...electingStacks, 'two-hosts'].map((stack) => `docker-${stack}`)

describe.each([...classicStacks, ...electingStacks, ...dockerStacks])('stack %s', (stack) => {
  it('plans as reviewed', async () => {
    const file = new URL(`../../stacks/Pulumi.${stack}.yaml`, import.meta.url)
    const plan = planCluster(parseStackFile(readFileSync(file, 'utf8')), options)
    expect(plan.nodes.map(confWarnings)).toEqual(plan.nodes.map(() => []))
    await expect(`${JSON.stringify(plan, null, 2)}\n`).toMatchFileSnapshot(`golden/${stack}.json`)
  })
})

describe.each(electingStacks)('stack %s', (stack) => {
  it('plans as reviewed', async () => {
    const file = new URL(`../../stacks/Pulumi.${stack}.yaml`, import.meta.url)
    const plan = planCluster(parseStackFile(readFileSync(file, 'utf8')), options)
    expect(plan.warnings).toEqual([])
    await expect(`${JSON.stringify(plan, null, 2)}\n`).toMatchFileSnapshot(`golden/${stack}.json`)
  })
})

describe('any plan', () => {
  it('gives no host and port, id, or folder to two nodes', () => {
    fc.assert(
      fc.property(arbitraryConfig, (input) => {
        const { nodes } = planOf(input)
        const places = nodes.flatMap((node) => node.ports.map(({ port }) => `${node.host}:${port}`))
        const folders = nodes.map((node) => `${node.host}:${node.dataDir}`)
        expect(new Set(places).size).toBe(places.length)
        expect(new Set(folders).size).toBe(nodes.length)
        expect(new Set(nodes.map((node) => node.id)).size).toBe(nodes.length)
      }),
    )
  })

  it('is the same for the same config', () => {
    fc.assert(
      fc.property(arbitraryConfig, (input) => {
        expect(planOf(structuredClone(input))).toEqual(planOf(input))
      }),
    )
  })

  it('starts a node only after what it depends on', () => {
    fc.assert(
      fc.property(arbitraryConfig, (input) => {
        const started = new Set<string>()
        const plan = planOf(input)
        const byId = new Map(plan.nodes.map((node) => [node.id, node]))
        for (const stage of plan.startOrder) {
          for (const id of stage)
            for (const needed of byId.get(id)?.dependsOn ?? ['?']) expect(started).toContain(needed)
          for (const id of stage) started.add(id)
        }
        expect(started.size).toBe(plan.nodes.length)
      }),
    )
  })

  it('keeps every node where it was when a group is appended', () => {
    fc.assert(
      fc.property(arbitraryConfig, fc.integer({ min: 1, max: 4 }), (input, replicas) => {
        const grown = { ...input, groups: [...input.groups, { name: 'broker-new', replicas }] }
        const places = (config: ClusterConfigInput) =>
          planOf(config)
            .nodes.filter((node) => !node.id.startsWith('broker-new'))
            .map((node) => [node.id, node.host, node.port])
        expect(places(grown)).toEqual(places(input))
      }),
    )
  })
})

describe('planCluster', () => {
  it('moves every port by the same distance', () => {
    const config = parseClusterConfig({ groups: [{ name: 'broker-a', replicas: 2 }] })
    const ports = planCluster(config, { ...options, basePort: 20_000 }).nodes.map((node) => node.port)
    expect(ports).toEqual([20_000, 21_035, 22_035])
  })

  it('listens on loopback only unless asked', () => {
    const asked = { name: 'local', address: '127.0.0.1', bindAddress: '0.0.0.0', advertisedAddress: '192.168.1.7' }
    const plan = planOf({ hosts: [asked], groups: [{ name: 'broker-a' }] })
    expect(plan.namesrvAddr).toBe('192.168.1.7:9876')
    expect(plan.nodes[1]?.confFile.text).toMatch(
      /bindAddress=0\.0\.0\.0\nbrokerIP1=192\.168\.1\.7\nbrokerIP2=127\.0\.0\.1\n/,
    )
    const usual = planOf({ groups: [{ name: 'broker-a' }] })
    for (const node of usual.nodes) expect(node.confFile.text).toContain('\nbindAddress=127.0.0.1\n')
  })

  it('asks for a second copy when replication is sync: a SYNC_MASTER alone waits for nobody', () => {
    const plan = planOf({ groups: [{ name: 'broker-a', replicas: 3, replication: 'sync' }] })
    expect(plan.nodes[1]?.confFile.text).toContain('\nbrokerRole=SYNC_MASTER\n')
    expect(plan.nodes[1]?.confFile.text).toContain('\ninSyncReplicas=2\n')
  })

  it('lets overrides of the group win over those of the cluster, each key once', () => {
    const plan = planOf({
      brokerConfig: { fileReservedTime: 24, maxMessageSize: 1_048_576 },
      groups: [{ name: 'broker-a', config: { fileReservedTime: 12 } }],
    })
    const text = plan.nodes[1]?.confFile.text ?? ''
    expect(text.match(/fileReservedTime=.*/g)).toEqual(['fileReservedTime=12'])
    expect(text).toContain('\nmaxMessageSize=1048576\n')
  })

  it('spreads the queues of a topic as told', () => {
    const plan = planOf({
      ...twoHosts,
      topics: [
        { name: 'orders', queues: { 'broker-a': 3, 'broker-b': 1 }, perm: 'r' },
        { name: 'audit', queues: { 'broker-b': 2 }, order: true },
        { name: 'plain' },
      ],
    })
    expect(plan.topics).toEqual([
      {
        name: 'orders',
        queues: [
          { group: 'broker-a', count: 3 },
          { group: 'broker-b', count: 1 },
        ],
        perm: 4,
        order: false,
      },
      { name: 'audit', queues: [{ group: 'broker-b', count: 2 }], perm: 6, order: true },
      {
        name: 'plain',
        queues: [
          { group: 'broker-a', count: 8 },
          { group: 'broker-b', count: 8 },
        ],
        perm: 6,
        order: false,
      },
    ])
  })

  it.each([
    [{ nameServer: 10_900, broker: 10_902 }, 'both namesrv-0 (listenPort) and broker-a-0 (listenPort - 2'],
    [{ broker: 65_535 }, 'gives broker-a-0 the port 65536, which is outside 1 to 65535'],
    [{ broker: 64_900 }, 'gives broker-a-1 the port 65900, which is outside 1 to 65535'],
  ])('refuses ports %o', (ports, message) => {
    const plan = () => planOf({ ports, groups: [{ name: 'broker-a', replicas: 2 }] })
    expect(plan).toThrow(ConfigError)
    expect(plan).toThrow(message)
  })
})
