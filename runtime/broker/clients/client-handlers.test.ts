import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { FakeClient } from '../testing/fake-client.ts'

const HEARTBEAT_DONE = { IS_SUPPORT_HEART_BEAT_V2: 'true', IS_SUB_CHANGE: 'true' }

function consumerData(groupName: string, topics: readonly string[], more: object = {}) {
  return {
    groupName,
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    subscriptionDataSet: topics.map((topic) => ({ topic, subString: '*', tagsSet: [], codeSet: [], subVersion: 1 })),
    unitMode: false,
    ...more,
  }
}

function heartbeat(from: FakeClient, clientID: string, consumers: object[], producers: string[] = [], more = {}) {
  const producerDataSet = producers.map((groupName) => ({ groupName }))
  return { from, body: JSON.stringify({ clientID, consumerDataSet: consumers, producerDataSet, ...more }) }
}

test('a heartbeat makes its client a member, creates the retry topic and tells the group', async () => {
  const broker = new BrokerFixture()
  const [one, two] = [new FakeClient('h1:1'), new FakeClient('h2:2')]
  const first = heartbeat(one, 'c1', [consumerData('g1', ['T1'])], ['p1'])
  expect(await broker.ask(RequestCode.HEART_BEAT, first)).toEqual({
    code: ResponseCode.SUCCESS,
    remark: undefined,
    fields: HEARTBEAT_DONE,
    body: '',
  })
  broker.endTurn()
  expect(one.pushed).toEqual([{ code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, fields: { consumerGroup: 'g1' } }])
  expect(broker.topics.find('%RETRY%g1')).toMatchObject({ readQueueNums: 1, writeQueueNums: 1, perm: 6, order: false })
  expect(broker.groups.has('g1')).toBe(true)

  await broker.ask(RequestCode.HEART_BEAT, heartbeat(two, 'c2', [consumerData('g1', ['T1'])]))
  await broker.ask(RequestCode.HEART_BEAT, first)
  broker.endTurn()
  expect([one.pushed.length, two.pushed.length]).toEqual([2, 1])
  const list = await broker.ask(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { fields: { consumerGroup: 'g1' } })
  expect(list.body).toBe('{"consumerIdList":["c1","c2"]}')
  expect(Array.from(broker.producers.members('p1')!, (member) => member.clientId)).toEqual(['c1'])
})

test('a client that is connected more than once is listed once', async () => {
  const broker = new BrokerFixture()
  for (const peer of ['h1:1', 'h1:2', 'h1:3']) {
    await broker.ask(RequestCode.HEART_BEAT, heartbeat(new FakeClient(peer), 'c1', [consumerData('g1', ['T1'])], []))
  }
  await broker.ask(RequestCode.HEART_BEAT, heartbeat(new FakeClient('h2:1'), 'c2', [consumerData('g1', ['T1'])], []))
  const list = await broker.ask(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { fields: { consumerGroup: 'g1' } })
  expect(list.body).toBe('{"consumerIdList":["c1","c2"]}')
})

test('connections are listed in the form official tools read', async () => {
  const broker = new BrokerFixture()
  await broker.ask(RequestCode.HEART_BEAT, {
    ...heartbeat(new FakeClient('h1:1'), 'c1', [consumerData('g1', ['T1'])], ['p1']),
    version: 317,
    language: 'GO',
  })
  // Forms of these three bodies were read from an Apache RocketMQ 5.5.0 broker.
  const consumers = await broker.ask(RequestCode.GET_CONSUMER_CONNECTION_LIST, { fields: { consumerGroup: 'g1' } })
  expect(consumers.body).toBe(
    '{"connectionSet":[{"clientAddr":"h1:1","clientId":"c1","language":"GO","version":317}],' +
      '"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING",' +
      '"subscriptionTable":{"T1":{"classFilterMode":false,"codeSet":[],"expressionType":"TAG","subString":"*",' +
      '"subVersion":1,"tagsSet":[],"topic":"T1"}}}',
  )
  const producers = await broker.ask(RequestCode.GET_PRODUCER_CONNECTION_LIST, { fields: { producerGroup: 'p1' } })
  expect(producers.body).toBe('{"connectionSet":[{"clientAddr":"h1:1","clientId":"c1","language":"GO","version":317}]}')
  const all = await broker.ask(RequestCode.GET_ALL_PRODUCER_INFO)
  expect(all.body).toBe(
    '{"data":{"p1":[{"clientId":"c1","language":"GO","lastUpdateTimestamp":1700000000000,"remoteIP":"/h1:1","version":317}]}}',
  )
})

