import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decodeReplicasInfo, type ReplicasInfo } from '../../runtime/codec/controller/replicas-info.ts'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import type { RemotingCommand, RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { RemotingClient } from '../../runtime/net/remoting-client.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'
import { freePortBlock } from '../compat/server.ts'
import { EngineProcess } from './engine-process.ts'

const STARTED = 'boot success. serializeType=JSON'
const GROUP = { clusterName: 'c', brokerName: 'broker-a' }
const LIMIT_MS = 60_000

let folder: string
let client: RemotingClient
const processes: EngineProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-controllers-'))
  client = new RemotingClient(createNetContext(new RealClock(), new RealNetwork(), silentLogger), {
    connectTimeoutMs: 1000,
  })
})

afterEach(async () => {
  client.close()
  for (const one of processes.splice(0)) if (one.isRunning) await one.end('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

interface ControllerProcess {
  readonly id: string
  readonly address: string
  readonly process: EngineProcess
}

/** By name, as people write them. */
async function addresses(count: number): Promise<string[]> {
  const ports: number[] = []
  for (let i = 0; i < count; i++) ports.push(await freePortBlock())
  return ports.map((port) => `localhost:${port}`)
}

/** Lays out controllers `first`, `first + 1`, ...; each knows of those before it and of its own kind. */
function layOut(all: readonly string[], first: number, count: number): ControllerProcess[] {
  const peers = all.slice(0, first + count).map((address, index) => `n${index}-${address}`)
  return Array.from({ length: count }, (_, i) => {
    const id = `n${first + i}`
    const conf = {
      controllerDLegerGroup: 'group1',
      controllerDLegerPeers: peers.join(';'),
      controllerDLegerSelfId: id,
      controllerStorePath: join(folder, id),
      bindAddress: '127.0.0.1',
    }
    const process = new EngineProcess('mqcontroller', folder, id, conf)
    processes.push(process)
    return { id, address: all[first + i]!, process }
  })
}

function ask(address: string, request: RequestDraft): Promise<RemotingCommand> {
  return client.invoke(address, request, 5000)
}

/** Asks until the answer is what is waited for. */
async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + LIMIT_MS
  let last: unknown
  while (performance.now() < end) {
    try {
      const found = await look()
      if (found !== undefined) return found
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${what}: not within ${LIMIT_MS} ms (${last})`)
}

async function leaderOf(controllers: readonly ControllerProcess[]): Promise<ControllerProcess> {
  return until('a leader', async () => {
    for (const one of controllers.filter(({ process }) => process.isRunning)) {
      const { fields } = await ask(one.address, { code: RequestCode.CONTROLLER_GET_METADATA_INFO })
      if (fields['isLeader'] === 'true') return one
    }
    return undefined
  })
}

/** What the leader says of the group. */
async function group(controllers: readonly ControllerProcess[]): Promise<ReplicasInfo> {
  return until('the group', async () => {
    const leader = await leaderOf(controllers)
    const request = { code: RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, body: encodeJson(['broker-a']) }
    const { code, body } = await ask(leader.address, request)
    return code === 0 ? decodeReplicasInfo(body!).get('broker-a') : undefined
  })
}

/** Registers broker `brokerId` with whoever leads, and has it elected if there is no master. */
async function introduce(controllers: readonly ControllerProcess[], brokerId: number): Promise<void> {
  const address = `127.0.0.1:1${brokerId}`
  const requests: RequestDraft[] = [
    {
      code: RequestCode.CONTROLLER_APPLY_BROKER_ID,
      fields: { ...GROUP, appliedBrokerId: brokerId, registerCheckCode: `${address};1` },
    },
    { code: RequestCode.CONTROLLER_REGISTER_BROKER, fields: { ...GROUP, brokerId, brokerAddress: address } },
    { code: RequestCode.CONTROLLER_ELECT_MASTER, fields: { ...GROUP, brokerId } },
  ]
  for (const request of requests) {
    await until(`request ${request.code}`, async () => {
      const { code } = await ask((await leaderOf(controllers)).address, request)
      // 2011: there is a master.
      return [0, 2011].includes(code) ? true : undefined
    })
  }
}

function mqadmin(...args: string[]): Promise<string> {
  const program = join(import.meta.dirname, '../../runtime/bin/mqadmin')
  return new Promise((resolve) => {
    execFile(program, args, (_error, stdout, stderr) => resolve(stdout + stderr))
  })
}

test('three controllers: when the leader is killed the others answer for it, and all of it survives a restart', async () => {
  const controllers = layOut(await addresses(3), 0, 3)
  await Promise.all(controllers.map(({ process }) => process.start(STARTED)))
  await introduce(controllers, 1)
  const first = await leaderOf(controllers)
  await first.process.end('SIGKILL')

  const second = await leaderOf(controllers)
  expect(second.id).not.toBe(first.id)
  const known = { masterBrokerId: 1, masterEpoch: 1, syncStateSetEpoch: 1 }
  expect(await group(controllers)).toMatchObject(known)
  const follower = controllers.find((one) => one.process.isRunning && one !== second)!
  const refused = await ask(follower.address, {
    code: RequestCode.CONTROLLER_GET_REPLICA_INFO,
    fields: { brokerName: 'broker-a' },
  })
  expect([refused.code, refused.fields['controllerLeaderAddress']]).toEqual([2007, second.address])
  await introduce(controllers, 2)

  for (const { process } of controllers) if (process.isRunning) await process.end('SIGKILL')
  await Promise.all(controllers.map(({ process }) => process.start(STARTED)))
  expect(await group(controllers)).toMatchObject({ ...known, notInSyncReplicas: [{ brokerId: 2 }] })
  for (const { process } of controllers) expect(await process.end('SIGTERM')).toBe(0)
}, 180_000)

test('controllers grow from one to three and shrink again, by requests, and lose nothing on the way', async () => {
  const all = await addresses(3)
  const [one] = layOut(all, 0, 1) as [ControllerProcess]
  await one.process.start(STARTED)
  await introduce([one], 1)

  const controllers = [one]
  for (const index of [1, 2]) {
    const [next] = layOut(all, index, 1) as [ControllerProcess]
    await next.process.start(STARTED)
    const added = await mqadmin('changeControllers', '-a', one.address, '-o', 'add', '-i', next.id, '-p', next.address)
    expect(added).toBe(`controller ${next.id} added\n`)
    controllers.push(next)
  }
  expect(await mqadmin('changeControllers', '-a', one.address, '-o', 'lead', '-i', 'n2')).toBe('controller n2 leads\n')
  expect((await leaderOf(controllers)).id).toBe('n2')
  expect(await group(controllers)).toMatchObject({ masterBrokerId: 1, masterEpoch: 1 })

  for (const id of ['n0', 'n1']) {
    const removed = await mqadmin('changeControllers', '-a', all[2]!, '-o', 'remove', '-i', id)
    expect(removed).toBe(`controller ${id} removed\n`)
  }
  for (const { id, process } of controllers) if (id !== 'n2') await process.end('SIGKILL')
  const left = controllers.filter(({ id }) => id === 'n2')
  await introduce(left, 2)
  expect(await group(left)).toMatchObject({ masterBrokerId: 1, notInSyncReplicas: [{ brokerId: 2 }] })
  expect(await mqadmin('changeControllers', '-a', all[2]!, '-o', 'remove', '-i', 'n2')).toMatch(
    /^mqadmin: .* refused CHANGE_CONTROLLERS: 2005 CONTROLLER_INVALID_REQUEST: /,
  )
}, 180_000)

test('new controllers may be started at once on the list that is to be: they wait to be added, also while the old one restarts', async () => {
  const all = await addresses(3)
  const [old] = layOut(all, 0, 1) as [ControllerProcess]
  await old.process.start(STARTED)
  await introduce([old], 1)
  const young = layOut(all, 1, 2)
  await Promise.all(young.map(({ process }) => process.start(STARTED)))
  // They have asked the old one; before that nobody could tell them from members of a new group.
  for (const { process } of young) {
    await until('the answer of the old one', () =>
      Promise.resolve(process.output.includes('is not a member of the group: add it') || undefined),
    )
  }
  expect(await old.process.end('SIGTERM')).toBe(0)
  // Its own list may be the new one as well: its store knows who belongs to the group.
  const [again] = layOut(all, 0, 3) as [ControllerProcess]
  await again.process.start(STARTED)
  const controllers = [again, ...young]
  for (const { id, address } of young) {
    const added = await mqadmin('changeControllers', '-a', again.address, '-o', 'add', '-i', id, '-p', address)
    expect(added).toBe(`controller ${id} added\n`)
  }
  expect(await group(controllers)).toMatchObject({ masterBrokerId: 1, masterEpoch: 1 })
  await again.process.end('SIGKILL')
  expect(await group(controllers)).toMatchObject({ masterBrokerId: 1, masterEpoch: 1 })
}, 180_000)

test('a controller that cannot run says why and ends with 1', async () => {
  const [address] = (await addresses(1)) as [string]
  const [one] = layOut([address], 0, 1) as [ControllerProcess]
  await one.process.start(STARTED)
  const failing = async (conf: Record<string, string>) => {
    const other = new EngineProcess('mqcontroller', folder, 'other', conf)
    const said = await other.start(STARTED).catch((error: Error) => error.message)
    return String(said)
  }
  const store = { controllerStorePath: join(folder, 'n0'), bindAddress: '127.0.0.1' }
  const self = { controllerDLegerGroup: 'group1', controllerDLegerPeers: `n0-${address}`, controllerDLegerSelfId: 'n0' }
  const port = address.split(':')[1]
  expect(await failing({ ...store, ...self })).toContain(
    `ended with 1: mqcontroller: port ${port} of 127.0.0.1 is in use by another process; stop it or choose another port`,
  )
  const [free] = (await addresses(1)) as [string]
  expect(await failing({ ...store, ...self, controllerDLegerPeers: `n0-${free}` })).toContain(
    `ended with 1: mqcontroller: ${store.controllerStorePath} is in use by another process`,
  )
  await one.process.end('SIGTERM')
  expect(await failing({ ...store, ...self, controllerDLegerGroup: 'group2' })).toContain(
    `${store.controllerStorePath} is the store of group "group1", not of "group2"`,
  )
  expect(await failing({ ...store, ...self, controllerDLegerSelfId: 'n1' })).toContain(
    'controllerDLegerSelfId = "n1" is none of the ids in controllerDLegerPeers: n0',
  )
  expect(await failing({ ...store, ...self, controllerType: 'jRaft' })).toContain('controllerType = jRaft: this engine')
}, 120_000)

/** A name server with a controller in it. */
async function nameServer(index: number, controllers: readonly string[]) {
  const listenPort = await freePortBlock()
  const conf = {
    listenPort,
    bindAddress: '127.0.0.1',
    kvConfigPath: join(folder, `kv-${index}.json`),
    enableControllerInNamesrv: 'true',
    controllerDLegerGroup: 'group1',
    controllerDLegerPeers: controllers.map((address, i) => `n${i}-${address}`).join(';'),
    controllerDLegerSelfId: `n${index}`,
    controllerStorePath: join(folder, `n${index}`),
  }
  const process = new EngineProcess('mqnamesrv', folder, `namesrv-${index}`, conf)
  processes.push(process)
  return { id: `n${index}`, address: controllers[index]!, namesrv: `127.0.0.1:${listenPort}`, process }
}

test('controllers in name servers: without a majority of them routes are served all the same', async () => {
  const all = await addresses(3)
  const servers = [await nameServer(0, all), await nameServer(1, all), await nameServer(2, all)]
  await Promise.all(
    servers.map(({ process }) => process.start('The ControllerManager boot success. serializeType=JSON')),
  )
  await introduce(servers, 1)
  expect(await group(servers)).toMatchObject({ masterBrokerId: 1 })

  const [left] = servers as [(typeof servers)[0]]
  for (const one of servers) if (one !== left) await one.process.end('SIGKILL')
  const { code } = await until('a refusal', async () => {
    const answer = await ask(left.address, {
      code: RequestCode.CONTROLLER_GET_REPLICA_INFO,
      fields: { brokerName: 'broker-a' },
    })
    return answer.code === 2007 ? answer : undefined
  })
  expect(code).toBe(2007)
  const route = await ask(left.namesrv, { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields: { topic: 'T' } })
  expect([route.code, route.remark?.split('\n')[0]]).toEqual([
    17,
    'No topic route info in name server for the topic: T',
  ])
  expect(await left.process.end('SIGTERM')).toBe(0)
}, 180_000)

test('a name server whose controller has a damaged store serves routes; the log says what is damaged', async () => {
  const [address] = (await addresses(1)) as [string]
  const server = await nameServer(0, [address])
  await server.process.start('The ControllerManager boot success. serializeType=JSON')
  await server.process.end('SIGTERM')
  writeFileSync(join(folder, 'n0', 'identity'), 'nonsense')
  await server.process.start('The Name Server boot success. serializeType=JSON')
  await until('the error', () =>
    Promise.resolve(server.process.output.includes('the controller cannot start') || undefined),
  )
  expect(server.process.output).toContain(`${join(folder, 'n0')}/identity is damaged`)
  const info = await ask(server.namesrv, { code: RequestCode.GET_BROKER_CLUSTER_INFO })
  expect(info.code).toBe(0)
  expect(await server.process.end('SIGTERM')).toBe(0)
}, 120_000)
