import { join } from 'node:path'
import * as pulumi from '@pulumi/pulumi'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { planCluster } from '../plan/plan.ts'
import type { BrokerNode, PlanNode } from '../plan/plan-node.ts'
import { parseClusterConfig } from '../plan/schema/parse-cluster-config.ts'
import { allRegistered, mockEngine, registered, registeredOf, settled } from '../testing/registered-resources.ts'
import { configOfArgs } from './cluster-config-form.ts'
import { RocketCluster } from './rocket-cluster.ts'
import type { RocketClusterArgs } from './rocket-cluster-args.ts'

const processNode = 'pulumi-nodejs:dynamic/gantry:ProcessNode'
const dataFolder = 'pulumi-nodejs:dynamic/gantry:DataFolder'

beforeEach(() => mockEngine())
afterEach(allRegistered)

/** What the plan says of a node but for what only the order of resources expresses. */
const withoutOrder = ({ dependsOn: _, ...node }: PlanNode | BrokerNode) => node

const nodeInputs = () => registeredOf(processNode).map(({ inputs }) => inputs as unknown as { node: PlanNode })

async function made(args: RocketClusterArgs) {
  const cluster = new RocketCluster('rocket', args)
  await settled(cluster.nodes)
  return cluster
}

describe('RocketCluster', () => {
  it('registers components, folders and nodes under names derived from its own', async () => {
    const cluster = await made({
      nameServers: 2,
      groups: [{ name: 'broker-a', replicas: 2 }],
      topics: [{ name: 'orders', queues: 4 }],
      consumerGroups: [{ name: 'billing', orderly: true }],
    })
    await settled(cluster.parts().topics.get('orders')?.topicName ?? pulumi.output(''))
    await settled(cluster.parts().consumerGroups.get('billing')?.groupName ?? pulumi.output(''))
    const names = registered.map(({ type, name }) => `${type.replace('pulumi-nodejs:dynamic/', '')} ${name}`)
    expect(names.sort()).toEqual([
      'gantry:DataFolder rocket-broker-a-0-data',
      'gantry:DataFolder rocket-broker-a-1-data',
      'gantry:DataFolder rocket-namesrv-0-data',
      'gantry:DataFolder rocket-namesrv-1-data',
      'gantry:GroupOnMasters rocket-billing',
      'gantry:GroupTraffic rocket-broker-a-traffic',
      'gantry:ProcessNode rocket-broker-a-0',
      'gantry:ProcessNode rocket-broker-a-1',
      'gantry:ProcessNode rocket-namesrv-0',
      'gantry:ProcessNode rocket-namesrv-1',
      'gantry:TopicOnMasters rocket-orders',
      'gantry:index:BrokerGroup rocket-broker-a',
      'gantry:index:ConsumerGroup rocket-billing',
      'gantry:index:NameServerFleet rocket-namesrv',
      'gantry:index:RocketCluster rocket',
      'gantry:index:Topic rocket-orders',
    ])
  })

  it('gives a slave exactly these inputs', async () => {
    await made({ groups: [{ name: 'broker-a', replicas: 2 }], platform: { process: { localDataDir: '/data' } } })
    const [, slave] = registeredOf(processNode)
    expect(slave).toEqual({
      type: processNode,
      name: 'rocket-broker-a-1',
      inputs: {
        node: {
          id: 'broker-a-1',
          engine: 'gantry',
          kind: 'broker',
          group: 'broker-a',
          replica: 1,
          brokerId: 1,
          role: 'SLAVE',
          host: 'local',
          address: '127.0.0.1',
          advertisedAddress: '127.0.0.1',
          bindAddress: '127.0.0.1',
          dataDir: '/data/broker-a-1',
          nodeOptions: [],
          port: 11911,
          ports: [
            { port: 11911, purpose: 'listenPort' },
            { port: 11909, purpose: 'listenPort - 2, the second request port' },
            { port: 11912, purpose: 'listenPort + 1, replication' },
          ],
          storePath: '/data/broker-a-1/store',
          replicationAddress: '127.0.0.1',
          dependsOn: ['broker-a-0'],
          confFile: { path: '/data/broker-a-1/broker.conf', text: expect.stringContaining('\nbrokerRole=SLAVE\n') },
        },
        nameServers: ['127.0.0.1:9876'],
        master: '127.0.0.1:10911',
        programs: {},
        readyTimeoutMs: 120_000,
        staleRouteMs: 35_000,
      },
    })
    expect(registeredOf(dataFolder).map(({ inputs }) => inputs)).toEqual([
      { path: '/data/broker-a-0', node: 'broker-a-0' },
      { path: '/data/broker-a-1', node: 'broker-a-1' },
      { path: '/data/namesrv-0', node: 'namesrv-0' },
    ])
  })

  it('gives a topic and a consumer group exactly these inputs', async () => {
    const cluster = await made({
      name: 'Shop',
      groups: [{ name: 'broker-a' }, { name: 'broker-b' }],
      topics: [
        { name: 'orders', queuesPerGroup: { 'broker-a': 4, 'broker-b': 0 }, perm: 'r' },
        { name: 'audit', order: true },
      ],
      consumerGroups: [{ name: 'billing', retryMaxTimes: 3 }],
    })
    const { topics, consumerGroups } = cluster.parts()
    await settled(pulumi.all([...topics.values()].map((topic) => topic.topicName)))
    await settled(pulumi.all([...consumerGroups.values()].map((group) => group.groupName)))
    const common = { namesrvAddr: '127.0.0.1:9876', clusterName: 'Shop', groups: ['broker-a', 'broker-b'] }
    expect(registeredOf('pulumi-nodejs:dynamic/gantry:TopicOnMasters').map(({ inputs }) => inputs)).toEqual([
      { ...common, name: 'audit', queues: 8, perm: 6, order: true },
      { ...common, name: 'orders', queuesPerGroup: { 'broker-a': 4, 'broker-b': 0 }, perm: 4, order: false },
    ])
    expect(registeredOf('pulumi-nodejs:dynamic/gantry:GroupOnMasters').map(({ inputs }) => inputs)).toEqual([
      { ...common, name: 'billing', orderly: false, broadcast: true, retryQueues: 1, retryMaxTimes: 3 },
    ])
  })

  it('has outputs for clients', async () => {
    const hosts = [
      { name: 'host-1', address: '10.0.0.11', advertisedAddress: '203.0.113.7' },
      { name: 'host-2', address: '10.0.0.12' },
    ]
    const cluster = await made({ nameServers: 2, hosts, groups: [{ name: 'broker-a', replicas: 2 }] })
    expect(await settled(cluster.namesrvAddr)).toBe('203.0.113.7:9876;10.0.0.12:9876')
    expect(await settled(cluster.nodes)).toEqual([
      { id: 'namesrv-0', role: 'NAMESRV', address: '203.0.113.7:9876', host: 'host-1' },
      { id: 'namesrv-1', role: 'NAMESRV', address: '10.0.0.12:9876', host: 'host-2' },
      {
        id: 'broker-a-0',
        role: 'ASYNC_MASTER',
        address: '203.0.113.7:10911',
        host: 'host-1',
        group: 'broker-a',
        brokerId: 0,
      },
      { id: 'broker-a-1', role: 'SLAVE', address: '10.0.0.12:11911', host: 'host-2', group: 'broker-a', brokerId: 1 },
    ])
    // Brokers reach NameServers where nodes reach one another, clients where they are advertised.
    expect(nodeInputs()[0]?.node.confFile.text).toContain('\nnamesrvAddr=10.0.0.11:9876;10.0.0.12:9876\n')
  })

  it.each<[string, RocketClusterArgs]>([
    ['one host', { groups: [{ name: 'a', replicas: 2, replication: 'sync' }, { name: 'b' }, { name: 'c' }] }],
    [
      'several hosts and overrides',
      {
        name: 'Big',
        nameServers: 3,
        hosts: [1, 2, 3].map((n) => ({ name: `h${n}`, address: `10.0.0.${n}`, dataDir: `/disk${n}` })),
        groups: [1, 2, 3, 4].map((n) => ({ name: `g${n}`, replicas: 3, config: { fileReservedTime: `${n}` } })),
        brokerConfig: { fileReservedTime: '9', maxMessageSize: '1024' },
        ports: { brokerStep: 100 },
        runtime: { nodeOptions: ['--max-old-space-size=64'] },
      },
    ],
  ])('makes the nodes of the plan: %s', async (_, args) => {
    const options = { localDataDir: join(pulumi.getRootDirectory(), '.gantry', 'dev') }
    const { nodes } = planCluster(parseClusterConfig(configOfArgs(args)), options)
    await made(args)
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
    expect(
      nodeInputs()
        .map(({ node }) => withoutOrder(node))
        .sort(byId),
    ).toEqual(nodes.map(withoutOrder).sort(byId))
  })

  it('says what is wrong before anything is registered', () => {
    const wrong = () =>
      new RocketCluster('rocket', { groups: [{ name: 'a', config: { brokerID: '1' } }], topics: [{ name: 'TBW102' }] })
    expect(wrong).toThrow(/gantry:cluster\.groups\[0\]\.config\.brokerID.*\n.*brokerId/)
    expect(wrong).toThrow('gantry:cluster.topics[0].name: is a system topic')
    expect(() => new RocketCluster('rocket', { groups: [{ name: 'a' }], ports: { broker: 9878 } })).toThrow(
      'gantry:cluster.ports',
    )
    expect(registered).toEqual([])
  })

  it("lets the user's transformations change its children", async () => {
    const cluster = new RocketCluster(
      'rocket',
      { groups: [{ name: 'a' }] },
      {
        transformations: [
          ({ type, props, opts }) =>
            type === processNode ? { props: { ...props, readyTimeoutMs: 5000 }, opts } : undefined,
        ],
      },
    )
    await settled(cluster.nodes)
    expect(registeredOf(processNode).map(({ inputs }) => inputs['readyTimeoutMs'])).toEqual([5000, 5000])
  })
})
