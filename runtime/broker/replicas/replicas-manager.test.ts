import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SeededRandom } from '../../../test/sim/seeded-random.ts'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import type { RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { silentLogger } from '../../observe/logger.ts'
import { IdentityFiles } from './broker-identity.ts'
import { ControllerClient } from './controller-client.ts'
import { ReplicasManager } from './replicas-manager.ts'
import { OWN, PlayedControllers, PlayedTarget, roleOf } from './testing/played-controllers.ts'

const IDENTITY = '/store/brokerIdentity'
let disk: SimDisk
let clock: ManualClock
let controllers: PlayedControllers
let target: PlayedTarget
let beats: number
let warnings: string[]
let errors: string[]
let manager: ReplicasManager

function newManager(): ReplicasManager {
  target = new PlayedTarget()
  const logger = {
    ...silentLogger,
    warn: (fields: object) => void warnings.push((fields as { problem: string }).problem),
    error: (_fields: object, message: string) => void errors.push(message),
  }
  const invoke = (address: string, request: RequestDraft) => controllers.answer(address, request)
  return new ReplicasManager({
    config: {
      brokerClusterName: 'C',
      brokerName: 'broker-a',
      storePathBrokerIdentity: IDENTITY,
      syncBrokerMetadataPeriod: 5000,
      controllerHeartBeatTimeoutMills: 3000,
    },
    identity: new IdentityFiles(disk, IDENTITY),
    controllers: new ControllerClient({ addresses: () => ['c1:1', 'c2:1', 'c3:1'], invoke, logger }),
    target,
    clock,
    random: new SeededRandom(1),
    logger,
    brokerAddr: OWN,
    beat: () => {
      beats++
    },
  })
}

/** Lets everything that was asked be answered. */
async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve()
}

async function advance(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100)
    await settle()
  }
}

beforeEach(() => {
  disk = new SimDisk()
  clock = new ManualClock(1_000)
  controllers = new PlayedControllers()
  beats = 0
  warnings = []
  errors = []
  manager = newManager()
})

afterEach(() => manager.stop())

