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
    'broker-a is drained: consumer group billing has not consumed 2 of topic %RETRY%billing; ' +
      'consumer group billing has not consumed 3 of topic orders; transactions that are not settled: 1; ' +
      'messages that wait for delay level 3: 1',
  )
  expect(cluster.told.at(-1)).toBe('broker-a is drained: clients that have old routes')
})

it('gives up at the deadline and says what is left; the permission stays away', async () => {
  const cluster = withBacklog({ lag: 3 })
  expect(await drainGroup(cluster.live, { group: 'broker-a', deadlineMs: 2000, staleRouteMs: 0 })).toEqual({
    drained: false,
    left: ['consumer group billing has not consumed 3 of topic orders'],
  })
  expect(cluster.permissions.get(master)).toBe(4)
})

it('says that nobody who is connected consumes what is left', async () => {
  const cluster = withBacklog({ lag: 3 })
  cluster.answer(master, RequestCode.GET_CONSUMER_CONNECTION_LIST, ({ fields }) => ({
    code: fields?.['consumerGroup'] === 'billing' ? ResponseCode.CONSUMER_NOT_ONLINE : ResponseCode.SUCCESS,
  }))
  const { left } = await drainGroup(cluster.live, { group: 'broker-a', deadlineMs: 2000, staleRouteMs: 0 })
  expect(left).toEqual([
    'consumer group billing has not consumed 3 of topic orders, and none of its consumers is connected',
  ])
})

it('takes the permission again from a broker that has come back with it, and lets clients forget that', async () => {
  const cluster = withBacklog({ lag: 0 })
  const startedMs = cluster.clock.monotonic()
  let isBack = false
  cluster.meanwhile = () => {
    if (isBack || cluster.clock.monotonic() - startedMs < 20_000) return
    isBack = true
    // Docker has started its container again, whose variable says 6.
    cluster.permissions.set(master, 6)
  }
  const report = await drainGroup(cluster.live, { group: 'broker-a', deadlineMs: 600_000 })
  expect(report).toEqual({ drained: true, left: [] })
  expect(cluster.permissions.get(master)).toBe(4)
  expect(cluster.clock.monotonic() - startedMs).toBeGreaterThanOrEqual(55_000)
  expect(cluster.told).toContain(
    `broker-a is drained: ${master} took writes again, which it does no more; ` +
      'it was started again, or somebody gave it its permission back',
  )
})

it('takes the permission again from a slave, too, which may become master', async () => {
  const cluster = withBacklog({ lag: 0 })
  const slave = 'broker-a-1:10911'
  cluster.meanwhile = () => {
    if (cluster.told.length > 0 && cluster.asked.length === 3) cluster.permissions.set(slave, 6)
  }
  await drainGroup(cluster.live, { group: 'broker-a', deadlineMs: 600_000 })
  expect(cluster.permissions.get(slave)).toBe(4)
})

it('says at its deadline who took writes again and again', async () => {
  const cluster = withBacklog({ lag: 0 })
  cluster.meanwhile = () => void cluster.permissions.set(master, 6)
  const { drained, left } = await drainGroup(cluster.live, { group: 'broker-a', deadlineMs: 1000 })
  expect(drained).toBe(false)
  expect(left).toContain(`${master} took writes again, and was stopped from it 2 times`)
})

it('is not done while a NameServer sends writes to the group', async () => {
  const cluster = withBacklog({ lag: 0 })
  const queue = { brokerName: 'broker-a', perm: 6, readQueueNums: 1, writeQueueNums: 1 }
  cluster.answer('ns-1:9876', RequestCode.GET_ROUTEINFO_BY_TOPIC, () => ({
    code: ResponseCode.SUCCESS,
    body: encodeJson({ queueDatas: [queue], brokerDatas: [] }),
  }))
  const report = await drainGroup(cluster.live, { group: 'broker-a', deadlineMs: 2000, staleRouteMs: 0 })
  expect(report).toEqual({ drained: false, left: ['NameServer ns-1:9876 still sends writes to broker-a'] })
})

