import { expect, it } from 'vitest'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { forgetReplica } from './forget-replica.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

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
