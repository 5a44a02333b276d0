import { expect, it } from 'vitest'
import { handOver } from './hand-over.ts'
import { FakeCluster } from './testing/fake-cluster.ts'
import { RolloutWaitError } from './waiting.ts'

const request = { group: 'broker-a', avoid: 'broker-a-0:10911', preferred: ['broker-a-2:10911'], timeoutMs: 5000 }

it('makes the preferred replica master; done again it changes nothing', async () => {
  const cluster = new FakeCluster()
  expect(await handOver(cluster.live, request)).toBe('handed over')
  expect(await handOver(cluster.live, request)).toBe('not master')
  expect(cluster.asked).toEqual(['elect 2'])
})

it('passes over replicas that are not in sync or not alive, and waits while there is no other one', async () => {
  const cluster = new FakeCluster()
  const [, second, third] = cluster.replicas
  if (second === undefined || third === undefined) throw new Error('three replicas')
  third.inSync = false
  second.alive = false
  let looks = 0
  cluster.meanwhile = () => {
    looks++
    if (looks === 10) second.alive = true
  }
  expect(await handOver(cluster.live, request)).toBe('handed over')
  expect(cluster.asked).toEqual(['elect 1'])
  expect(cluster.told[0]).toContain('no other replica is in sync, of broker-a-1:10911, broker-a-2:10911')
})

it('stops when nobody can follow in time, and leaves the master alone', async () => {
  const cluster = new FakeCluster()
  for (const replica of cluster.replicas.slice(1)) replica.inSync = false
  await expect(handOver(cluster.live, request)).rejects.toThrow(
    'waited 5 s until another replica than broker-a-0:10911 is master of broker-a, in vain: no other replica is in sync',
  )
  expect(cluster.asked).toEqual([])
})

it('waits, also after an interruption, until every NameServer that answers routes to the new master', async () => {
  const cluster = new FakeCluster()
  cluster.master = 'broker-a-1:10911'
  cluster.routed.set('ns-1:9876', 'broker-a-0:10911')
  cluster.down.add('ns-0:9876')
  await expect(handOver(cluster.live, request)).rejects.toThrow('ns-1:9876 does not route to broker-a-1:10911 yet')
  cluster.routed.clear()
  expect(await handOver(cluster.live, request)).toBe('not master')
})

it('says by the kind of error that it waited in vain', async () => {
  const cluster = new FakeCluster()
  cluster.down.add('ctl-0:9878')
  await expect(handOver(cluster.live, request)).rejects.toThrow(RolloutWaitError)
})

it('has nobody to hand over to when the others are gone and stay away', async () => {
  const cluster = new FakeCluster()
  for (const replica of cluster.replicas.slice(1)) replica.alive = false
  expect(await handOver(cluster.live, { ...request, timeoutMs: 60_000 })).toBe('alone')
  expect(cluster.told).toEqual(expect.arrayContaining([expect.stringContaining('no other replica lives')]))
  expect(cluster.asked).toEqual([])
})

it('does not let one go for good that is alone', async () => {
  const cluster = new FakeCluster()
  for (const replica of cluster.replicas.slice(1)) replica.alive = false
  await expect(handOver(cluster.live, { ...request, isLeaving: true, timeoutMs: 60_000 })).rejects.toThrow(
    'no other replica lives',
  )
})

it('has nobody to hand over to in a group of one', async () => {
  const cluster = new FakeCluster()
  cluster.replicas.splice(1)
  expect(await handOver(cluster.live, { ...request, preferred: [] })).toBe('alone')
})

it('does not take a master for alone whose replicas have not registered yet', async () => {
  const cluster = new FakeCluster()
  cluster.replicas.splice(1)
  await expect(handOver(cluster.live, request)).rejects.toThrow('has registered')
})
