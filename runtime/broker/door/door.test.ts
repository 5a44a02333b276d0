import { beforeEach, expect, test } from 'vitest'
import { LoopNetwork } from '../../../test/sim/loop-network.ts'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { encodeSyncStateSet } from '../../codec/controller/sync-state-set.ts'
import type { RemotingCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { createNetContext } from '../../net/net-context.ts'
import { RemotingClient } from '../../net/remoting-client.ts'
import { RemotingServer } from '../../net/remoting-server.ts'
import { silentLogger } from '../../observe/logger.ts'
import { Door } from './door.ts'

const OWN = '127.0.0.1:10911'
const OTHER = '127.0.0.1:10921'
const CONTROLLER = '127.0.0.1:9877'

let clock: ManualClock
let network: LoopNetwork
let client: RemotingClient
let door: Door
let master: string

const newContext = () => createNetContext(clock, network, silentLogger)

async function settle(): Promise<void> {
  for (let quiet = 0; quiet < 3; ) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.finishTurn()
    quiet = network.deliver() ? 0 : quiet + 1
  }
}

async function advance(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10) {
    clock.advance(10)
    await settle()
  }
}

/** A server whose every answer has this remark. */
async function serve(address: string, remark: string): Promise<void> {
  const server = new RemotingServer(newContext(), { idleTimeoutMs: 60_000 })
  server.handleOthers((request) => ({ code: ResponseCode.SUCCESS, remark: `${remark}: ${request.body()}` }))
  await server.listen({ host: '127.0.0.1', port: Number(address.split(':')[1]) })
}

function ask(code: number, fields: Record<string, string> = {}) {
  const asked: { answer?: RemotingCommand; error?: Error } = {}
  client.invoke(OWN, { code, fields, body: Buffer.from('hi') }, 10_000).then(
    (answer) => {
      asked.answer = answer
    },
    (error) => {
      asked.error = error
    },
  )
  return asked
}

beforeEach(async () => {
  clock = new ManualClock(1_000)
  network = new LoopNetwork()
  master = OTHER
  const controller = new RemotingServer(newContext(), { idleTimeoutMs: 60_000 })
  controller.handle(RequestCode.CONTROLLER_GET_METADATA_INFO, () => ({
    code: 0,
    fields: { isLeader: true, controllerLeaderAddress: CONTROLLER },
  }))
  controller.handle(RequestCode.CONTROLLER_GET_REPLICA_INFO, () => ({
    code: 0,
    fields: { masterBrokerId: master === OWN ? 1 : 2, masterAddress: master, masterEpoch: 5 },
    body: encodeSyncStateSet({ syncStateSet: [2], syncStateSetEpoch: 3 }),
  }))
  await controller.listen({ host: '127.0.0.1', port: 9877 })
  await serve(OTHER, 'the master')
  client = new RemotingClient(newContext(), { connectTimeoutMs: 1_000 })
  const conf = {
    brokerName: 'broker-a',
    bindAddress: '127.0.0.1',
    listenPort: 10911,
    brokerIP1: '127.0.0.1',
    controllerAddr: [CONTROLLER],
    connectTimeoutMillis: 1_000,
    innerClientAuthenticationCredentials: undefined,
    serverChannelMaxIdleTimeSeconds: 60,
  }
  door = await Door.open(conf, newContext())
  await settle()
})

test('sends go to the master before the broker is there', async () => {
  const asked = ask(RequestCode.SEND_MESSAGE_V2)
  await settle()
  expect(asked.answer).toMatchObject({ code: ResponseCode.SUCCESS, remark: 'the master: hi' })
})

test('while the controllers still take this broker for the master sends wait', async () => {
  master = OWN
  await advance(20)
  const asked = ask(RequestCode.SEND_MESSAGE_V2)
  await advance(200)
  expect(asked).toEqual({})
  master = OTHER
  await advance(30)
  expect(asked.answer?.remark).toBe('the master: hi')
})

test('everything else waits for the broker', async () => {
  const asked = ask(RequestCode.HEART_BEAT)
  await advance(500)
  expect(asked).toEqual({})
  door.server.handle(RequestCode.HEART_BEAT, (request) => ({ code: 0, remark: `the broker: ${request.body()}` }))
  door.admit({ master: () => OTHER, isHandingOver: () => false })
  await settle()
  expect(asked.answer?.remark).toBe('the broker: hi')
})

test('a send that still waits when the broker is elected is served by it', async () => {
  master = OWN
  await advance(20)
  const asked = ask(RequestCode.SEND_MESSAGE_V2)
  await settle()
  door.server.handle(RequestCode.SEND_MESSAGE_V2, (request) => ({ code: 0, remark: `the broker: ${request.body()}` }))
  door.admit({ master: () => 'self', isHandingOver: () => false })
  await settle()
  expect(asked.answer?.remark).toBe('the broker: hi')
})

test('what the broker does not know either is answered so', async () => {
  const asked = ask(29_999)
  door.admit({ master: () => 'self', isHandingOver: () => false })
  await settle()
  expect(asked.answer?.code).toBe(ResponseCode.REQUEST_CODE_NOT_SUPPORTED)
})

test('more than may wait is refused', async () => {
  const asked = Array.from({ length: 1_001 }, () => ask(RequestCode.HEART_BEAT))
  await settle()
  expect(asked.map(({ answer }) => answer?.code).filter((code) => code !== undefined)).toEqual([
    ResponseCode.SYSTEM_BUSY,
  ])
})

test('it is gone with its broker', async () => {
  await settle()
  door.close()
  const asked = ask(RequestCode.SEND_MESSAGE_V2)
  await settle()
  expect(asked.error?.message).toContain('cannot connect to 127.0.0.1:10911')
})

/** Whether what was promised has come, as time goes by. */
function watch(promise: Promise<void>): { isDone: boolean } {
  const watched = { isDone: false }
  void promise.then(() => {
    watched.isDone = true
  })
  return watched
}

test('the rest of the broker is loaded when what came first has been passed on', async () => {
  const start = watch(door.headStart())
  await advance(50)
  expect(start.isDone).toBe(false)
  const asked = ask(RequestCode.SEND_MESSAGE_V2)
  await advance(20)
  expect([asked.answer?.remark, start.isDone]).toEqual(['the master: hi', true])
})

test('or when nobody comes', async () => {
  const start = watch(door.headStart())
  await advance(90)
  expect(start.isDone).toBe(false)
  await advance(20)
  expect(start.isDone).toBe(true)
})

test('and does not wait for ever for a master', async () => {
  master = OWN
  await advance(20)
  const start = watch(door.headStart())
  const asked = ask(RequestCode.SEND_MESSAGE_V2)
  await advance(900)
  expect(start.isDone).toBe(false)
  await advance(110)
  expect([asked.answer, start.isDone]).toEqual([undefined, true])
})
