import { expect, it } from 'vitest'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { waitCaughtUp, waitInSync } from './catch-up.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const second = { group: 'broker-a', address: 'broker-a-1:10911', timeoutMs: 2000 }

function clusterWithLag(end: number): FakeCluster {
  const cluster = new FakeCluster()
  const replica = cluster.replicas[1]
  if (replica === undefined) throw new Error('three replicas')
  replica.inSync = false
  replica.end = end
  return cluster
}

it('names the replica that never catches up, and how much it lacks', async () => {
  await expect(waitInSync(clusterWithLag(400).live, second)).rejects.toThrow(
    'waited 2 s until broker-a-1:10911 is in the SyncStateSet of broker-a, in vain: it is 600 bytes behind broker-a-0:10911; in sync are broker-a-0:10911, broker-a-2:10911',
  )
  await expect(waitCaughtUp(clusterWithLag(400).live, second)).rejects.toThrow(
    'in vain: it is 600 bytes behind broker-a-0:10911',
  )
})

it('waits for what the master had at first, not for what comes in meanwhile', async () => {
  const cluster = clusterWithLag(400)
  const [master, slave] = cluster.replicas
  cluster.meanwhile = () => {
    if (master !== undefined) master.end += 100
    if (slave !== undefined) slave.end += 100
  }
  await waitCaughtUp(cluster.live, second)
})

it('an heir has what its master had just before: what it had some looks ago says nothing', async () => {
  const heir = { ...second, isHeir: true }
  const cluster = clusterWithLag(900)
  const [master, slave] = cluster.replicas
  if (master === undefined || slave === undefined) throw new Error('three replicas')
  cluster.meanwhile = () => {
    master.end += 100
    slave.end += 100
  }
  await waitCaughtUp(cluster.live, heir)
  // It has all of the first look, and loses the way to its master, which goes on for clients that have old routes.
  slave.end = master.end
  cluster.meanwhile = () => {
    master.end += 100
  }
  cluster.answer(heir.address, RequestCode.GET_ALL_CONSUMER_OFFSET, () => ({
    code: ResponseCode.SYSTEM_ERROR,
    remark: 'busy',
  }))
  await expect(waitCaughtUp(cluster.live, heir)).rejects.toThrow('bytes behind broker-a-0:10911')
})

it('has nothing to wait for when it is the master itself', async () => {
  const cluster = clusterWithLag(400)
  await waitCaughtUp(cluster.live, { ...second, address: 'broker-a-0:10911' })
  await waitInSync(cluster.live, { ...second, address: 'broker-a-0:10911' })
})

it('goes on when a broker does not answer for a moment', async () => {
  const cluster = clusterWithLag(1000)
  cluster.down.add(second.address)
  let looks = 0
  cluster.meanwhile = () => {
    if (looks++ === 8) cluster.down.clear()
  }
  await waitCaughtUp(cluster.live, second)
  expect(cluster.told.join()).toContain('connect to broker-a-1:10911 failed')
})

it('a slave has caught up when it knows the topics, groups and offsets of its master, too', async () => {
  const cluster = clusterWithLag(1000)
  const ok = (body: object) => ({ code: ResponseCode.SUCCESS, body: encodeJson(body) })
  const config = { orders: { readQueueNums: 4, writeQueueNums: 4, perm: 6 } }
  const copied = { topics: false, groups: false, offsets: false }
  for (const address of ['broker-a-0:10911', second.address]) {
    const has = (what: keyof typeof copied) => address !== second.address || copied[what]
    cluster.answer(address, RequestCode.GET_ALL_TOPIC_CONFIG, () =>
      ok({ topicConfigTable: has('topics') ? config : {} }),
    )
    cluster.answer(address, RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, () =>
      ok({ subscriptionGroupTable: has('groups') ? { billing: {} } : {} }),
    )
    cluster.answer(address, RequestCode.GET_ALL_CONSUMER_OFFSET, () =>
      ok({ offsetTable: { 'orders@billing': { 0: has('offsets') ? 7 : 3 } } }),
    )
  }
  const lacks = ['topic orders as its master has it', 'consumer group billing', 'offset 7 of orders@billing 0']
  for (const [index, what] of (['topics', 'groups', 'offsets'] as const).entries()) {
    await expect(waitCaughtUp(cluster.live, second)).rejects.toThrow(`it lacks ${lacks[index]}`)
    copied[what] = true
  }
  await waitCaughtUp(cluster.live, second)
})

it('waits for offsets alone only a while, unless the slave is an heir', async () => {
  const cluster = clusterWithLag(1000)
  const offsets = (offset: number) => () => ({
    code: ResponseCode.SUCCESS,
    body: encodeJson({ offsetTable: { 'orders@billing': { 0: offset } } }),
  })
  cluster.answer('broker-a-0:10911', RequestCode.GET_ALL_CONSUMER_OFFSET, offsets(7))
  cluster.answer(second.address, RequestCode.GET_ALL_CONSUMER_OFFSET, offsets(3))
  const patient = { ...second, timeoutMs: 60_000 }
  const startedMs = cluster.clock.now()
  await waitCaughtUp(cluster.live, patient)
  expect(cluster.clock.now() - startedMs).toBe(10_000)
  await expect(waitCaughtUp(cluster.live, { ...patient, isHeir: true })).rejects.toThrow(
    'waited 60 s until broker-a-1:10911 has what the master of broker-a has, in vain: it lacks offset 7',
  )
})