describe('coming online', () => {
  test('a new broker gets an id, registers, and is the first master', async () => {
    manager.start()
    await settle()
    expect(target.told).toEqual(['id 1', 'master, epoch 1, set 1'])
    expect(controllers.asked).toEqual(['1012', '1013', '1003', '1004', '1002'])
    expect(beats).toBeGreaterThan(0)
    expect(disk.readFile(IDENTITY).toString()).toBe('C#broker-a#1')
    expect(disk.stat(`${IDENTITY}-temp`)).toBeUndefined()
  })

  test('where there is a master it is followed', async () => {
    controllers.role = roleOf(2, 7, [2])
    manager.start()
    await settle()
    expect(target.told).toEqual(['id 1', 'follow 2 at 10.0.0.2:10911, epoch 7'])
    expect(manager.isMaster).toBe(false)
  })

  test('the id is asked for once: an interrupted wish is repeated as it was', async () => {
    controllers.refusal = { code: RequestCode.CONTROLLER_APPLY_BROKER_ID, response: ResponseCode.SYSTEM_ERROR }
    manager.start()
    await settle()
    const wish = disk.readFile(`${IDENTITY}-temp`).toString()
    expect(wish).toBe('C#broker-a#1#10.0.0.1:10911;1000')
    manager.stop()
    controllers.refusal = undefined
    controllers.asked.length = 0
    manager = newManager()
    manager.start()
    await settle()
    expect(controllers.asked.slice(0, 2)).toEqual(['1013', '1003'])
    expect(disk.readFile(IDENTITY).toString()).toBe('C#broker-a#1')
  })

  test('an id that somebody else got meanwhile is forgotten', async () => {
    controllers.refusal = {
      code: RequestCode.CONTROLLER_APPLY_BROKER_ID,
      response: ResponseCode.CONTROLLER_BROKER_ID_INVALID,
    }
    manager.start()
    await settle()
    expect(disk.stat(`${IDENTITY}-temp`)).toBeUndefined()
    controllers.refusal = undefined
    await advance(500)
    expect(target.told[0]).toBe('id 1')
  })

  describe('with an id that the controllers have forgotten', () => {
    beforeEach(() => {
      new IdentityFiles(disk, IDENTITY).save({ clusterName: 'C', brokerName: 'broker-a', brokerId: 4 })
      const response = ResponseCode.CONTROLLER_BROKER_NEED_TO_BE_REGISTERED
      controllers.refusal = { code: RequestCode.CONTROLLER_REGISTER_BROKER, response }
    })

    test('it joins a group that has a master as a new replica', async () => {
      controllers.role = roleOf(2, 7, [2])
      manager.start()
      await settle()
      controllers.refusal = undefined
      await advance(500)
      expect(target.told).toEqual(['id 4', 'id 0', 'id 1', 'follow 2 at 10.0.0.2:10911, epoch 7'])
      expect(disk.readFile(IDENTITY).toString()).toBe('C#broker-a#1')
    })

    test('it keeps its id where nobody is master: the controllers may have lost their memory', async () => {
      manager.start()
      await advance(2_000)
      expect(target.told).toEqual(['id 4'])
      expect(disk.readFile(IDENTITY).toString()).toBe('C#broker-a#4')
      expect(errors).toEqual([expect.stringContaining('know neither this broker nor a master of its group')])
    })
  })

  test('without controllers it waits, says so once, and comes online when they are there', async () => {
    for (const address of ['c1:1', 'c2:1', 'c3:1']) controllers.down.add(address)
    manager.start()
    await advance(5_000)
    expect(target.told).toEqual([])
    expect(warnings).toEqual([
      'no leader is known to the controllers c1:1;c2:1;c3:1: c1:1 is down; c2:1 is down; c3:1 is down',
    ])
    controllers.down.clear()
    await advance(3_000)
    expect(target.told).toEqual(['id 1', 'master, epoch 1, set 1'])
  })

  test('where no controller is, an error says what to change, and once more a minute later', async () => {
    for (const address of ['c1:1', 'c2:1', 'c3:1']) controllers.down.add(address)
    manager.start()
    await advance(4_000)
    expect(errors).toEqual([])
    await advance(50_000)
    expect(errors).toEqual([
      'this broker is not online: the controllers gave it no role. controllerAddr has to name controllers: mqcontroller ' +
        'processes, or NameServers with enableControllerInNamesrv=true, by the port of their controller ' +
        '(controllerDLegerPeers). To run without controllers set enableControllerMode=false, brokerRole and brokerId',
    ])
    await advance(20_000)
    expect(errors).toHaveLength(2)
  })

  test('refused by the controllers it says so without advice on addresses', async () => {
    controllers.refusal = { code: RequestCode.CONTROLLER_APPLY_BROKER_ID, response: ResponseCode.SYSTEM_ERROR }
    manager.start()
    await advance(7_000)
    expect(errors).toEqual(['this broker is not online: the controllers gave it no role'])
  })

  test.each([
    ['C#broker-b#1', 'belongs to brokerName broker-b, but this broker is configured with broker-a'],
    ['D#broker-a#1', 'belongs to clusterName D, but this broker is configured with C'],
    ['C#broker-a', 'holds "C#broker-a", expected cluster#brokerName#brokerId'],
    ['C#broker-a#zero', 'holds "C#broker-a#zero", expected cluster#brokerName#brokerId'],
  ])('an identity file with %s stops the start', (text, message) => {
    disk.writeFile(IDENTITY, Buffer.from(text))
    expect(() => manager.start()).toThrow(message)
  })
})

