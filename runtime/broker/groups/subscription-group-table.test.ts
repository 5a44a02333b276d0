import { expect, test } from 'vitest'
import { parseJson } from '../../codec/json/parse-json.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { readSubscriptionGroup, subscriptionGroup } from './subscription-group.ts'
import { readSubscriptionGroupTable } from './subscription-group-table.ts'

const PATH = '/store/config/subscriptionGroup.json'

test('starts with the groups an official broker starts with', () => {
  const { groups } = new BrokerFixture()
  expect(Array.from(groups.all(), (config) => config.groupName).sort()).toEqual([
    'CID_ONS-HTTP-PROXY',
    'CID_ONSAPI_OWNER',
    'CID_ONSAPI_PERMISSION',
    'CID_ONSAPI_PULL',
    'CID_RMQ_SYS_TRANS',
    'FILTERSRV_CONSUMER',
    'SELF_TEST_C_GROUP',
    'TOOLS_CONSUMER',
  ])
})

test('a group has the fields and defaults of Apache RocketMQ', () => {
  // Read from an Apache RocketMQ 5.5.0 broker.
  expect(encodeJson(subscriptionGroup('g1')).toString()).toBe(
    '{"attributes":{},"brokerId":0,"consumeBroadcastEnable":true,"consumeEnable":true,"consumeFromMinEnable":true,' +
      '"consumeMessageOrderly":false,"consumeTimeoutMinute":15,"groupName":"g1","groupRetryPolicy":{"type":"CUSTOMIZED"},' +
      '"groupSysFlag":0,"notifyConsumerIdsChangedEnable":true,"retryMaxTimes":16,"retryQueueNums":1,' +
      '"whichBrokerWhenConsumeSlowly":1}',
  )
})

test('what the broker does not use of a group is kept all the same', () => {
  const text =
    '{"attributes":{"priority.factor":"7"},"brokerId":2,"consumeBroadcastEnable":false,"consumeEnable":false,' +
    '"consumeFromMinEnable":false,"consumeMessageOrderly":true,"consumeTimeoutMinute":3,"groupName":"g1",' +
    '"groupRetryPolicy":{"exponentialRetryPolicy":{"initial":5000,"max":7200000,"multiplier":2},"type":"EXPONENTIAL"},' +
    '"groupSysFlag":1,"notifyConsumerIdsChangedEnable":false,"retryMaxTimes":4,"retryQueueNums":2,' +
    '"subscriptionDataSet":[{"expression":"*","expressionType":"TAG","topic":"T1"}],"whichBrokerWhenConsumeSlowly":3}'
  expect(encodeJson(readSubscriptionGroup(parseJson(text))).toString()).toBe(text)
})

test('groups are saved with their forbidden topics and read back', () => {
  const { groups, disk, clock } = new BrokerFixture()
  for (const { groupName } of [...groups.all()]) groups.delete(groupName)
  groups.find('g1')
  groups.setForbidden('g1', 'T1', 2, true)
  groups.setForbidden('g1', 'T1', 2, true)
  groups.state.saveIfChanged(clock.now())
  const text = disk.readFile(PATH).toString()
  expect(text.slice(0, text.indexOf('"attributes"'))).toBe(
    '{\n\t"dataVersion":{\n\t\t"counter":10,\n\t\t"stateVersion":0,\n\t\t"timestamp":1700000000000\n\t},\n' +
      '\t"forbiddenTable":{\n\t\t"g1":{\n\t\t\t"T1":4\n\t\t}\n\t},\n\t"subscriptionGroupTable":{\n\t\t"g1":{\n\t\t\t',
  )
  const again = new BrokerFixture().groups
  const { configs, forbidden, dataVersion } = readSubscriptionGroupTable(parseJson(text))
  again.replaceAll(configs, forbidden, dataVersion)
  expect(Array.from(again.all())).toEqual([subscriptionGroup('g1')])
  expect([again.isForbidden('g1', 'T1', 2), again.isForbidden('g1', 'T2', 2)]).toEqual([true, false])
  expect(again.dataVersion.counter).toBe(10)
  again.setForbidden('g1', 'T1', 2, false)
  expect(again.isForbidden('g1', 'T1', 2)).toBe(false)
})

test('a group is created by use only where that is allowed and its name is legal', () => {
  const open = new BrokerFixture().groups
  expect(open.find('g1')).toEqual(subscriptionGroup('g1'))
  expect(open.find('bad name')).toBe(undefined)
  expect(open.find('x'.repeat(121))).toBe(undefined)
  const closed = new BrokerFixture('autoCreateSubscriptionGroup=false\n').groups
  expect(closed.find('g1')).toBe(undefined)
  expect(closed.find('CID_RMQ_SYS_x')).toEqual(subscriptionGroup('CID_RMQ_SYS_x'))
})

test('a group that reads too slowly is shut off', () => {
  const { groups } = new BrokerFixture()
  groups.find('g1')
  groups.disableConsume('g1')
  groups.disableConsume('absent')
  const bytes = Buffer.from('[g1]')
  expect(groups.getBytes(bytes, 1, 2)!.consumeEnable).toBe(false)
  expect(groups.dataVersion.counter).toBe(2)
})
