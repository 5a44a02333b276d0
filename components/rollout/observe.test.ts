import { expect, it } from 'vitest'
import { observeCluster } from './observe.ts'
import { brokerNode } from './testing/broker-node.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const nodes = [0, 1, 2].map(brokerNode)

it('sees masters, who is in sync, who lives and where writes go', async () => {
  const cluster = new FakeCluster()
  cluster.master = 'broker-a-1:10911'
  cluster.down.add('broker-a-2:10911')
  const second = cluster.replicas[2]
  if (second !== undefined) second.inSync = false
  const seen = await observeCluster(cluster.live, nodes)
  expect([...seen.nodes].map(([id, { alive }]) => `${id} ${alive}`)).toEqual([
    'broker-a-0 true',
    'broker-a-1 true',
    'broker-a-2 false',
  ])
  expect(Object.fromEntries(seen.masters)).toEqual({ 'broker-a': 'broker-a-1' })
  expect(Object.fromEntries(seen.inSync)).toEqual({ 'broker-a': ['broker-a-0', 'broker-a-1'] })
  expect(Object.fromEntries(seen.writable)).toEqual({ 'broker-a': true })
})

it('sees that the only one in sync is none of the nodes', async () => {
  const cluster = new FakeCluster()
  for (const replica of cluster.replicas.slice(0, 2)) replica.inSync = false
  const alone = async (known: number) => [...(await observeCluster(cluster.live, nodes.slice(0, known))).aloneInSync]
  expect(await alone(2)).toEqual([['broker-a', 'broker-a-2:10911']])
  expect(await alone(3)).toEqual([])
  cluster.replicas[1]!.inSync = true
  expect(await alone(2)).toEqual([])
})

it('leaves out what nobody answers for', async () => {
  const cluster = new FakeCluster()
  for (const address of [...cluster.nameServers, ...cluster.controllers]) cluster.down.add(address)
  const seen = await observeCluster(cluster.live, nodes)
  expect([seen.masters.size, seen.inSync.size, seen.writable.size, seen.controllerLeader]).toEqual([0, 0, 0, undefined])
})
