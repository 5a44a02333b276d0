import { beforeEach, expect, test } from 'vitest'
import { encodeRoute } from '../../codec/route/encode-route-data.ts'
import type { RegisterBody, RegisteredTopic } from '../../codec/route/register-body.ts'
import { encodeClusterInfo, encodeMemberGroup } from './encode-route.ts'
import { filterByZone, pickRoute } from './pick-route.ts'
import { DEFAULT_BROKER_TIMEOUT_MS, type RegisterOutcome, type Registration, RouteTable } from './route-table.ts'
import { allTopics, systemTopics, topicsOfCluster, unitTopics } from './topic-lists.ts'

let table: RouteTable
let stale: string[]

beforeEach(() => {
  stale = []
  table = new RouteTable({ topicChanged: (topic) => stale.push(topic), groupsChanged: () => stale.push('*') })
})

function topic(topicName: string, given: Partial<RegisteredTopic> = {}): RegisteredTopic {
  return { topicName, readQueueNums: 4, writeQueueNums: 4, perm: 6, topicSysFlag: 0, ...given }
}

function body(topics: readonly RegisteredTopic[], counter = 1, stateVersion = 0): RegisterBody {
  return {
    dataVersion: { counter, stateVersion, timestamp: 1_000 },
    topics: new Map(topics.map((one) => [one.topicName, one])),
    filterServers: [],
    mappings: new Map(),
  }
}

const T = [topic('T1'), topic('T2')]

function registration(id: number, given: Partial<Registration> = {}): Registration {
  return {
    cluster: 'c1',
    address: `h:${id}`,
    brokerName: 'broker-a',
    brokerId: id,
    haServerAddr: `ha:${id}`,
    zoneName: undefined,
    timeoutMs: undefined,
    enableActingMaster: false,
    body: body(T),
    connection: {},
    ...given,
  }
}

function register(id: number, given: Partial<Registration> = {}, now = 0): RegisterOutcome {
  return table.register(registration(id, given), false, now)
}

function leave(id: number, wasAsked = false, brokerName = 'broker-a'): void {
  table.unregister([{ cluster: 'c1', address: `h:${id}`, brokerName, brokerId: id, wasAsked }])
}

const perm = (name: string, brokerName = 'broker-a'): number | undefined =>
  table.topics.queuesOf(name)?.get(brokerName)?.perm
const addresses = (): [number, string][] => [...(table.groups.get('broker-a')?.brokerAddrs ?? [])]

test('a master brings its topics, a slave learns where to replicate from', () => {
  expect(register(0)).toMatchObject({ kind: 'registered', isNew: true, master: undefined })
  expect(register(1, { body: body([topic('OnlyOnSlave'), topic('T1')], 9) })).toMatchObject({
    kind: 'registered',
    master: { address: 'h:0', haServerAddr: 'ha:0' },
  })
  expect(encodeRoute(pickRoute(table, 'T1', false)!, 'fastjson').toString()).toBe(
    '{"brokerDatas":[{"brokerAddrs":{0:"h:0",1:"h:1"},"brokerName":"broker-a","cluster":"c1","enableActingMaster":false}],' +
      '"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}',
  )
  expect(pickRoute(table, 'OnlyOnSlave', false)).toBeUndefined()
  expect(encodeClusterInfo(table).toString()).toBe(
    '{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"h:0",1:"h:1"},"brokerName":"broker-a","cluster":"c1","enableActingMaster":false}},' +
      '"clusterAddrTable":{"c1":["broker-a"]}}',
  )
  expect(encodeMemberGroup(table, 'c1', 'broker-a').toString()).toBe(
    '{"brokerMemberGroup":{"brokerAddrs":{0:"h:0",1:"h:1"},"brokerName":"broker-a","cluster":"c1"}}',
  )
  expect(encodeMemberGroup(table, 'c1', 'none').toString()).toBe(
    '{"brokerMemberGroup":{"brokerAddrs":{},"brokerName":"none","cluster":"c1"}}',
  )
})

test('topics are taken over when the data version changes, and nothing is stale when nothing changed', () => {
  const connection = {}
  register(0, { connection })
  stale.length = 0
  expect(register(0, { connection })).toMatchObject({ isNew: false })
  // Same version: what the broker says of known topics is not looked at, unknown ones are taken.
  register(0, { connection, body: body([topic('T1', { perm: 4 }), topic('T3')]) })
  expect([perm('T1'), perm('T3'), stale]).toEqual([6, 6, ['T3']])
  register(0, { connection, body: body([topic('T1', { perm: 4, topicSysFlag: 2 }), topic('T2')], 2) })
  expect([perm('T1'), stale]).toEqual([4, ['T3', 'T1']])
})