it('waits for a broker that NameServers know and that does not answer, and takes its permission when it does', async () => {
  const cluster = withBacklog({ lag: 0 })
  const slave = 'broker-a-2:10911'
  cluster.down.add(slave)
  const request = { group: 'broker-a', deadlineMs: 2000, staleRouteMs: 0 }
  expect(await drainGroup(cluster.live, request)).toEqual({
    drained: false,
    left: [
      `whether ${slave} takes writes is not known: connect to ${slave} failed; check that the server runs and the address is right`,
    ],
  })
  cluster.down.clear()
  expect(await drainGroup(cluster.live, request)).toEqual({ drained: true, left: [] })
  expect(cluster.permissions.get(slave)).toBe(4)
})

/** A group whose consumers, who are connected, pop: `points` have come into the revive topic, `again` into the retry topic. */
function withPopped(state: { waiting: number; points: number; again: number }): FakeCluster {
  const cluster = withBacklog({ lag: 0 })
  const ok = (body: object) => ({ code: ResponseCode.SUCCESS, body: encodeJson(body) })
  cluster.answer(master, RequestCode.GET_BROKER_RUNTIME_INFO, () =>
    ok({ table: { timerCongestNum: String(state.waiting), timerOffsetBehind: '0' } }),
  )
  const queue = (topic: string) => JSON.stringify({ topic, brokerName: 'broker-a', queueId: 0 })
  cluster.answer(master, RequestCode.GET_TOPIC_STATS_INFO, ({ fields }) => {
    const topic = String(fields?.['topic'])
    if (topic !== 'rmq_sys_REVIVE_LOG_Shop') return { code: ResponseCode.TOPIC_NOT_EXIST, remark: topic }
    return ok({ offsetTable: { [queue(topic)]: { minOffset: 0, maxOffset: state.points } } })
  })
  cluster.answer(master, RequestCode.GET_ALL_TOPIC_CONFIG, () =>
    ok({ topicConfigTable: { orders: { perm: 6 }, '%RETRY%billing_orders': { perm: 6 } } }),
  )
  cluster.answer(master, RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, () => ok({ topicList: [] }))
  cluster.answer(master, RequestCode.GET_CONSUME_STATS, ({ fields }) => {
    // Nobody subscribes to a retry topic of POP: it is only told of to who asks for it.
    if (fields?.['topicList'] !== '%RETRY%billing_orders') return ok({ offsetTable: {} })
    const offsets = { brokerOffset: state.again, consumerOffset: 0 }
    return ok({ offsetTable: { [queue('%RETRY%billing_orders')]: offsets } })
  })
  return cluster
}

it('waits until what was popped and not acknowledged has come again, and is consumed', async () => {
  const state = { waiting: 1, points: 0, again: 0 }
  const cluster = withPopped(state)
  const startedMs = cluster.clock.monotonic()
  const atMs = (ms: number) => cluster.clock.monotonic() - startedMs >= ms
  cluster.meanwhile = () => {
    // A minute after it was popped its check point comes, 10 s later the message, which is consumed half a minute after that.
    if (atMs(60_000)) Object.assign(state, { waiting: 0, points: 1 })
    if (atMs(70_000)) state.again = atMs(100_000) ? 0 : 1
  }
  expect(await drainGroup(cluster.live, { group: 'broker-a', deadlineMs: 600_000 })).toEqual({
    drained: true,
    left: [],
  })
  expect(cluster.clock.monotonic() - startedMs).toBeGreaterThanOrEqual(100_000)
  const words = (text: string) => `broker-a is drained: ${text}`
  expect(cluster.told).toEqual([
    words('messages that wait for their time, or were popped and not acknowledged: 1'),
    words('messages that were popped and not acknowledged may come again within seconds'),
    words('consumer group billing has not consumed 1 of topic %RETRY%billing_orders'),
  ])
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
  cluster.answer(master, RequestCode.GET_TOPIC_STATS_INFO, ({ fields }) =>
    fields?.['topic'] === 'mails'
      ? ok({ offsetTable: { [queue('broker-a')]: { minOffset: 0, maxOffset: 5 } } })
      : { code: ResponseCode.TOPIC_NOT_EXIST },
  )
  const request = { group: 'broker-a', deadlineMs: 2000, staleRouteMs: 0 }
  expect(await drainGroup(cluster.live, request)).toEqual({
    drained: false,
    left: ['consumer group postman has not begun to consume topic mails here: 5'],
  })
  state.begun = true
  expect(await drainGroup(cluster.live, request)).toEqual({ drained: true, left: [] })
})
