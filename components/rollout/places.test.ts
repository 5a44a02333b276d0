import { expect, it } from 'vitest'
import { noteVacated, waitForgotten } from './places.ts'
import { brokerNode } from './testing/broker-node.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const former = brokerNode(0)
const stranger = { ...brokerNode(0), id: 'broker-b-0', group: 'broker-b' }

it('lets a broker of another group come to a place only when clients look for nobody else there', async () => {
  const cluster = new FakeCluster()
  await noteVacated(cluster.live, former)
  const startedMs = cluster.clock.now()
  await new Promise<void>((resolve) => void cluster.clock.after(5000, resolve))
  await waitForgotten(cluster.live, stranger, undefined)
  expect(cluster.clock.now() - startedMs).toBe(35_000)
  await waitForgotten(cluster.live, stranger, undefined)
  expect(cluster.clock.now() - startedMs, 'once').toBe(35_000)
})

it('lets one of the same group come at once, and one of another group elsewhere', async () => {
  const cluster = new FakeCluster()
  await noteVacated(cluster.live, former)
  const startedMs = cluster.clock.now()
  await waitForgotten(cluster.live, { ...stranger, port: 10_921 }, undefined)
  await waitForgotten(cluster.live, former, undefined)
  expect(cluster.clock.now()).toBe(startedMs)
  expect(cluster.kv.size).toBe(0)
})
