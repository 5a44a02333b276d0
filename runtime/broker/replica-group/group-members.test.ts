import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import { type RemotingCommand, responseCommand } from '../../codec/remoting/remoting-command.ts'
import { silentLogger } from '../../observe/logger.ts'
import { GroupMembers, type GroupMembersConfig } from './group-members.ts'

const CONFIG: GroupMembersConfig = {
  brokerClusterName: 'C',
  brokerName: 'broker-a',
  brokerId: 0,
  lockInStrictMode: true,
  syncBrokerMemberGroupPeriod: 1000,
}

class Scene {
  readonly clock = new ManualClock(1000)
  readonly asked: string[] = []
  readonly warnings: object[] = []
  /** What each name server knows; one without is down. */
  readonly known = new Map<string, Record<string, string>>()
  readonly members: GroupMembers

  constructor(config: Partial<GroupMembersConfig> = {}) {
    this.members = new GroupMembers({
      config: { current: { ...CONFIG, ...config } },
      clock: this.clock,
      logger: { ...silentLogger, warn: (fields) => this.warnings.push(fields) },
      nameServers: ['n1:9876', 'n2:9876'],
      invoke: async (address, request) => this.#answer(address, JSON.stringify(request.fields)),
    })
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }

  #answer(address: string, fields: string): RemotingCommand {
    this.asked.push(`${address} ${fields}`)
    const brokerAddrs = this.known.get(address)
    if (brokerAddrs === undefined) throw new Error('down')
    const body = Buffer.from(
      JSON.stringify({ brokerMemberGroup: { brokerAddrs, brokerName: 'broker-a', cluster: 'C' } }),
    )
    return responseCommand({ code: 0, body }, 1, SerializeType.JSON)
  }
}

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