test('a broker that has come again over another connection is believed, whatever version it names', () => {
  register(0)
  register(0, { body: body([topic('T1', { perm: 4 }), topic('T2')]) })
  expect(perm('T1')).toBe(4)
})

test('topics missing from a registration stay, unless they are to go', () => {
  register(0)
  register(0, { body: body([topic('T2'), topic('T3')], 2) })
  expect([...table.topics.topics]).toEqual(['T1', 'T2', 'T3'])
  table.register(registration(0, { body: body([topic('T2'), topic('T3')], 3) }), true, 0)
  expect([...table.topics.topics]).toEqual(['T2', 'T3'])
})

test('a slave that becomes master keeps its address and loses its old id', () => {
  register(1)
  expect(addresses()).toEqual([[1, 'h:1']])
  register(0, { address: 'h:1' })
  expect(addresses()).toEqual([[0, 'h:1']])
})

test('of two brokers with one id the one with the higher state version wins', () => {
  register(0, { address: 'new:0', body: body(T, 1, 7) })
  expect(register(0, { address: 'old:0', body: body(T, 99, 6) })).toEqual({ kind: 'fenced', holder: 'new:0' })
  expect([addresses(), table.dataVersionOf('c1', 'old:0')]).toEqual([[[0, 'new:0']], undefined])
  // Equal versions: the later one, as after a change of address.
  expect(register(0, { address: 'moved:0', body: body(T, 1, 7) })).toMatchObject({ kind: 'registered' })
  expect(addresses()).toEqual([[0, 'moved:0']])
  // Fenced under another id it held before: that one is given up, too.
  register(1, { address: 'x:1', body: body(T, 1, 1) })
  expect(register(0, { address: 'x:1', body: body(T, 1, 1) })).toEqual({ kind: 'fenced', holder: 'moved:0' })
  expect(addresses()).toEqual([[0, 'moved:0']])
})

test('a single topic is refused before the broker registered as a whole, and leaves no trace', () => {
  expect(register(0, { body: body([topic('T1')]) })).toEqual({ kind: 'unknown broker' })
  expect([table.groups.size, table.clusters.size]).toEqual([0, 0])
  register(0)
  expect(register(0, { body: body([topic('T9')], 2) })).toMatchObject({ kind: 'registered' })
  expect(perm('T9')).toBe(6)
})

test('silence expires a broker after its own time-out, heartbeats keep it', () => {
  const connection = {}
  register(0, { connection }, 1_000)
  register(1, { timeoutMs: 10_000, connection }, 1_000)
  expect(table.expired(11_000).requests).toEqual([])
  table.touch('c1', 'h:1', 5_000)
  expect(table.expired(11_001).requests).toEqual([])
  const { requests, connections } = table.expired(15_001)
  expect(requests).toEqual([{ cluster: 'c1', address: 'h:1', brokerName: 'broker-a', brokerId: 1, wasAsked: false }])
  expect(connections).toEqual([connection])
  expect(table.unregister(requests).gone.map((one) => one.address)).toEqual(['h:1'])
  expect(table.expired(1_000 + DEFAULT_BROKER_TIMEOUT_MS).requests).toEqual([])
  expect(table.expired(1_001 + DEFAULT_BROKER_TIMEOUT_MS).requests.map((one) => one.brokerId)).toEqual([0])
})

test('a broker whose place another one took expires without taking that one along', () => {
  register(0, { address: 'old:0' }, 0)
  register(0, { address: 'new:0' }, 1_000)
  expect(table.expired(DEFAULT_BROKER_TIMEOUT_MS + 1)).toMatchObject({ requests: [] })
  expect(table.expired(DEFAULT_BROKER_TIMEOUT_MS + 1).connections).toEqual([])
  expect(addresses()).toEqual([[0, 'new:0']])
})

test('all brokers of a lost connection leave; one that came back over another stays', () => {
  const [lost, other] = [{}, {}]
  register(0, { connection: lost })
  register(0, { connection: lost, brokerName: 'broker-b', address: 'h:b' })
  register(1, { connection: lost })
  register(1, { connection: other })
  expect(table.brokersOf(lost).map((one) => [one.brokerName, one.brokerId])).toEqual([
    ['broker-a', 0],
    ['broker-b', 0],
  ])
  table.unregister(table.brokersOf(lost))
  expect([addresses(), [...table.groups.keys()]]).toEqual([[[1, 'h:1']], ['broker-a']])
})

