import { expect, it } from 'vitest'
import { writesAgain } from './make-way.ts'
import { waitOtherKnown } from './resumed-groups.ts'
import { brokerNode } from './testing/broker-node.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const master = { ...brokerNode(0), role: 'ASYNC_MASTER', brokerId: 0 } as const

it('lets the next group wait for clients also when a master took writes by itself after its restart', async () => {
  const cluster = new FakeCluster()
  await writesAgain(cluster.live, master, 3000)
  expect(cluster.asked, 'routes say so already').toEqual([])
  const startedMs = cluster.clock.now()
  await waitOtherKnown(cluster.live, 'broker-b', ['broker-a'], undefined)
  expect(cluster.clock.now() - startedMs).toBe(35_000)
})

it('gives a master its writes back that was left without', async () => {
  const cluster = new FakeCluster()
  cluster.permissions.set('broker-a-0:10911', 4)
  await writesAgain(cluster.live, master, 3000)
  expect(cluster.asked).toEqual(['broker-a-0:10911 brokerPermission=6'])
  expect(cluster.kv.size).toBe(2)
})

it('leaves one alone that is to take none', async () => {
  const cluster = new FakeCluster()
  const text = 'brokerPermission=4\n'
  await writesAgain(cluster.live, { ...master, confFile: { path: '/data/broker.conf', text } }, 3000)
  expect([...cluster.asked, ...cluster.kv.keys()]).toEqual([])
})
