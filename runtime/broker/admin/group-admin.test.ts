import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'

async function update(broker: BrokerFixture, config: object) {
  const body = JSON.stringify(config)
  const { code, remark } = await broker.ask(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, { body })
  return [code, remark]
}

test('a group is created durably, changed and listed', async () => {
  const broker = new BrokerFixture()
  expect(await update(broker, { groupName: 'g1', retryMaxTimes: 3, attributes: { '+priority.factor': '7' } })).toEqual([
    ResponseCode.SUCCESS,
    undefined,
  ])
  expect(broker.disk.readFile('/store/config/subscriptionGroup.json').toString()).toContain('"g1":{')
  expect(await update(broker, { groupName: 'g1', consumeEnable: false })).toEqual([ResponseCode.SUCCESS, undefined])
  expect(broker.groups.get('g1')).toMatchObject({
    consumeEnable: false,
    retryMaxTimes: 16,
    attributes: new Map([['priority.factor', '7']]),
  })
  const all = await broker.ask(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG)
  expect(all.fields).toEqual({ totalGroupNum: '9' })
  expect(all.body.slice(0, 130)).toBe(
    '{"dataVersion":{"counter":2,"stateVersion":0,"timestamp":1700000000000},"forbiddenTable":{},"subscriptionGroupTable":{"TOOLS_CONSU',
  )
  const page = await broker.ask(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, {
    fields: { groupSeq: 0, maxGroupNum: 2 },
  })
  const { subscriptionGroupTable } = JSON.parse(page.body) as { subscriptionGroupTable: object }
  expect(Object.keys(subscriptionGroupTable)).toEqual(['CID_ONS-HTTP-PROXY', 'CID_ONSAPI_OWNER'])
})

test('illegal names, attributes and bodies are refused', async () => {
  const broker = new BrokerFixture()
  expect(await update(broker, { groupName: 'g 1' })).toEqual([
    ResponseCode.INVALID_PARAMETER,
    'The specified group: g 1, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$',
  ])
  expect(await update(broker, { groupName: 'x'.repeat(121) })).toEqual([
    ResponseCode.INVALID_PARAMETER,
    `The specified group: ${'x'.repeat(121)}, is longer than group max length: 120`,
  ])
  expect(await update(broker, { groupName: ' ' })).toEqual([
    ResponseCode.INVALID_PARAMETER,
    'The specified group is blank.',
  ])
  expect(await update(broker, { groupName: 'g1', attributes: { '+foo': '1' } })).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'unsupported key: foo',
  ])
  expect(await update(broker, { groupName: 'g1', attributes: { '+priority.factor': '101' } })).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'value is not in range(0, 100)',
  ])
  expect(await update(broker, { groupName: 'g1', attributes: { '+lite.sub.reset.offset.exclusive': 'yes' } })).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'boolean attribute format is wrong.',
  ])
  expect(await update(broker, {})).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'body of UPDATE_AND_CREATE_SUBSCRIPTIONGROUP: groupName is missing, expected text',
  ])
  const list = JSON.stringify({ groupConfigList: [{ groupName: 'h1' }, { groupName: 'h 2' }] })
  expect(await broker.ask(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, { body: list })).toMatchObject({
    code: ResponseCode.INVALID_PARAMETER,
  })
  expect([broker.groups.has('g1'), broker.groups.has('h1')]).toEqual([false, false])
})

test('a list of groups is created', async () => {
  const broker = new BrokerFixture()
  const body = JSON.stringify({ groupConfigList: [{ groupName: 'h1' }, { groupName: 'h2' }] })
  expect((await broker.ask(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, { body })).code).toBe(0)
  expect([broker.groups.has('h1'), broker.groups.has('h2')]).toEqual([true, true])
})

test('a deleted group keeps its offsets unless they are to be cleaned', async () => {
  const broker = new BrokerFixture()
  const remove = async (fields: Record<string, string>) =>
    (await broker.ask(RequestCode.DELETE_SUBSCRIPTIONGROUP, { fields })).code
  await update(broker, { groupName: 'g1' })
  broker.offsets.commit('g1', 'T1', 0, 5)
  expect(await remove({ groupName: 'g1' })).toBe(ResponseCode.SUCCESS)
  expect([broker.groups.has('g1'), broker.offsets.query('g1', 'T1', 0)]).toEqual([false, 5])
  expect(await remove({ groupName: 'g1', cleanOffset: 'true' })).toBe(ResponseCode.SUCCESS)
  expect(broker.offsets.query('g1', 'T1', 0)).toBe(-1)
})

test('asking for a group creates it where use does', async () => {
  const ask = (broker: BrokerFixture) =>
    broker.ask(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { fields: { group: 'g9' } })
  expect((await ask(new BrokerFixture())).body).toContain('"groupName":"g9"')
  expect(await ask(new BrokerFixture('autoCreateSubscriptionGroup=false\n'))).toMatchObject({
    code: ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
    remark: 'No group in this broker',
  })
})

test('reading a topic can be forbidden to a group', async () => {
  const broker = new BrokerFixture()
  const ask = async (fields: Record<string, string>) =>
    (await broker.ask(RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, { fields: { group: 'g1', topic: 'T1', ...fields } }))
      .body
  expect(await ask({})).toBe('{"group":"g1","readable":true,"topic":"T1"}')
  expect(await ask({ readable: 'false' })).toBe('{"group":"g1","readable":false,"topic":"T1"}')
  expect(broker.groups.isForbidden('g1', 'T1', 2)).toBe(true)
  expect(await ask({ readable: 'true' })).toBe('{"group":"g1","readable":true,"topic":"T1"}')
})