test('the last replica of a group takes its topics and its cluster along', () => {
  register(0)
  register(0, { brokerName: 'broker-b', address: 'h:b', body: body([topic('T1'), topic('B')]) })
  leave(0)
  expect([[...table.topics.topics], [...table.clusters.get('c1')!]]).toEqual([['T1', 'B'], ['broker-b']])
  table.unregister([{ cluster: 'c1', address: 'h:b', brokerName: 'broker-b', brokerId: 0, wasAsked: true }])
  expect([table.groups.size, table.clusters.size, [...table.topics.topics]]).toEqual([0, 0, []])
  expect(table.unregister([{ cluster: 'x', address: 'y', brokerName: 'z', brokerId: 0, wasAsked: true }])).toEqual({
    gone: [],
    minBrokerIdChanges: [],
  })
})

test('without a master the smallest slave brings the topics, read-only when it acts as master', () => {
  register(2)
  register(1, { body: body([topic('T1'), topic('FromOne')], 2) })
  register(3, { body: body([topic('T1'), topic('FromThree')], 3) })
  expect([perm('FromOne'), perm('FromThree')]).toEqual([6, undefined])
  leave(1)
  register(1, { enableActingMaster: true, body: body(T, 5) })
  expect([perm('T1'), perm('T2')]).toEqual([4, 4])
  // A broker of RocketMQ 4 never stands in for its master.
  register(1, {
    brokerName: 'broker-4',
    address: 'h:4',
    enableActingMaster: undefined,
    body: body([topic('Old'), topic('T1')]),
  })
  expect(perm('Old', 'broker-4')).toBeUndefined()
})

test('a group that loses its master is read-only and shows its smallest slave as master', () => {
  const acting = { enableActingMaster: true }
  register(0, acting)
  register(2, acting)
  register(1, acting)
  expect(pickRoute(table, 'T1', true)!.brokerDatas[0]!.brokerAddrs.get(0)).toBe('h:0')
  const { minBrokerIdChanges } = table.unregister([
    { cluster: 'c1', address: 'h:0', brokerName: 'broker-a', brokerId: 0, wasAsked: false },
  ])
  expect(minBrokerIdChanges).toEqual([
    {
      brokerAddrs: new Map([
        [2, 'h:2'],
        [1, 'h:1'],
      ]),
      offlineBrokerAddr: 'h:0',
      haBrokerAddr: undefined,
    },
  ])
  expect(perm('T1')).toBe(4)
  expect([...pickRoute(table, 'T1', true)!.brokerDatas[0]!.brokerAddrs]).toEqual([
    [0, 'h:1'],
    [2, 'h:2'],
  ])
  expect([...pickRoute(table, 'T1', false)!.brokerDatas[0]!.brokerAddrs.keys()].sort()).toEqual([1, 2])
  const members = 'rmq_sys_SYNC_BROKER_MEMBER_broker-a'
  table.topics.put(members, { brokerName: 'broker-a', perm: 4, readQueueNums: 1, writeQueueNums: 1, topicSysFlag: 0 })
  expect(pickRoute(table, members, true)!.brokerDatas[0]!.brokerAddrs.has(0)).toBe(false)
  expect(register(0, acting)).toMatchObject({
    minBrokerIdChange: {
      brokerAddrs: new Map([
        [2, 'h:2'],
        [1, 'h:1'],
        [0, 'h:0'],
      ]),
      haBrokerAddr: 'ha:0',
    },
  })
  expect(perm('T1')).toBe(6)
})

test('a wipe outlives registrations and lost connections, until it is taken back', () => {
  register(0)
  expect(table.wipeWritePerm('broker-a')).toBe(2)
  expect(perm('T1')).toBe(4)
  register(0, { body: body([topic('T1'), topic('T2'), topic('Created')], 2) })
  expect([perm('T1'), perm('Created')]).toEqual([4, 4])
  leave(0)
  register(0)
  expect(perm('T1')).toBe(4)
  expect(table.topics.addWritePerm('broker-a')).toBe(2)
  expect(perm('T1')).toBe(6)
  register(0, { body: body([topic('T1', { perm: 4 }), topic('T2')], 9) })
  expect([perm('T1'), perm('T2')]).toEqual([4, 6])
})

