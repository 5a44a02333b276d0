import { expect, it } from 'vitest'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { seedGroup } from './seed.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const fresh = 'broker-b-0:10911'
const old = 'broker-a-0:10911'

interface Tables {
  readonly groups: Record<string, object>
  readonly topics: Record<string, object>
}

/** broker-a has what users made, broker-b is new. */
function twoGroups(): { cluster: FakeCluster; made: string[]; tables: Record<string, Tables> } {
  const cluster = new FakeCluster()
  const made: string[] = []
  const topic = (topicName: string, queues: number, more = {}) => {
    return { topicName, readQueueNums: queues, writeQueueNums: queues, perm: 6, order: false, attributes: {}, ...more }
  }
  const tables: Record<string, Tables> = {
    [old]: {
      groups: {
        billing: { groupName: 'billing', retryMaxTimes: 3 },
        byHand: { groupName: 'byHand', retryMaxTimes: 7 },
      },
      topics: {
        orders: topic('orders', 8),
        audit: topic('audit', 2),
        fifo: topic('fifo', 3, { attributes: { 'message.type': 'FIFO' } }),
        '%RETRY%billing': topic('%RETRY%billing', 1),
        'broker-a': topic('broker-a', 1),
      },
    },
    [fresh]: { groups: {}, topics: {} },
  }
  for (const nameServer of cluster.nameServers) {
    const member = (brokerName: string, address: string) => ({
      brokerName,
      cluster: 'Shop',
      brokerAddrs: { 0: address },
    })
    const brokerAddrTable = { 'broker-a': member('broker-a', old), 'broker-b': member('broker-b', fresh) }
    const body = encodeJson({ brokerAddrTable, clusterAddrTable: { Shop: ['broker-a', 'broker-b'] } })
    cluster.answer(nameServer, RequestCode.GET_BROKER_CLUSTER_INFO, () => ({ code: ResponseCode.SUCCESS, body }))
  }
  const ok = (body: object) => ({ code: ResponseCode.SUCCESS, body: encodeJson(body) })
  for (const [address, { groups, topics }] of Object.entries(tables)) {
    cluster.answer(address, RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, () => ok({ subscriptionGroupTable: groups }))
    cluster.answer(address, RequestCode.GET_ALL_TOPIC_CONFIG, () => ok({ topicConfigTable: topics }))
    cluster.answer(address, RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, () => ok({ topicList: ['broker-a'] }))
  }
  cluster.answer(fresh, RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, ({ body }) => {
    const group = JSON.parse(Buffer.from(body ?? []).toString()) as { groupName: string; retryMaxTimes: number }
    made.push(`group ${group.groupName} ${group.retryMaxTimes}`)
    Object.assign(tables[fresh]?.groups ?? {}, { [group.groupName]: group })
    return { code: ResponseCode.SUCCESS }
  })
  cluster.answer(fresh, RequestCode.UPDATE_AND_CREATE_TOPIC, ({ fields = {} }) => {
    const name = String(fields['topic'])
    made.push(`topic ${name} ${fields['writeQueueNums']} ${fields['attributes'] ?? ''}`.trim())
    Object.assign(tables[fresh]?.topics ?? {}, { [name]: topic(name, Number(fields['writeQueueNums'])) })
    return { code: ResponseCode.SUCCESS }
  })
  return { cluster, made, tables }
}

const request = {
  group: 'broker-b',
  timeoutMs: 2000,
  topics: [
    {
      name: 'orders',
      queues: [
        { group: 'broker-a', count: 8 },
        { group: 'broker-b', count: 5 },
      ],
      perm: 6,
      order: false,
    },
    { name: 'audit', queues: [{ group: 'broker-a', count: 2 }], perm: 6, order: false },
  ],
  consumerGroups: [{ name: 'billing', orderly: false, broadcast: true, retryQueues: 1, retryMaxTimes: 16 }],
}

it('gives a new group consumer groups first, then topics: as declared, and those that users made', async () => {
  const { cluster, made } = twoGroups()
  const report = await seedGroup(cluster.live, request)
  expect(made).toEqual(['group billing 16', 'group byHand 7', 'topic orders 5', 'topic fifo 3 +message.type=FIFO'])
  expect(report).toEqual({ consumerGroups: ['billing', 'byHand'], topics: ['orders', 'fifo'] })
  expect(await seedGroup(cluster.live, request)).toEqual({ consumerGroups: [], topics: [] })
  expect(made).toHaveLength(4)
})

it('makes no topic before every consumer group is there: cut short, it goes on', async () => {
  const { cluster, made } = twoGroups()
  const ask = cluster.answers.get(`${fresh} ${RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP}`)
  cluster.answer(fresh, RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, (draft) =>
    made.length === 1 ? { code: ResponseCode.SYSTEM_ERROR, remark: 'busy' } : (ask?.(draft) ?? { code: 1 }),
  )
  await expect(seedGroup(cluster.live, request)).rejects.toThrow('busy')
  expect(made).toEqual(['group billing 16'])
  cluster.answer(fresh, RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, (draft) => ask?.(draft) ?? { code: 1 })
  expect(await seedGroup(cluster.live, request)).toEqual({ consumerGroups: ['byHand'], topics: ['orders', 'fifo'] })
})

it('waits for the master of the new group', async () => {
  const { cluster } = twoGroups()
  await expect(seedGroup(cluster.live, { ...request, group: 'broker-c' })).rejects.toThrow(
    'waited 2 s until broker-c has a master, in vain: no NameServer knows one',
  )
})

it('leaves what is only declared to whoever declares it, when asked to', async () => {
  const { cluster } = twoGroups()
  const topics = [
    ...request.topics,
    { name: 'brandNew', queues: [{ group: 'broker-b', count: 1 }], perm: 6, order: false },
  ]
  const consumerGroups = [...request.consumerGroups, { ...request.consumerGroups[0]!, name: 'newcomers' }]
  expect(await seedGroup(cluster.live, { ...request, topics, consumerGroups, onlyKnown: true })).toEqual({
    consumerGroups: ['billing', 'byHand'],
    topics: ['orders', 'fifo'],
  })
  expect(await seedGroup(cluster.live, { ...request, topics, consumerGroups })).toEqual({
    consumerGroups: ['newcomers'],
    topics: ['brandNew'],
  })
})

it('waits for masters of the groups that are there: what only they have would be left out', async () => {
  const { cluster } = twoGroups()
  await expect(seedGroup(cluster.live, { ...request, from: ['broker-z'] })).rejects.toThrow(
    'waited 2 s until broker-b, broker-z have masters, in vain: no NameServer knows one of broker-z',
  )
})
