import { expect, test } from 'vitest'
import { type BrokerConf, brokerTable, changeBrokerConf, parseBrokerConf } from './broker-conf.ts'
import { isLiveChange } from './conf-change.ts'
import { testEnv } from './test-env.ts'

const parsed = parseBrokerConf('configBlackList=configBlackList;brokerName', 'broker.conf', testEnv)
const conf = parsed.ok ? parsed.conf : ({} as BrokerConf)

function change(changes: Record<string, string>) {
  return changeBrokerConf(conf, new Map(Object.entries(changes)), testEnv)
}

test('a live key counts at once, in a new frozen configuration', () => {
  const result = change({ fileReservedTime: ' 24', flushIntervalCommitLog: '100' })
  expect(result).toEqual({
    ok: true,
    conf: { ...conf, fileReservedTime: 24, flushIntervalCommitLog: 100 },
    applied: ['fileReservedTime', 'flushIntervalCommitLog'],
    afterRestart: [],
    remark: undefined,
  })
  expect(result.ok && Object.isFrozen(result.conf)).toBe(true)
  expect(conf.fileReservedTime).toBe(72)
})

test('other keys wait for a restart, and the remark says so', () => {
  expect(
    change({ brokerRole: 'SLAVE', brokerId: '1', maxMessageSize: '1024', pullMessageThreadPoolNums: '1' }),
  ).toEqual({
    ok: true,
    conf: { ...conf, maxMessageSize: 1024 },
    applied: ['maxMessageSize'],
    afterRestart: ['brokerRole', 'brokerId', 'pullMessageThreadPoolNums'],
    remark: 'saved, but needs a restart: brokerRole, brokerId, pullMessageThreadPoolNums',
  })
})

test('a key that is live among some of its values is so only among them', () => {
  expect(change({ brokerRole: 'SYNC_MASTER' })).toMatchObject({ applied: ['brokerRole'], afterRestart: [] })
  const { brokerRole } = brokerTable.keys
  expect(isLiveChange(brokerRole, 'SYNC_MASTER', 'ASYNC_MASTER')).toBe(true)
  expect(isLiveChange(brokerRole, 'SLAVE', 'ASYNC_MASTER')).toBe(false)
  expect(isLiveChange(brokerRole, 'ASYNC_MASTER', 'SLAVE')).toBe(false)
})

test('what startup corrects is corrected here too', () => {
  const result = change({ diskMaxUsedSpaceRatio: '99' })
  expect(result.ok && result.conf.diskMaxUsedSpaceRatio).toBe(95)
})

test.each([
  [{ maxMesageSize: '1' }, 'unknown key maxMesageSize (value "1"): did you mean maxMessageSize?'],
  [{ fileReservedTime: 'x' }, 'fileReservedTime = "x": expected a whole number from 0 to 2147483647 (h)'],
  [
    { brokerRole: 'x', slaveTimeout: '' },
    'brokerRole = "x": expected one of ASYNC_MASTER, SYNC_MASTER, SLAVE; slaveTimeout = "": expected a whole number from -2147483648 to 2147483647 (ms)',
  ],
  [{ deleteWhen: '25' }, 'deleteWhen: "25" is not an hour from 00 to 23; separate several by ;'],
])('%o is invalid, and nothing is changed', (changes, message) => {
  expect(change({ fileReservedTime: '1', ...changes })).toEqual({ ok: false, reason: 'invalid', message })
})

test('keys on the black list are refused, the built-in ones and those of configBlackList', () => {
  expect(change({ rocketmqHome: '/x', brokerName: 'b', fileReservedTime: '1' })).toEqual({
    ok: false,
    reason: 'forbidden',
    message: 'Can not update config in black list: rocketmqHome, brokerName',
  })
})
