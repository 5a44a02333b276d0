import { expect, it } from 'vitest'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { waitRegistered } from './registered.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const broker = { group: 'broker-a', address: 'broker-a-0:10911', timeoutMs: 300_000 }
const nobody = { code: ResponseCode.SUCCESS, body: encodeJson({ brokerAddrTable: {}, clusterAddrTable: {} }) }

it('waits until a NameServer that has restarted knows the broker again', async () => {
  const cluster = new FakeCluster()
  const startedMs = cluster.clock.now()
  cluster.answer('ns-1:9876', RequestCode.GET_BROKER_CLUSTER_INFO, () => {
    if (cluster.clock.now() - startedMs >= 2000) cluster.answers.clear()
    return nobody
  })
  await waitRegistered(cluster.live, broker)
  expect(cluster.clock.now() - startedMs).toBeGreaterThanOrEqual(2000)
  expect(cluster.told).toEqual(['broker-a-0:10911 is registered with the NameServers: ns-1:9876 does not know it'])
})

it('does not wait for a broker that does not run, nor for ever for one that does', async () => {
  const cluster = new FakeCluster()
  const startedMs = cluster.clock.now()
  cluster.down.add(broker.address)
  for (const nameServer of cluster.nameServers) {
    cluster.answer(nameServer, RequestCode.GET_BROKER_CLUSTER_INFO, () => nobody)
  }
  await waitRegistered(cluster.live, broker)
  expect(cluster.clock.now()).toBe(startedMs)
  cluster.down.clear()
  await waitRegistered(cluster.live, broker)
  expect(cluster.clock.now() - startedMs).toBeLessThan(61_000)
  expect(cluster.told.at(-1)).toContain('in vain')
})
