import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ReplicasInfo } from '../../runtime/codec/controller/replicas-info.ts'
import { RocketCluster } from '../cluster/rocket-cluster.ts'
import type { PlanNode } from '../plan/plan-node.ts'
import { allRegistered, mockEngine, registered, settled } from '../testing/registered-resources.ts'
import { replicaOrder } from './replica-turns.ts'
import { seeReplicas } from './seen-replicas.ts'

const addresses = ['127.0.0.1:10911', '127.0.0.1:11911', '127.0.0.1:12911']
const [first = '', second = '', third = ''] = addresses

/** What controllers know: a master, and all others, of whom some have ended. */
const seen = (master: string | undefined, known: readonly string[], dead: readonly string[] = []): ReplicasInfo => ({
  masterBrokerId: 1,
  masterAddress: master,
  masterEpoch: 1,
  syncStateSetEpoch: 1,
  inSyncReplicas: known.map((brokerAddress, index) => {
    return { brokerName: 'broker-a', brokerId: index + 1, brokerAddress, alive: !dead.includes(brokerAddress) }
  }),
  notInSyncReplicas: [],
})

describe('the order of replicas', () => {
  it.each<[string, ReplicasInfo | undefined, number[]]>([
    ['as planned of a group that nobody knows', undefined, [0, 1, 2]],
    ['the first is master, and comes last', seen(first, addresses), [1, 2, 0]],
    ['the second is', seen(second, addresses), [0, 2, 1]],
    ['the third is', seen(third, addresses), [0, 1, 2]],
    ['a slave has ended', seen(first, addresses, [second]), [1, 2, 0]],
    ['one is new, and is filled when the others are as they are to be', seen(first, [first, second]), [1, 0, 2]],
    ['the master is to be elsewhere', seen('127.0.0.1:9', ['127.0.0.1:9', second]), [1, 0, 2]],
    ['only the first has become an elected one', seen(first, [first]), [0, 1, 2]],
    ['nobody is master', seen(undefined, addresses), [0, 1, 2]],
    ['the master has ended: others may wait for it', seen(first, addresses, [first]), [0, 1, 2]],
  ])('%s', (_, replicas, order) => {
    expect(replicaOrder(addresses, replicas)).toEqual(order)
  })
})

describe('a group of a cluster', () => {
  beforeEach(() => mockEngine())
  afterEach(allRegistered)

  const brokers = () =>
    registered
      .filter(({ type }) => /:(ProcessNode|DockerNode)$/.test(type))
      .map(({ name }) => name.replace('rocket-', ''))

  /** The address by which controllers know it. */
  const registeredAs = (name: string): string =>
    registered.flatMap(({ inputs }) => {
      const { node } = inputs as { node?: PlanNode }
      return node?.id !== name ? [] : [`${node.advertisedAddress}:${node.port}`]
    })[0] ?? ''

  async function made(platform: object, groups: object = {}): Promise<string[]> {
    const cluster = new RocketCluster('rocket', {
      name: 'Shop',
      controllers: { replicas: 1 },
      groups: [{ name: 'broker-a', replicas: 3, ...groups }],
      platform,
    })
    await settled(cluster.nodes)
    return brokers().filter((name) => name.startsWith('broker-'))
  }

  it.each([
    ['processes', {}],
    ['containers', { docker: {} }],
  ])('as %s: the master comes last', async (_, platform) => {
    const stack = new Map((await made(platform)).map((name) => [name, registeredAs(name)]))
    expect([...stack.keys()]).toEqual(['broker-a-0', 'broker-a-1', 'broker-a-2'])
    await allRegistered()
    await mockEngine()
    const asked: object[] = []
    const master = stack.get('broker-a-0')
    seeReplicas(async ({ tell: _tell, ...of }) => {
      asked.push(of)
      return seen(master, [...stack.values()])
    })
    expect(await made(platform)).toEqual(['broker-a-1', 'broker-a-2', 'broker-a-0'])
    expect(asked).toEqual([
      {
        clusterName: 'Shop',
        group: 'broker-a',
        controllers: [expect.stringMatching(/^[0-9.]+:\d+$/)],
        access: undefined,
      },
    ])
  })

  it('the resources are the same, whoever is master', async () => {
    const all = () => registered.map(({ type, name, inputs }) => JSON.stringify([type, name, inputs])).sort()
    await made({ docker: {} })
    const before = all()
    await allRegistered()
    await mockEngine()
    seeReplicas(async () => seen(first, addresses))
    await made({ docker: {} })
    expect(all()).toEqual(before)
  })

  it('controllers that cannot be asked are no hindrance', async () => {
    seeReplicas(() => Promise.reject(new Error('nobody answers')))
    expect(await made({})).toEqual(['broker-a-0', 'broker-a-1', 'broker-a-2'])
  })

  it('with fixed masters nobody is asked', async () => {
    seeReplicas(() => Promise.reject(new Error('asked')))
    const cluster = new RocketCluster('rocket', { groups: [{ name: 'broker-a', replicas: 2 }] })
    await settled(cluster.nodes)
    expect(brokers().filter((name) => name.startsWith('broker-'))).toEqual(['broker-a-0', 'broker-a-1'])
  })

  it('a preview asks nobody', async () => {
    await mockEngine('dev', { isPreview: true })
    let asked = 0
    seeReplicas(async () => {
      asked++
      return undefined
    })
    new RocketCluster('rocket', { controllers: { replicas: 1 }, groups: [{ name: 'broker-a', replicas: 2 }] })
    await allRegistered()
    expect(brokers()).toContain('broker-a-1')
    expect(asked).toBe(0)
  })
})
