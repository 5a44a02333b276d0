import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'

async function update(broker: BrokerFixture, body: string) {
  const { code, remark } = await broker.ask(RequestCode.UPDATE_BROKER_CONFIG, { body })
  return [code, remark]
}

function confText(broker: BrokerFixture): string {
  return broker.disk.readFile(broker.confFile).toString()
}

test('the configuration is answered as properties, sorted, with a version', async () => {
  const broker = new BrokerFixture()
  const { body, fields } = await broker.ask(RequestCode.GET_BROKER_CONFIG)
  expect(fields).toEqual({ version: '{"counter":0,"stateVersion":0,"timestamp":1700000000000}' })
  const lines = body.trimEnd().split('\n')
  expect(lines).toContain('brokerName=broker-a')
  expect(lines).toContain('fileReservedTime=72')
  expect(lines).toEqual([...lines].sort((a, b) => (a.split('=')[0]! < b.split('=')[0]! ? -1 : 1)))
})

test('a live change counts at once and is saved into the conf file, the rest of which stays', async () => {
  const broker = new BrokerFixture()
  expect(await update(broker, 'autoCreateTopicEnable=false\n')).toEqual([ResponseCode.SUCCESS, undefined])
  expect(broker.conf.current.autoCreateTopicEnable).toBe(false)
  expect(confText(broker)).toBe(
    '# the test broker\nbrokerName=broker-a\nstorePathRootDir=/store\nautoCreateTopicEnable=false\n',
  )
  const { body, fields } = await broker.ask(RequestCode.GET_BROKER_CONFIG)
  expect(body).toContain('\nautoCreateTopicEnable=false\n')
  expect(fields['version']).toContain('"counter":1')
  expect(broker.topics.createForSend('T1', 'TBW102', 4, 'p', 0)).toBe(undefined)
})

test('a change that needs a restart is saved and shown, and says so', async () => {
  const broker = new BrokerFixture()
  expect(await update(broker, 'listenPort=12345\n')).toEqual([
    ResponseCode.SUCCESS,
    'saved, but needs a restart: listenPort',
  ])
  expect(broker.conf.current.listenPort).toBe(10911)
  expect((await broker.ask(RequestCode.GET_BROKER_CONFIG)).body).toContain('\nlistenPort=12345\n')
})

test('a new brokerPermission goes to the name servers at once', async () => {
  const broker = new BrokerFixture()
  await update(broker, 'brokerPermission=4\n')
  expect([broker.registrations, broker.topics.dataVersion.counter]).toEqual([1, 1])
})

test('the version of the topics goes to the disk before the permission that it stands for', async () => {
  const broker = new BrokerFixture()
  const counter = () => JSON.parse(broker.disk.readFile('/store/config/topics.json').toString()).dataVersion.counter
  broker.disk.fail({ nth: 1, code: 'EROFS', operations: ['write'], path: /broker\.conf/ })
  expect((await update(broker, 'brokerPermission=4\n'))[0]).toBe(ResponseCode.SYSTEM_ERROR)
  expect([counter(), broker.conf.current.brokerPermission]).toEqual([1, 6])
  await update(broker, 'brokerPermission=4\n')
  expect([counter(), broker.conf.current.brokerPermission]).toEqual([2, 4])
})

test('what cannot be changed changes nothing', async () => {
  const broker = new BrokerFixture()
  const before = confText(broker)
  expect((await update(broker, 'autoCreateTopicEnable=false\nbrokerConfigPath=/x\n'))[0]).toBe(
    ResponseCode.NO_PERMISSION,
  )
  const [code, remark] = await update(broker, 'autoCreateTopicEnable=false\nfileReservedTimes=3\n')
  expect(code).toBe(ResponseCode.INVALID_PARAMETER)
  expect(remark).toContain('fileReservedTime')
  expect((await update(broker, 'autoCreateTopicEnable=maybe\n'))[0]).toBe(ResponseCode.INVALID_PARAMETER)
  expect((await update(broker, 'a=\\u00zz\n'))[0]).toBe(ResponseCode.INVALID_PARAMETER)
  broker.disk.fail({ nth: 1, code: 'EROFS', operations: ['write'] })
  const failed = await update(broker, 'autoCreateTopicEnable=false\n')
  expect(failed[0]).toBe(ResponseCode.SYSTEM_ERROR)
  expect(failed[1]).toContain("nothing changed: /conf/broker.conf or the topics' file cannot be written")
  expect(broker.conf.current.autoCreateTopicEnable).toBe(true)
  expect(confText(broker)).toBe(before)
})
