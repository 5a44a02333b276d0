import { expect, it } from 'vitest'
import { leaveReplica } from './leave-replica.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const leaving = { group: 'broker-a', address: 'broker-a-0:10911', timeoutMs: 60_000 }

it('hands over, and stays until clients have asked for routes again', async () => {
  const cluster = new FakeCluster()
  const startedMs = cluster.clock.now()
  await leaveReplica(cluster.live, leaving)
  expect(cluster.asked).toEqual(['elect 1'])
  expect(cluster.clock.now() - startedMs).toBeGreaterThanOrEqual(35_000)
})

it('goes at once when it is not master', async () => {
  const cluster = new FakeCluster()
  const startedMs = cluster.clock.now()
  await leaveReplica(cluster.live, { ...leaving, address: 'broker-a-2:10911' })
  expect(cluster.asked).toEqual([])
  expect(cluster.clock.now() - startedMs).toBeLessThan(1000)
})

it('does not go while it is the only one that lives, but from a drained group', async () => {
  const cluster = new FakeCluster()
  for (const replica of cluster.replicas.slice(1)) replica.alive = false
  await expect(leaveReplica(cluster.live, leaving)).rejects.toThrow('no other replica lives')
  cluster.permissions.set('broker-a-0:10911', 4)
  await leaveReplica(cluster.live, leaving)
  expect(cluster.asked).toEqual([])
})