describe('changes of the role', () => {
  test('a notification makes it master, or lets it follow another one', async () => {
    controllers.role = roleOf(2, 7, [1, 2])
    manager.start()
    await settle()
    manager.notified(roleOf(1, 8, [1]))
    manager.notified(roleOf(2, 9, [2], 2))
    expect(target.told.slice(1)).toEqual([
      'follow 2 at 10.0.0.2:10911, epoch 7',
      'master, epoch 8, set 1',
      'follow 2 at 10.0.0.2:10911, epoch 9',
    ])
  })

  test('a master with the same id at another address is another broker: it is followed, whatever this one was', async () => {
    controllers.role = roleOf(2, 7, [1, 2])
    manager.start()
    await settle()
    manager.notified(roleOf(1, 8, [1]))
    expect(manager.isMaster).toBe(true)
    manager.notified({ ...roleOf(1, 9, [1]), masterAddress: '10.0.0.9:10911' })
    expect(manager.isMaster).toBe(false)
    expect(target.told.slice(2)).toEqual(['master, epoch 8, set 1', 'follow 1 at 10.0.0.9:10911, epoch 9'])
    expect(errors).toEqual([
      'another broker is master with the id of this one: one store was copied. Stop one of them; to make this one a ' +
        'replica of its own stop it, remove /store/brokerIdentity and start it again',
    ])
  })

  test('what is older than what is known changes nothing', async () => {
    controllers.role = roleOf(2, 7, [1, 2])
    manager.start()
    await settle()
    manager.notified(roleOf(1, 6, [1]))
    manager.notified(roleOf(2, 7, [1, 2]))
    expect(target.told.slice(1)).toEqual(['follow 2 at 10.0.0.2:10911, epoch 7'])
  })

  test('a lost notification is made up for', async () => {
    controllers.role = roleOf(2, 7, [1, 2])
    manager.start()
    await settle()
    controllers.role = roleOf(1, 8, [1])
    await advance(1_000)
    expect(target.told.at(-1)).toBe('master, epoch 8, set 1')
  })

  test('a change that fails is tried again', async () => {
    controllers.role = roleOf(2, 7, [1, 2])
    manager.start()
    await settle()
    target.fails = 'the disk is full'
    controllers.role = roleOf(1, 8, [1])
    await advance(2_000)
    expect(warnings).toEqual(['the disk is full'])
    target.fails = undefined
    await advance(2_000)
    expect(target.told.at(-1)).toBe('master, epoch 8, set 1')
  })

  test('when the leader of the controllers dies the next one is asked', async () => {
    controllers.role = roleOf(2, 7, [1, 2])
    manager.start()
    await settle()
    controllers.down.add('c1:1')
    controllers.leader = 'c3:1'
    controllers.role = roleOf(1, 8, [1])
    await advance(1_000)
    expect(target.told.at(-1)).toBe('master, epoch 8, set 1')
    expect(warnings).toEqual([])
  })
})

describe('a former life', () => {
  beforeEach(() => {
    disk.writeFile(IDENTITY, Buffer.from('C#broker-a#1'))
  })

  test('its role is not taken up again at the same epoch, and no sign of life is given until the controllers notice', async () => {
    controllers.role = roleOf(1, 7, [1, 2])
    manager.start()
    await advance(2_000)
    expect(target.told).toEqual(['id 1'])
    expect(manager.mayBeat).toBe(false)
    controllers.role = roleOf(2, 8, [2])
    await advance(2_000)
    expect(target.told).toEqual(['id 1', 'follow 2 at 10.0.0.2:10911, epoch 8'])
    expect(manager.mayBeat).toBe(true)
  })

  test('elected anew it is master again', async () => {
    controllers.role = roleOf(1, 7, [1])
    manager.start()
    await advance(1_000)
    controllers.role = { ...roleOf(1, 7, [1]), masterBrokerId: undefined, masterAddress: '' }
    await advance(2_000)
    expect(target.told).toEqual(['id 1', 'master, epoch 8, set 1'])
  })

  test('a notification that comes before it has registered does not count', async () => {
    controllers.refusal = { code: RequestCode.CONTROLLER_REGISTER_BROKER, response: ResponseCode.SYSTEM_ERROR }
    manager.start()
    await settle()
    manager.notified(roleOf(1, 7, [1]))
    expect(target.told).toEqual(['id 1'])
  })
})

