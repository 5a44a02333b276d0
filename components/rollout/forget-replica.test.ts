import { expect, it } from 'vitest'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { forgetReplica } from './forget-replica.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

it('of a group that is removed all replicas are forgotten at once, whoever was the last in sync', async () => {
  const cluster = new FakeCluster()
  const asked: unknown[] = []
  cluster.answer('ctl-0:9878', RequestCode.CLEAN_BROKER_DATA, ({ fields }) => {
    asked.push(fields?.['brokerControllerIdsToClean'])
    cluster.replicas.splice(0)
    return { code: ResponseCode.SUCCESS }
  })
  for (const address of ['broker-a-2:10911', 'broker-a-1:10911']) {
    await forgetReplica(cluster.live, { group: 'broker-a', address, timeoutMs: 5000, wholeGroup: true })
  }
  expect(asked).toEqual([''])
})

it('waits until the controllers have noticed that a replica is gone; done again it changes nothing', async () => {
  const cluster = new FakeCluster()
  let refusals = 3
  let cleaned = 0
  cluster.answer('ctl-0:9878', RequestCode.CLEAN_BROKER_DATA, ({ fields }) => {
    if (refusals-- > 0) return { code: ResponseCode.CONTROLLER_INVALID_CLEAN_BROKER_METADATA, remark: 'is still alive' }
    expect(fields).toMatchObject({ brokerName: 'broker-a', brokerControllerIdsToClean: '2', clusterName: 'Shop' })
    cluster.replicas.pop()
    cleaned++
    return { code: ResponseCode.SUCCESS }
  })
  const gone = { group: 'broker-a', address: 'broker-a-2:10911', timeoutMs: 5000 }
  await forgetReplica(cluster.live, gone)
  await forgetReplica(cluster.live, gone)
  expect(cleaned).toBe(1)
})
