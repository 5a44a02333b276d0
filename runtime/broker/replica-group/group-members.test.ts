import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import { type RemotingCommand, responseCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { silentLogger } from '../../observe/logger.ts'
import { GroupMembers, type GroupMembersConfig } from './group-members.ts'

const CONFIG: GroupMembersConfig = {
  brokerClusterName: 'C',
  brokerName: 'broker-a',
  brokerId: 0,
  lockInStrictMode: true,
  enableSlaveActingMaster: false,
  compatibleWithOldNameSrv: true,
  namesrvAddr: ['n1:9876', 'n2:9876'],
  syncBrokerMemberGroupPeriod: 1000,
}

class Scene {
  readonly clock = new ManualClock(1000)
  readonly asked: string[] = []
  readonly warnings: object[] = []
  /** What each name server knows; one without is down. */
  readonly known = new Map<string, Record<string, string>>()
  readonly members: GroupMembers
  /** Name servers that know nothing of groups. */
  readonly old = new Set<string>()

  constructor(config: Partial<GroupMembersConfig> = {}) {
    this.members = new GroupMembers({
      config: { current: { ...CONFIG, ...config } },
      clock: this.clock,
      logger: { ...silentLogger, warn: (fields) => this.warnings.push(fields) },
      invoke: async (address, request) => this.#answer(address, request.code, JSON.stringify(request.fields)),
    })
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }

  #answer(address: string, code: number, fields: string): RemotingCommand {
    this.asked.push(`${address} ${fields}`)
    if (this.old.has(address)) return this.#oldAnswer(address, code)
    const brokerAddrs = this.known.get(address)
    if (brokerAddrs === undefined) throw new Error('down')
    const body = Buffer.from(
      JSON.stringify({ brokerMemberGroup: { brokerAddrs, brokerName: 'broker-a', cluster: 'C' } }),
    )
    return responseCommand({ code: 0, body }, 1, SerializeType.JSON)
  }

  #oldAnswer(address: string, code: number): RemotingCommand {
    const brokerAddrs = this.known.get(address)
    const isRoute = code === RequestCode.GET_ROUTEINFO_BY_TOPIC
    const refusal = isRoute ? ResponseCode.TOPIC_NOT_EXIST : ResponseCode.REQUEST_CODE_NOT_SUPPORTED
    if (!isRoute || brokerAddrs === undefined) return responseCommand({ code: refusal }, 1, SerializeType.JSON)
    const group = { brokerAddrs, brokerName: 'broker-a', cluster: 'C' }
    const body = Buffer.from(JSON.stringify({ brokerDatas: [group], queueDatas: [], filterServerTable: {} }))
    return responseCommand({ code: 0, body }, 1, SerializeType.JSON)
  }
}

test('a name server from before 5.0 is asked for a route instead, unless that is switched off', async () => {
  const scene = new Scene({ lockInStrictMode: false, enableSlaveActingMaster: true })
  scene.old.add('n1:9876')
  const answers: object[] = []
  scene.members.onAnswer((members) => answers.push(Object.fromEntries(members)))
  scene.members.start()
  await scene.advance(0)
  scene.known.set('n1:9876', { 0: 'me:10911', 1: 's1:10911' })
  await scene.advance(1000)
  expect(answers).toEqual([{}, { 0: 'me:10911', 1: 's1:10911' }])
  expect(scene.asked.at(-1)).toBe('n1:9876 {"topic":"rmq_sys_SYNC_BROKER_MEMBER_broker-a"}')
  const strict = new Scene({ compatibleWithOldNameSrv: false })
  strict.old.add('n1:9876')
  expect(await strict.members.refresh()).toBe(false)
  expect(strict.asked).not.toContain('n1:9876 {"topic":"rmq_sys_SYNC_BROKER_MEMBER_broker-a"}')
})

test('the others of the group are those the first name server that answers tells, without this broker', async () => {
  const scene = new Scene()
  scene.known.set('n2:9876', { 0: 'me:10911', 1: 's1:10911', 2: 's2:10911' })
  scene.members.start()
  await scene.advance(0)
  expect(scene.members.others).toEqual(['s1:10911', 's2:10911'])
  expect(scene.asked).toEqual([
    'n1:9876 {"clusterName":"C","brokerName":"broker-a"}',
    'n2:9876 {"clusterName":"C","brokerName":"broker-a"}',
  ])
  scene.known.set('n1:9876', { 1: 's1:10911' })
  await scene.advance(1000)
  expect(scene.members.others).toEqual(['s1:10911'])
  scene.members.stop()
  await scene.advance(5000)
  expect(scene.asked.length).toBe(3)
})

test('while no name server answers, the last answer counts, and the log says so once', async () => {
  const scene = new Scene()
  scene.known.set('n1:9876', { 1: 's1:10911' })
  scene.members.start()
  await scene.advance(0)
  scene.known.clear()
  await scene.advance(1000)
  await scene.advance(1000)
  expect(scene.members.others).toEqual(['s1:10911'])
  expect(scene.warnings).toEqual([{ problem: 'n2:9876: Error: down' }])
})

test('nobody is asked where locks are not strict', async () => {
  const scene = new Scene({ lockInStrictMode: false })
  scene.members.start()
  await scene.advance(5000)
  expect(scene.asked).toEqual([])
})