describe('as master', () => {
  beforeEach(async () => {
    manager.start()
    await settle()
    target.told.length = 0
  })

  test('a wish for another SyncStateSet is put to the controllers; of several the last counts', async () => {
    manager.wantSyncStateSet(new Set([1, 2]), 1)
    manager.wantSyncStateSet(new Set([1, 3]), 2)
    manager.wantSyncStateSet(new Set([3, 2, 1]), 2)
    await settle()
    expect(controllers.asked.filter((code) => code === '1001').length).toBe(2)
    expect(target.told).toEqual(['set 1,2, epoch 2', 'set 1,2,3, epoch 3'])
  })

  test('a wish that waits while the set becomes another one does not come true', async () => {
    manager.wantSyncStateSet(new Set([1, 2]), 1)
    manager.wantSyncStateSet(new Set([1, 2, 3]), 1)
    await settle()
    expect(target.told).toEqual(['set 1,2, epoch 2'])
    manager.wantSyncStateSet(new Set([1, 2, 3]), 2)
    await settle()
    expect(target.told).toEqual(['set 1,2, epoch 2', 'set 1,2,3, epoch 3'])
  })

  test('a refused wish leaves everything as it is, and the role is looked up', async () => {
    controllers.refusal = {
      code: RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET,
      response: ResponseCode.CONTROLLER_FENCED_MASTER_EPOCH,
    }
    controllers.role = roleOf(2, 9, [2])
    manager.wantSyncStateSet(new Set([1, 2]), 1)
    await settle()
    expect(target.told).toEqual(['follow 2 at 10.0.0.2:10911, epoch 9'])
  })

  test('a wish refused because of who is in it is over; one without an answer may still come true', async () => {
    controllers.refusal = {
      code: RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET,
      response: ResponseCode.CONTROLLER_BROKER_NOT_ALIVE,
    }
    manager.wantSyncStateSet(new Set([1, 2]), 1)
    await settle()
    expect(target.told).toEqual(['set of epoch 1 stays'])

    for (const address of ['c1:1', 'c2:1', 'c3:1']) controllers.down.add(address)
    manager.wantSyncStateSet(new Set([1, 2]), 1)
    await settle()
    controllers.down.clear()
    manager.wantSyncStateSet(new Set([1, 2]), 1)
    await settle()
    expect(target.told).toEqual(['set of epoch 1 stays'])
    await advance(125_000)
    manager.wantSyncStateSet(new Set([1]), 1)
    await settle()
    expect(target.told).toEqual(['set of epoch 1 stays', 'set of epoch 1 stays'])
  })

  test('a wish that a second leader refuses may have been heard by the first', async () => {
    controllers.leader = 'c2:1'
    controllers.refusal = {
      code: RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET,
      response: ResponseCode.CONTROLLER_BROKER_NOT_ALIVE,
    }
    manager.wantSyncStateSet(new Set([1, 2]), 1)
    await settle()
    expect(controllers.asked.filter((code) => code === '1001').length).toBe(2)
    expect(target.told).toEqual([])
  })

  test('controllers that are silent for the heartbeat timeout make it cut off, until they answer', async () => {
    for (const address of ['c1:1', 'c2:1', 'c3:1']) controllers.down.add(address)
    await advance(2_900)
    expect(target.told).toEqual([])
    await advance(1_000)
    expect(target.told).toEqual(['cut off'])
    controllers.down.clear()
    await advance(2_000)
    expect(target.told).toEqual(['cut off', 'not cut off'])
  })

  test('controllers that forgot it are told again', async () => {
    controllers.refusal = {
      code: RequestCode.CONTROLLER_GET_REPLICA_INFO,
      response: ResponseCode.CONTROLLER_BROKER_METADATA_NOT_EXIST,
    }
    await advance(1_100)
    controllers.refusal = undefined
    controllers.asked.length = 0
    await advance(1_000)
    expect(controllers.asked[0]).toBe('1003')
  })
})