test('an orderly stop of the master ends a wipe; that of a slave does not', () => {
  register(0)
  register(1)
  table.wipeWritePerm('broker-a')
  leave(1, true)
  register(0, { body: body(T, 2) })
  expect(perm('T1')).toBe(4)
  leave(0, true)
  register(0)
  expect(perm('T1')).toBe(6)
  expect(table.wipeWritePerm('nobody')).toBe(0)
  expect(table.topics.isWiped('nobody')).toBe(false)
})

test('single topics come and go', () => {
  register(0)
  register(0, { cluster: 'c2', brokerName: 'broker-b', address: 'h:b' })
  const queue = (brokerName: string) => ({ brokerName, perm: 6, readQueueNums: 1, writeQueueNums: 1, topicSysFlag: 0 })
  expect(table.registerTopic('New', [queue('broker-a'), queue('ghost')])).toBe(false)
  expect(pickRoute(table, 'New', false)).toBeUndefined()
  expect(table.registerTopic('New', [queue('broker-a'), queue('broker-b')])).toBe(true)
  table.deleteTopic('New', 'c2')
  expect([...table.topics.queuesOf('New')!.keys()]).toEqual(['broker-a'])
  table.deleteTopic('New', 'no such cluster')
  table.deleteTopic('New', undefined)
  expect(table.topics.queuesOf('New')).toBeUndefined()
})

test('a zone sees its own groups and those without master', () => {
  register(0, { zoneName: 'Z1' })
  register(0, { brokerName: 'broker-b', address: 'h:b', zoneName: 'z2' })
  register(1, { brokerName: 'broker-c', address: 'h:c', zoneName: 'z2', enableActingMaster: false })
  const route = filterByZone(pickRoute(table, 'T1', false)!, 'z1')
  expect(route.brokerDatas.map((one) => one.brokerName)).toEqual(['broker-a', 'broker-c'])
  expect(route.queueDatas.map((one) => one.brokerName)).toEqual(['broker-a', 'broker-c'])
})

test('static topics carry the mapping of each group', () => {
  const mapping = {
    topic: 'S',
    bname: 'broker-a',
    scope: '__global__',
    totalQueues: 8,
    epoch: 5,
    dirty: false,
    currIdMap: new Map([[0, 1]]),
  }
  register(0, { body: { ...body([topic('S'), topic('T1')]), mappings: new Map([['S', mapping]]) } })
  expect(encodeRoute(pickRoute(table, 'S', false)!, 'standard').toString()).toContain(
    '"topicQueueMappingByBroker":{"broker-a":{"bname":"broker-a","currIdMap":{"0":1},"dirty":false,"epoch":5,',
  )
  leave(0)
  register(0)
  register(0, { body: body([topic('S'), topic('T1')], 2) })
  expect(pickRoute(table, 'S', false)!.topicQueueMappingByBroker).toBeUndefined()
})

test('filter servers are listed by address', () => {
  register(0, { body: { ...body(T), filterServers: ['f:1'] } })
  expect([...pickRoute(table, 'T1', false)!.filterServerTable]).toEqual([['h:0', ['f:1']]])
  register(0)
  expect(pickRoute(table, 'T1', false)!.filterServerTable.size).toBe(0)
})

test('topics are listed by cluster, by kind and with the system ones', () => {
  register(0, {
    body: body([topic('U', { topicSysFlag: 1 }), topic('US', { topicSysFlag: 3 }), topic('S', { topicSysFlag: 2 })]),
  })
  register(0, { cluster: 'c2', brokerName: 'broker-b', address: 'h:b' })
  const list = (one: { topicList: Iterable<string> }) => [...one.topicList]
  expect(list(allTopics(table))).toEqual(['U', 'US', 'S', 'T1', 'T2'])
  expect(list(topicsOfCluster(table, 'c2'))).toEqual(['T1', 'T2'])
  expect(list(topicsOfCluster(table, 'none'))).toEqual([])
  expect(list(unitTopics(table, 'unit'))).toEqual(['U', 'US'])
  expect(list(unitTopics(table, 'unit sub'))).toEqual(['US', 'S'])
  expect(list(unitTopics(table, 'unit sub of no unit'))).toEqual(['S'])
  expect(list(systemTopics(table))).toEqual(['c1', 'broker-a', 'c2', 'broker-b'])
  expect(systemTopics(table).brokerAddr).toBe('h:0')
})
