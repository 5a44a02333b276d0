import { expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { WholeBroker } from '../testing/whole-broker.ts'

const MASTER_ADDR = '127.0.0.1:10911'
const MASTER_HA = '127.0.0.1:10912'
const SLAVE = 'brokerRole=SLAVE\nbrokerId=1\nlistenPort=10921\nenableSlaveActingMaster=true\n'

async function pair(slaveSettings = ''): Promise<{ master: WholeBroker; slave: WholeBroker }> {
  const master = await WholeBroker.start()
  const slave = await WholeBroker.start(SLAVE + slaveSettings, {}, master)
  await master.send('T')
  return { master, slave }
}

async function clientStatus(slave: WholeBroker) {
  const { body } = await slave.ask(RequestCode.GET_BROKER_HA_STATUS)
  const { haClientRuntimeInfo } = JSON.parse(body!.toString())
  const { masterAddr, isActivated, masterFlushOffset } = haClientRuntimeInfo as Record<string, unknown>
  return { masterAddr, isActivated, masterFlushOffset }
}

const exchange = (broker: WholeBroker, fields: Record<string, string | number> = {}) =>
  broker.ask(RequestCode.EXCHANGE_BROKER_HA_INFO, { fields })
const notify = (broker: WholeBroker, fields: Record<string, string | number>) =>
  broker.ask(RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, { fields })

test('a master tells where it is and how much it held when it started, a slave has nothing to tell', async () => {
  const { master, slave } = await pair()
  expect((await exchange(master)).fields).toEqual({
    masterHaAddress: MASTER_HA,
    masterFlushOffset: '0',
    masterAddress: MASTER_ADDR,
  })
  const written = master.broker.store.writtenOffset
  await master.restart()
  expect((await exchange(master)).fields['masterFlushOffset']).toBe(String(written))
  expect(await exchange(slave)).toMatchObject({ code: ResponseCode.SUCCESS, fields: {} })
})

test('a slave follows the master that tells it of itself', async () => {
  const { master, slave } = await pair('syncMasterFlushOffsetWhenStartup=true\n')
  const told = { masterHaAddress: MASTER_HA, masterAddress: MASTER_ADDR, masterFlushOffset: 4711 }
  expect((await exchange(slave, told)).code).toBe(ResponseCode.SUCCESS)
  await slave.settle()
  expect(slave.broker.store.writtenOffset).toBe(master.broker.store.writtenOffset)
  expect(await clientStatus(slave)).toEqual({ masterAddr: MASTER_HA, isActivated: true, masterFlushOffset: 4711 })
  const wrong = await exchange(slave, { masterHaAddress: 'nowhere' })
  expect([wrong.code, wrong.remark]).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'masterHaAddress is "nowhere", expected host:port',
  ])
  expect((await exchange(master, told)).code).toBe(ResponseCode.SUCCESS)
})

test('a slave lets go of a master that went and asks it for its replication address when it is back', async () => {
  const { master, slave } = await pair()
  await exchange(slave, { masterHaAddress: MASTER_HA, masterAddress: MASTER_ADDR })
  await slave.settle()
  master.crash('process')
  await slave.settle()
  await notify(slave, { minBrokerId: 1, minBrokerAddr: '127.0.0.1:10921', offlineBrokerAddr: MASTER_ADDR })
  await slave.settle()
  expect(await clientStatus(slave)).toMatchObject({ masterAddr: '', isActivated: false })
  await master.startAgain()
  await master.send('T')
  await notify(slave, { minBrokerId: 0, minBrokerAddr: MASTER_ADDR })
  await slave.settle()
  await slave.advance(1_000)
  expect(await clientStatus(slave)).toMatchObject({ masterAddr: MASTER_HA, isActivated: true })
  expect(slave.broker.store.writtenOffset).toBe(master.broker.store.writtenOffset)
})

test('a slave that still hears its master follows on, whatever a name server says', async () => {
  const { master, slave } = await pair()
  await exchange(slave, { masterHaAddress: MASTER_HA, masterAddress: MASTER_ADDR })
  await slave.settle()
  await notify(slave, { minBrokerId: 1, minBrokerAddr: '127.0.0.1:10921', offlineBrokerAddr: MASTER_ADDR })
  await master.send('T')
  await slave.settle()
  expect(await clientStatus(slave)).toMatchObject({ masterAddr: MASTER_HA, isActivated: true })
  expect(slave.broker.store.writtenOffset).toBe(master.broker.store.writtenOffset)
})

test('without enableSlaveActingMaster the news are taken note of and nothing is done', async () => {
  const { slave } = await pair('enableSlaveActingMaster=false\nhaMasterAddress=127.0.0.1:10912\n')
  await slave.settle()
  const told = { minBrokerId: 1, minBrokerAddr: '127.0.0.1:10921', offlineBrokerAddr: MASTER_ADDR }
  expect((await notify(slave, told)).code).toBe(ResponseCode.SUCCESS)
  expect(await clientStatus(slave)).toMatchObject({ masterAddr: MASTER_HA, isActivated: true })
})

test('the flush offset of the master is set at slaves only, and kept', async () => {
  const { master, slave } = await pair('haMasterAddress=127.0.0.1:10912\n')
  await slave.advance(1_000)
  expect(slave.broker.store.writtenOffset).toBe(master.broker.store.writtenOffset)
  const reset = (broker: WholeBroker, masterFlushOffset: number) =>
    broker.ask(RequestCode.RESET_MASTER_FLUSH_OFFSET, { fields: { masterFlushOffset } })
  expect((await reset(master, 7)).code).toBe(ResponseCode.SUCCESS)
  expect(master.broker.store.masterFlushedOffset).toBe(0)
  expect((await reset(slave, 7)).code).toBe(ResponseCode.SUCCESS)
  await slave.restart()
  expect((await clientStatus(slave)).masterFlushOffset).toBe(7)
  expect((await reset(slave, -1)).remark).toBe('masterFlushOffset is -1, expected 0 or more')
})

test('a broker without timers says so in the way an official master that comes back understands', async () => {
  const { slave } = await pair('timerWheelEnable=false\n')
  const { code, body } = await slave.ask(RequestCode.GET_TIMER_CHECK_POINT)
  expect([code, body!.equals(Buffer.alloc(64))]).toEqual([ResponseCode.SUCCESS, true])
})

test('epochs are known to brokers in controller mode only', async () => {
  const { master } = await pair()
  const { code, remark } = await master.ask(RequestCode.GET_BROKER_EPOCH_CACHE)
  expect([code, remark]).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'this request only for controllerMode: enableControllerMode is false at this broker',
  ])
})