test('groups that are not online are told apart by code and remark', async () => {
  const broker = new BrokerFixture()
  const ask = async (code: number, fields: Record<string, string>) => {
    const { code: answer, remark } = await broker.ask(code, { fields })
    return [answer, remark]
  }
  expect(await ask(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup: 'gX' })).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'no consumer for this group, gX',
  ])
  expect(await ask(RequestCode.GET_CONSUMER_CONNECTION_LIST, { consumerGroup: 'gX' })).toEqual([
    ResponseCode.CONSUMER_NOT_ONLINE,
    'the consumer group[gX] not online',
  ])
  expect(await ask(RequestCode.GET_PRODUCER_CONNECTION_LIST, { producerGroup: 'pX' })).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'the producer group[pX] not exist',
  ])
  expect(await ask(RequestCode.GET_CONSUMER_LIST_BY_GROUP, {})).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'the custom field <consumerGroup> is null',
  ])
})

test('a heartbeat with a known fingerprint may leave its subscriptions out', async () => {
  const broker = new BrokerFixture()
  const client = new FakeClient()
  const beat = async (fingerprint: number, topics: string[], withoutSub: boolean) => {
    const more = { heartbeatFingerprint: fingerprint, withoutSub }
    const asked = heartbeat(client, 'c1', [consumerData('g1', topics)], [], more)
    return (await broker.ask(RequestCode.HEART_BEAT, asked)).fields['IS_SUB_CHANGE']
  }
  expect(await beat(77, ['T1'], false)).toBe('false')
  expect(await beat(77, [], true)).toBe('false')
  expect([...broker.consumers.get('g1')!.subscriptions.keys()]).toEqual(['T1'])
  expect(await beat(78, [], true)).toBe('true')
  expect(await beat(78, ['T2'], false)).toBe('false')
  expect([...broker.consumers.get('g1')!.subscriptions.keys()]).toEqual(['T2'])
  expect([broker.consumers.groupsOf('T1'), broker.consumers.groupsOf('T2')]).toEqual([[], ['g1']])
})

test('an older subscription never replaces a newer one', async () => {
  const broker = new BrokerFixture()
  const subscribe = (from: FakeClient, subString: string, subVersion: number) => {
    const subscriptionDataSet = [{ topic: 'T1', subString, tagsSet: [subString], codeSet: [1], subVersion }]
    return broker.ask(
      RequestCode.HEART_BEAT,
      heartbeat(from, from.remoteText, [consumerData('g1', [], { subscriptionDataSet })]),
    )
  }
  const [one, two] = [new FakeClient('h1:1'), new FakeClient('h2:2')]
  await subscribe(one, 'new', 5)
  await subscribe(two, 'old', 4)
  expect(broker.consumers.findSubscription('g1', 'T1')!.subString).toBe('new')
  await subscribe(two, 'newest', 6)
  expect(broker.consumers.findSubscription('g1', 'T1')!.subString).toBe('newest')
})

test('members leave by unregistering, by losing their connection and by falling silent', async () => {
  const broker = new BrokerFixture()
  const clients = ['h1:1', 'h2:2', 'h3:3', 'h4:4'].map((address) => new FakeClient(address))
  const [first, second, third, fourth] = clients as [FakeClient, FakeClient, FakeClient, FakeClient]
  for (const client of clients) {
    await broker.ask(RequestCode.HEART_BEAT, heartbeat(client, client.remoteText, [consumerData('g1', ['T1'])], ['p1']))
  }
  broker.endTurn()
  await broker.ask(RequestCode.UNREGISTER_CLIENT, {
    from: first,
    fields: { clientID: 'h1:1', producerGroup: 'p1', consumerGroup: 'g1' },
  })
  expect(broker.consumers.get('g1')!.clientIds()).toEqual(['h2:2', 'h3:3', 'h4:4'])
  broker.consumers.onChannelClosed(second)
  broker.producers.onChannelClosed(second)
  broker.clock.nowMs += 100_000
  await broker.ask(RequestCode.HEART_BEAT, heartbeat(fourth, 'h4:4', [consumerData('g1', ['T1'])], ['p1']))
  broker.clock.nowMs += 20_001
  broker.consumers.expire()
  broker.producers.expire()
  expect(broker.consumers.get('g1')!.clientIds()).toEqual(['h4:4'])
  expect(Array.from(broker.producers.members('p1')!, (member) => member.clientId)).toEqual(['h4:4'])
  expect(clients.map((client) => client.isOpen)).toEqual([true, true, false, true])
  broker.endTurn()
  expect([first.pushed.length, fourth.pushed.length]).toEqual([1, 2])
  broker.consumers.onChannelClosed(fourth)
  expect([broker.consumers.get('g1'), broker.consumers.groupsOf('T1')]).toEqual([undefined, []])
  expect(third.pushed.length).toBe(1)
})

test('broadcasting groups and those that do not want it are not told of their members', async () => {
  const broker = new BrokerFixture()
  const client = new FakeClient()
  const config = { groupName: 'quiet', notifyConsumerIdsChangedEnable: false }
  await broker.ask(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, { body: JSON.stringify(config) })
  const groups = [consumerData('all', ['T1'], { messageModel: 'BROADCASTING' }), consumerData('quiet', ['T1'])]
  await broker.ask(RequestCode.HEART_BEAT, heartbeat(client, 'c1', groups))
  broker.consumers.onChannelClosed(client)
  broker.endTurn()
  expect(client.pushed).toEqual([])
})

