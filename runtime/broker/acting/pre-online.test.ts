import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import { type Response, responseCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { silentLogger } from '../../observe/logger.ts'
import { encodeTimerReport, NO_PROGRESS, type TimerReport } from '../../store/timer/timer-checkpoint.ts'
import { DelayOffsets } from '../delay/delay-offsets.ts'
import { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import { PreOnline } from './pre-online.ts'

const DELAY = '{"dataVersion":{"counter":3,"stateVersion":0,"timestamp":5},"offsetTable":{1:7,2:1}}'

/** A broker of a group before it registers, and what the others answer it. */
class Scene {
  readonly clock = new ManualClock(1000)
  readonly asked: string[] = []
  readonly timers: TimerReport[] = []
  readonly warnings: object[] = []
  readonly members = new Map<number, string>()
  readonly offsets: ConsumerOffsets
  readonly delayOffsets: DelayOffsets
  readonly replication = { slaveCount: 0, isMasterUp: false, askMaster: async () => true }
  isNameServerUp: boolean
  answer: (address: string, code: number) => Response
  result: boolean | undefined
  readonly preOnline: PreOnline

  constructor(brokerId: number, isNameServerUp = true) {
    this.isNameServerUp = isNameServerUp
    const disk = new SimDisk()
    const { clock } = this
    const common = { disk, clock, logger: silentLogger }
    const settings = { current: { consumerOffsetUpdateVersionStep: 1, useServerSideResetOffset: false } }
    this.offsets = new ConsumerOffsets({ ...common, settings, path: '/config/consumerOffset.json' })
    this.delayOffsets = new DelayOffsets({ ...common, versionStep: 1, path: '/config/delayOffset.json' })
    this.answer = () => ({ code: ResponseCode.SUCCESS })
    this.preOnline = new PreOnline({
      config: { current: { brokerId, brokerNotActiveTimeoutMillis: 10_000 } },
      clock,
      logger: { ...silentLogger, warn: (fields) => this.warnings.push(fields) },
      members: { all: this.members, refresh: async () => this.isNameServerUp },
      invoke: async (address, request) => {
        this.asked.push(`${address} ${request.code} ${JSON.stringify(request.fields ?? {})}`)
        return responseCommand(this.answer(address, request.code), 1, SerializeType.JSON)
      },
      brokerAddr: 'me:10911',
      haServerAddr: 'me:10912',
      openedOffset: 99,
      offsets: this.offsets,
      delayOffsets: this.delayOffsets,
      takeOverTimers: (report) => this.timers.push(report),
      replication: this.replication,
    })
    void this.preOnline.run().then((mayRegister) => {
      this.result = mayRegister
    })
  }

  async advance(ms: number): Promise<void> {
    for (let left = ms; left >= 0; left -= 100) {
      for (let i = 0; i < 40; i++) await Promise.resolve()
      if (left > 0) this.clock.advance(Math.min(100, left))
    }
  }

  /** As a slave that recorded this answers. */
  recorded(offsets: object, counter: number): (address: string, code: number) => Response {
    const dataVersion = { counter, stateVersion: 0, timestamp: 5 }
    const bodies = new Map([
      [RequestCode.GET_ALL_CONSUMER_OFFSET as number, JSON.stringify({ dataVersion, offsetTable: offsets })],
      [RequestCode.GET_ALL_DELAY_OFFSET as number, DELAY],
    ])
    return (_address, code) => ({ code: ResponseCode.SUCCESS, body: Buffer.from(bodies.get(code) ?? '') })
  }
}

test('a master tells each slave of itself, waits until it follows, and takes over what it recorded', async () => {
  const scene = new Scene(0)
  scene.members.set(0, 'me:10911').set(1, 's1:10911')
  scene.delayOffsets.set(2, 4)
  scene.answer = scene.recorded({ 'T@g': { 0: 12, 1: 3 } }, 0)
  await scene.advance(1_000)
  const told = '{"masterHaAddress":"me:10912","masterFlushOffset":99,"masterAddress":"me:10911"}'
  expect(scene.asked).toEqual([`s1:10911 ${RequestCode.EXCHANGE_BROKER_HA_INFO} ${told}`])
  scene.replication.slaveCount = 1
  await scene.advance(100)
  expect(scene.result).toBe(true)
  expect([scene.offsets.query('g', 'T', 0), scene.offsets.query('g', 'T', 1)]).toEqual([12, 3])
  // A level never goes back.
  expect([scene.delayOffsets.get(1), scene.delayOffsets.get(2)]).toEqual([7, 4])
})

test('of a slave whose version is older only what goes farther is taken', async () => {
  const scene = new Scene(0)
  for (let offset = 1; offset <= 20; offset++) scene.offsets.commit('g', 'T', 0, offset)
  scene.members.set(1, 's1:10911')
  scene.replication.slaveCount = 1
  scene.answer = scene.recorded({ 'T@g': { 0: 12, 1: 3 } }, 5)
  await scene.advance(200)
  expect(scene.result).toBe(true)
  expect([scene.offsets.query('g', 'T', 0), scene.offsets.query('g', 'T', 1)]).toEqual([20, 3])
})

test('nothing of what is taken lies behind the end of its queue: this broker may have lost the end by a power cut', async () => {
  const scene = new Scene(0)
  for (let offset = 1; offset <= 8; offset++) scene.offsets.commit('g', 'T', 0, offset)
  scene.offsets.boundBy(() => 10)
  scene.members.set(1, 's1:10911')
  scene.replication.slaveCount = 1
  scene.answer = scene.recorded({ 'T@g': { 0: 12 } }, 5)
  await scene.advance(200)
  expect([scene.result, scene.offsets.query('g', 'T', 0)]).toEqual([true, 10])
})

test('of a slave whose version is not older everything is taken, also an offset that was set back there', async () => {
  const scene = new Scene(0)
  scene.offsets.commit('g', 'T', 0, 20)
  scene.members.set(1, 's1:10911')
  scene.replication.slaveCount = 1
  scene.answer = scene.recorded({ 'T@g': { 0: 12 } }, 5)
  await scene.advance(200)
  expect([scene.result, scene.offsets.query('g', 'T', 0)]).toEqual([true, 12])
})

test('how far its timers came is asked of a slave; one that has none is no obstacle', async () => {
  const scene = new Scene(0)
  scene.members.set(1, 's1:10911').set(2, 's2:10911')
  scene.replication.slaveCount = 2
  const answer = scene.recorded({}, 0)
  const report = { progress: { ...NO_PROGRESS, readMs: 7_000, counter: 3 }, logEnd: 42 }
  scene.answer = (address, code) => {
    if (code !== RequestCode.GET_TIMER_CHECK_POINT) return answer(address, code)
    if (address === 's2:10911') return { code: ResponseCode.SYSTEM_ERROR, remark: 'The checkpoint is null' }
    return { code: ResponseCode.SUCCESS, body: encodeTimerReport(report) }
  }
  await scene.advance(200)
  expect([scene.result, scene.timers]).toEqual([true, [report]])
})

test('a member that does not answer for as long as name servers keep it is passed over', async () => {
  const scene = new Scene(0)
  scene.members.set(1, 's1:10911').set(2, 's2:10911')
  scene.replication.slaveCount = 1
  const answer = scene.recorded({ 'T@g': { 0: 12 } }, 0)
  scene.answer = (address, code) => {
    if (address === 's1:10911') throw new Error('nobody there')
    return answer(address, code)
  }
  await scene.advance(9_000)
  expect(scene.result).toBe(undefined)
  await scene.advance(3_000)
  expect([scene.result, scene.offsets.query('g', 'T', 0)]).toEqual([true, 12])
  expect(scene.warnings.at(-1)).toEqual({ member: 's1:10911', reason: 'nobody there' })
})

test('nothing begins before a name server answers; a stop ends it', async () => {
  const scene = new Scene(0, false)
  await scene.advance(30_000)
  expect([scene.asked, scene.result]).toEqual([[], undefined])
  scene.isNameServerUp = true
  await scene.advance(1_500)
  expect(scene.result).toBe(true)
  const stopped = new Scene(0)
  stopped.members.set(1, 's1:10911')
  stopped.preOnline.stop()
  await stopped.advance(10_000)
  expect(stopped.result).not.toBe(true)
})

test('a slave follows its master first; without one it registers at once', async () => {
  const scene = new Scene(1)
  scene.members.set(0, 'm:10911').set(2, 's2:10911')
  await scene.advance(1_000)
  expect(scene.result).toBe(undefined)
  scene.replication.isMasterUp = true
  await scene.advance(200)
  expect(scene.result).toBe(true)
  const alone = new Scene(1)
  alone.members.set(2, 's2:10911')
  await alone.advance(0)
  expect([alone.result, alone.asked]).toEqual([true, []])
})
