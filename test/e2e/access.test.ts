import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { signedDraft } from '../../runtime/auth/remoting/signed-content.ts'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import type { RemotingCommand, RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { HmacKey } from '../../runtime/io/hmac-sha1.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { RemotingClient } from '../../runtime/net/remoting-client.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'
import { freePortBlock } from '../compat/server.ts'
import { EngineProcess } from './engine-process.ts'

const INNER = '{"accessKey":"inner","secretKey":"inner-secret"}'
const LIMIT_MS = 60_000

let folder: string
let client: RemotingClient
const processes: EngineProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-access-'))
  client = new RemotingClient(createNetContext(new RealClock(), new RealNetwork(), silentLogger), {
    connectTimeoutMs: 1000,
  })
})

afterEach(async () => {
  client.close()
  for (const one of processes.splice(0)) if (one.isRunning) await one.end('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

interface Replica {
  readonly address: string
  readonly process: EngineProcess
}

function run(program: 'mqcontroller' | 'mqbroker', name: string, conf: Record<string, string | number>): EngineProcess {
  const process = new EngineProcess(program, folder, name, conf)
  processes.push(process)
  return process
}

async function startController(): Promise<string> {
  const address = `127.0.0.1:${await freePortBlock()}`
  const process = run('mqcontroller', 'controller', {
    controllerDLegerGroup: 'group1',
    controllerDLegerPeers: `n0-${address}`,
    controllerDLegerSelfId: 'n0',
    controllerStorePath: join(folder, 'controller'),
    bindAddress: '127.0.0.1',
    innerClientAuthenticationCredentials: INNER,
  })
  await process.start('boot success')
  return address
}

async function startReplica(name: string, controllerAddr: string): Promise<Replica> {
  const port = await freePortBlock()
  const process = run('mqbroker', name, {
    brokerName: 'broker-a',
    bindAddress: '127.0.0.1',
    brokerIP1: '127.0.0.1',
    brokerIP2: '127.0.0.1',
    listenPort: port,
    storePathRootDir: join(folder, name),
    enableControllerMode: 'true',
    controllerAddr,
    authenticationEnabled: 'true',
    authorizationEnabled: 'true',
    initAuthenticationUser: '{"username":"admin","password":"admin-secret"}',
    innerClientAuthenticationCredentials: INNER,
  })
  await process.start('boot success')
  return { address: `127.0.0.1:${port}`, process }
}

function ask(address: string, request: RequestDraft, username = 'admin'): Promise<RemotingCommand> {
  const key = new HmacKey(`${username}-secret`)
  return client.invoke(address, signedDraft(request, { accessKey: username, key }), 5000)
}

const message = (): RequestDraft => ({
  code: RequestCode.SEND_MESSAGE_V2,
  fields: { a: 'pg', b: 'orders', c: 'TBW102', d: 1, e: 0, f: 0, g: Date.now(), h: 0, i: '', j: 0, k: false, m: false },
  body: Buffer.from('hello'),
})

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
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${what}: not within ${LIMIT_MS} ms (${last})`)
}

async function masterOf(controller: string, replicas: readonly Replica[]): Promise<Replica> {
  return until('a master', async () => {
    const request = { code: RequestCode.CONTROLLER_GET_REPLICA_INFO, fields: { brokerName: 'broker-a' } }
    const { fields } = await client.invoke(controller, request, 5000)
    return replicas.find(({ address, process }) => process.isRunning && address === fields['masterAddress'])
  })
}

test(
  'an elected group: a replica passes on what its master then allows, and the next master knows the same users',
  async () => {
    const controller = await startController()
    const replicas = [await startReplica('b1', controller), await startReplica('b2', controller)]
    const master = await masterOf(controller, replicas)
    const other = replicas.find((replica) => replica !== master)!
    const user = { code: RequestCode.AUTH_CREATE_USER, fields: { username: 'alice' } }
    const body = encodeJson({ password: 'alice-secret' })
    const entry = { resource: 'Topic:orders', actions: ['Pub'], sourceIps: ['127.0.0.1'], decision: 'Allow' }
    const subject = 'User:alice'
    const policies = encodeJson({ subject, policies: [{ policyType: 'Custom', entries: [entry] }] })
    await until('a master that takes changes', async () => {
      const fields = {
        topic: 'orders',
        defaultTopic: 'TBW102',
        readQueueNums: 1,
        writeQueueNums: 1,
        perm: 6,
        order: false,
      }
      const more = { topicFilterType: 'SINGLE_TAG', topicSysFlag: 0 }
      const answer = await ask(master.address, {
        code: RequestCode.UPDATE_AND_CREATE_TOPIC,
        fields: { ...fields, ...more },
      })
      return answer.code === ResponseCode.SUCCESS ? true : undefined
    })
    // To the master only: the other one has them from there.
    expect(await ask(master.address, { ...user, body })).toMatchObject({ code: ResponseCode.SUCCESS })
    const acl = { code: RequestCode.AUTH_CREATE_ACL, fields: { subject }, body: policies }
    expect(await ask(master.address, acl)).toMatchObject({ code: ResponseCode.SUCCESS })
    await until('the user and its policies on the other replica', async () => {
      const { body: answered } = await ask(other.address, { code: RequestCode.AUTH_GET_ACL, fields: { subject } })
      return answered
    })
    // It comes from an address that the policy speaks of; the replica vouches for it.
    const passedOn = await ask(other.address, message(), 'alice')
    expect([passedOn.code, passedOn.remark]).toEqual([ResponseCode.SUCCESS, undefined])
    const unsigned = await client.invoke(other.address, message(), 5000)
    expect(unsigned.code).toBe(ResponseCode.NO_PERMISSION)
    await master.process.end('SIGKILL')
    await until('a message taken by the next master', async () => {
      const { code, remark } = await ask(other.address, message(), 'alice')
      if (code !== ResponseCode.SUCCESS) throw new Error(remark)
      return true
    })
    expect(await masterOf(controller, replicas)).toBe(other)
  },
  3 * LIMIT_MS,
)
