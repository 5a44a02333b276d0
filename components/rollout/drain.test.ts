import { expect, it } from 'vitest'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { drainGroup } from './drain.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const master = 'broker-a-0:10911'

/** A group whose master has a consumer group, its progress and a delay level as given at the moment. */
function withBacklog(state: { lag: number; retries?: number; delayed?: number; unsettled?: number }): FakeCluster {
  const cluster = new FakeCluster()
  const ok = (body: object) => ({ code: ResponseCode.SUCCESS, body: encodeJson(body) })
  cluster.answer(master, RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, () =>
    ok({ subscriptionGroupTable: { billing: { groupName: 'billing' }, CID_RMQ_SYS_TRANS: {} } }),
  )
  const queue = (topic: string, lag: number) =>
    [
      JSON.stringify({ topic, brokerName: 'broker-a', queueId: 0 }),
      { brokerOffset: 50 + lag, consumerOffset: 50 },
    ] as const
  cluster.answer(master, RequestCode.GET_CONSUME_STATS, ({ fields }) => {
    const isOwn = fields?.['consumerGroup'] === 'CID_RMQ_SYS_TRANS'
    const queues = isOwn
      ? [queue('RMQ_SYS_TRANS_HALF_TOPIC', state.unsettled ?? 0), queue('RMQ_SYS_TRANS_OP_HALF_TOPIC', 7)]
      : [queue('orders', state.lag), queue('%RETRY%billing', state.retries ?? 0)]
    return ok({ consumeTps: 0, offsetTable: Object.fromEntries(queues) })
  })
  cluster.answer(master, RequestCode.GET_BROKER_RUNTIME_INFO, () =>
    ok({ table: { scheduleMessageOffset_3: `5,${5 + (state.delayed ?? 0)}`, timerCongestNum: '0' } }),
  )
  return cluster
}

it('waits for consumers, retries, delayed messages and transactions, and for clients with old routes', async () => {
  const state = { lag: 3, retries: 2, delayed: 1, unsettled: 1 }
  const cluster = withBacklog(state)
  let looks = 0
  cluster.meanwhile = () => {
    looks++
    if (looks === 20) state.lag = 0
    if (looks === 40) state.retries = 0
    if (looks === 60) state.delayed = 0
    if (looks === 80) state.unsettled = 0
  }
  const startedMs = cluster.clock.monotonic()
  expect(await drainGroup(cluster.live, { group: 'broker-a', deadlineMs: 600_000 })).toEqual({
    drained: true,
    left: [],
  })
  expect(cluster.permissions.get(master)).toBe(4)
  expect(cluster.clock.monotonic() - startedMs).toBeGreaterThanOrEqual(35_000)
  expect(cluster.told.at(0)).toBe(
    'broker-a is drained: billing: %RETRY%billing 2; billing: orders 3; transactions that are not settled: 1; delay level 3: 1',
  )
  expect(cluster.told.at(-1)).toBe('broker-a is drained: clients that have old routes')
})

it('gives up at the deadline and says what is left; the permission stays away', async () => {
  const cluster = withBacklog({ lag: 3 })
  expect(await drainGroup(cluster.live, { group: 'broker-a', deadlineMs: 2000, staleRouteMs: 0 })).toEqual({
    drained: false,
    left: ['billing: orders 3'],
  })
  expect(cluster.permissions.get(master)).toBe(4)
})

it('takes the permission from a broker, too, that was down when the others lost theirs', async () => {
  const state = { lag: 0 }
  const cluster = withBacklog(state)
  const slave = 'broker-a-1:10911'
  let isBack = false
  const addresses = () => (isBack ? { 0: master, 1: slave } : { 1: slave })
  for (const nameServer of cluster.nameServers) {
    cluster.answer(nameServer, RequestCode.GET_BROKER_CLUSTER_INFO, () => ({
      code: ResponseCode.SUCCESS,
      body: encodeJson({
        brokerAddrTable: { 'broker-a': { brokerName: 'broker-a', cluster: 'Shop', brokerAddrs: addresses() } },
      }),
    }))
  }
  cluster.master = slave
  cluster.meanwhile = () => {
    if (cluster.told.length === 0) return
    isBack = true
    cluster.master = master
  }
  const report = await drainGroup(cluster.live, { group: 'broker-a', deadlineMs: 600_000 })
  expect(cluster.told[0]).toBe('broker-a is drained: broker-a has no master at the moment')
  expect(report).toEqual({ drained: true, left: [] })
  expect(cluster.permissions.get(master)).toBe(4)
})

it('does not take a group for drained whose master does not answer', async () => {
  const cluster = withBacklog({ lag: 0 })
  cluster.meanwhile = () => {
    if (cluster.permissions.size === 3) cluster.down.add(master)
  }
  const report = await drainGroup(cluster.live, { group: 'broker-a', deadlineMs: 2000, staleRouteMs: 0 })
  expect(report).toEqual({ drained: false, left: [expect.stringContaining(`connect to ${master} failed`)] })
})

it('waits for groups that consume a topic elsewhere and have not begun to here', async () => {
  const state = { lag: 0, begun: false }
  const cluster = withBacklog(state)
  const other = 'broker-b-0:10911'
  const ok = (body: object) => ({ code: ResponseCode.SUCCESS, body: encodeJson(body) })
  const broker = (brokerName: string, address: string) => ({ brokerName, cluster: 'Shop', brokerAddrs: { 0: address } })
  for (const nameServer of cluster.nameServers) {
    cluster.answer(nameServer, RequestCode.GET_BROKER_CLUSTER_INFO, () =>
      ok({ brokerAddrTable: { 'broker-a': broker('broker-a', master), 'broker-b': broker('broker-b', other) } }),
    )
  }
  const queue = (brokerName: string) => JSON.stringify({ topic: 'mails', brokerName, queueId: 0 })
  for (const address of [master, other]) {
    const groups = { subscriptionGroupTable: { postman: { groupName: 'postman' } } }
    cluster.answer(address, RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, () => ok(groups))
  }
  const done = { brokerOffset: 5, consumerOffset: 5 }
  cluster.answer(other, RequestCode.GET_CONSUME_STATS, () => ok({ offsetTable: { [queue('broker-b')]: done } }))
  cluster.answer(master, RequestCode.GET_CONSUME_STATS, () =>
    ok({ offsetTable: state.begun ? { [queue('broker-a')]: done } : {} }),
  )
  cluster.answer(master, RequestCode.GET_ALL_TOPIC_CONFIG, () => ok({ topicConfigTable: { mails: { perm: 6 } } }))
  cluster.answer(master, RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, () => ok({ topicList: [] }))
  cluster.answer(master, RequestCode.GET_TOPIC_STATS_INFO, () =>
    ok({ offsetTable: { [queue('broker-a')]: { minOffset: 0, maxOffset: 5 } } }),
  )
  const request = { group: 'broker-a', deadlineMs: 2000, staleRouteMs: 0 }
  expect(await drainGroup(cluster.live, request)).toEqual({ drained: false, left: ['postman: mails 5, not begun'] })
  state.begun = true
  expect(await drainGroup(cluster.live, request)).toEqual({ drained: true, left: [] })
})