test('a group that may not be created, or has an illegal name, is passed over', async () => {
  const broker = new BrokerFixture('autoCreateSubscriptionGroup=false\n')
  const groups = [consumerData('g1', ['T1']), consumerData('CID_RMQ_SYS_x', ['T1']), consumerData('bad name', [])]
  const answer = await broker.ask(RequestCode.HEART_BEAT, heartbeat(new FakeClient(), 'c1', groups))
  expect(answer.code).toBe(ResponseCode.SUCCESS)
  expect([...broker.consumers.all()].map((group) => group.name)).toEqual(['CID_RMQ_SYS_x'])
  expect(broker.topics.find('%RETRY%g1')).toBe(undefined)
})

test('modes are understood by name and, from old clients, by position', async () => {
  const broker = new BrokerFixture()
  const modes = { consumeType: 1, messageModel: '0', consumeFromWhere: 'SOMETHING_NEW' }
  await broker.ask(RequestCode.HEART_BEAT, heartbeat(new FakeClient(), 'c1', [consumerData('g1', ['T1'], modes)]))
  const { consumeType, messageModel, consumeFromWhere } = broker.consumers.get('g1')!
  expect([consumeType, messageModel, consumeFromWhere]).toEqual(['CONSUME_PASSIVELY', 'BROADCASTING', undefined])
})

test('a heartbeat that is none is refused with what is wrong', async () => {
  const broker = new BrokerFixture()
  const remark = async (body: string | undefined) => {
    const answer = await broker.ask(RequestCode.HEART_BEAT, body === undefined ? {} : { body })
    return [answer.code, answer.remark]
  }
  expect(await remark(undefined)).toEqual([ResponseCode.SYSTEM_ERROR, 'HEART_BEAT has no body'])
  expect(await remark('{}')).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'body of HEART_BEAT: clientID is missing, expected text',
  ])
  expect(await remark('{"clientID":"c","producerDataSet":7}')).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'body of HEART_BEAT: producerDataSet is 7, expected a list',
  ])
  expect((await remark('{"clientID":'))[0]).toBe(ResponseCode.SYSTEM_ERROR)
})

test('only tag expressions pass the check of a client', async () => {
  const check = async (broker: BrokerFixture, subscriptionData?: object) => {
    const body = JSON.stringify({ clientId: 'c', group: 'g', subscriptionData })
    const { code, remark } = await broker.ask(RequestCode.CHECK_CLIENT_CONFIG, { body })
    return [code, remark]
  }
  const sql = { topic: 'T', subString: 'a > 1', expressionType: 'SQL92' }
  const broker = new BrokerFixture()
  expect(await check(broker, { topic: 'T', subString: '*', expressionType: 'TAG' })).toEqual([0, undefined])
  expect(await check(broker)).toEqual([0, undefined])
  expect(await check(broker, sql)).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'The broker does not support consumer to filter message by SQL92',
  ])
  const filtering = new BrokerFixture('enablePropertyFilter=true\n')
  expect(await check(filtering, sql)).toEqual([0, undefined])
  expect(await check(filtering, { ...sql, subString: 'a > ' })).toEqual([
    ResponseCode.SUBSCRIPTION_PARSE_FAILED,
    'illegal SQL92 expression, at character 5: expected a property, a number or a string, the expression ends',
  ])
  expect(await check(filtering, { ...sql, expressionType: 'JSON' })).toEqual([
    ResponseCode.SUBSCRIPTION_PARSE_FAILED,
    'expressions of type JSON are not known, only TAG and SQL92',
  ])
})

test('a connection that would belong to too many groups is refused, and none of that heartbeat counts', async () => {
  const broker = new BrokerFixture()
  const one = new FakeClient('h1:1')
  const names = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `p${from + i}`)
  await broker.ask(RequestCode.HEART_BEAT, heartbeat(one, 'c1', [], names(9_999)))
  const again = await broker.ask(
    RequestCode.HEART_BEAT,
    heartbeat(one, 'c1', [consumerData('g1', ['T1'])], names(10_000)),
  )
  expect(again.code).toBe(ResponseCode.SUCCESS)
  const more = heartbeat(one, 'c1', [consumerData('g2', ['T1'])], names(2, 9_999))
  expect(await broker.ask(RequestCode.HEART_BEAT, more)).toMatchObject({
    code: ResponseCode.SYSTEM_ERROR,
    remark: 'this connection would belong to 10001 producer groups, at most 10000 are allowed; use more connections',
  })
  expect([broker.producers.members('p10000'), broker.consumers.get('g2')]).toEqual([undefined, undefined])
  broker.producers.onChannelClosed(one)
  expect([...broker.producers.groupNames()]).toEqual([])
  expect((await broker.ask(RequestCode.HEART_BEAT, more)).code).toBe(ResponseCode.SUCCESS)
})
