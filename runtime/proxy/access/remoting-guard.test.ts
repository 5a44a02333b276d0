import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { RefusalLog } from '../../auth/refusal-log.ts'
import { signer } from '../../auth/remoting/signed-content.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { HmacKey } from '../../io/hmac-sha1.ts'
import { RealClock } from '../../io/real-clock.ts'
import { RealNetwork } from '../../io/real-network.ts'
import { createNetContext } from '../../net/net-context.ts'
import { RemotingClient } from '../../net/remoting-client.ts'
import { RemotingServer } from '../../net/remoting-server.ts'
import { silentLogger } from '../../observe/logger.ts'
import { FakeGateway, proxyConf } from '../testing/fake-gateway.ts'
import { ClusterUsers } from './cluster-users.ts'
import { RemotingGuard } from './remoting-guard.ts'

const network = new RealNetwork()
const context = createNetContext(new RealClock(), network, silentLogger)
const user = (username: string) => ({
  ...{ username, password: `${username}-secret`, userType: 'Normal', userStatus: 'enable' },
})
const acl = (username: string) => ({
  subject: `User:${username}`,
  policies: [{ policyType: 'Custom', entries: [{ resource: 'Topic:orders', actions: ['All'], decision: 'Allow' }] }],
})

/** Answers when it is told to. */
class SlowGateway extends FakeGateway {
  ready: Promise<void> = Promise.resolve()

  override async invoke(...given: Parameters<FakeGateway['invoke']>) {
    await this.ready
    return super.invoke(...given)
  }
}

let gateway: SlowGateway
let clock: ManualClock
let listed: { users: object[]; acls: object[] }
let server: RemotingServer
let address: string
let served: string[]
let refused: object[]
const clients: RemotingClient[] = []

beforeEach(async () => {
  gateway = new SlowGateway()
  clock = new ManualClock(1_700_000_000_000)
  listed = { users: [user('alice')], acls: [acl('alice')] }
  gateway.answer = ({ code }) => {
    const list = code === RequestCode.AUTH_LIST_USER ? listed.users : listed.acls
    return { code: 0, body: Buffer.from(JSON.stringify(list)) }
  }
  served = []
  refused = []
  const users = new ClusterUsers(gateway, 'Cluster', clock, silentLogger)
  await users.refresh()
  clock.advance(1000)
  const logger = { ...silentLogger, warn: (fields: object) => void refused.push(fields) }
  const conf = proxyConf({ authenticationEnabled: true, authorizationEnabled: true })
  const around = { clusterName: 'Cluster', monotonic: () => clock.monotonic() }
  const guard = new RemotingGuard(users, conf, around, new RefusalLog(clock, logger))
  server = new RemotingServer(context, { idleTimeoutMs: 60_000 })
  server.handle(
    RequestCode.SEND_MESSAGE_V2,
    guard.before((request) => {
      served.push(`${request.requiredText('b')}: ${request.body()}`)
      return { code: 0 }
    }),
  )
  const { host, port } = await server.listen({ host: '127.0.0.1', port: 0 })
  address = `${host}:${port}`
})

afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  server.close()
})

function clientOf(username: string, secretKey = `${username}-secret`): RemotingClient {
  const sign = signer({ accessKey: username, key: new HmacKey(secretKey) })
  const client = new RemotingClient(context, { connectTimeoutMs: 1000, sign })
  clients.push(client)
  return client
}

const send = (client: RemotingClient, topic = 'orders', bytes = 4) =>
  client.invoke(
    address,
    { code: RequestCode.SEND_MESSAGE_V2, fields: { b: topic, i: 'a"quoted\n' }, body: Buffer.alloc(bytes, 'body') },
    5000,
  )

test('a user whom the proxy knows is served without a question to a broker', async () => {
  const before = gateway.asked.length
  expect(await send(clientOf('alice'))).toMatchObject({ code: 0 })
  expect(gateway.asked.length).toBe(before)
})

test('the first request of a new user waits for what a broker says, and is served', async () => {
  listed = { users: [user('alice'), user('carol')], acls: [acl('alice'), acl('carol')] }
  const carol = clientOf('carol')
  expect(await Promise.all([send(carol), send(carol)])).toMatchObject([{ code: 0 }, { code: 0 }])
  expect(served).toEqual(['orders: body', 'orders: body'])
  expect(refused).toEqual([])
})

test('what wants no answer waits as well, and gets none when it is refused', async () => {
  listed = { users: [user('alice'), user('carol')], acls: [acl('alice'), acl('carol')] }
  const request = { code: RequestCode.SEND_MESSAGE_V2, fields: { b: 'orders' }, body: Buffer.from('body') }
  await clientOf('carol').sendOneway(address, request)
  await expect.poll(() => served).toEqual(['orders: body'])
  clock.advance(1000)
  await clientOf('nobody').sendOneway(address, request)
  await expect.poll(() => refused).toHaveLength(1)
  expect(served).toHaveLength(1)
})

test('who may not is refused after one question to brokers, and for a second at once', async () => {
  const before = gateway.asked.length
  for (const [client, topic] of [
    [clientOf('alice'), 'other'],
    [clientOf('alice', 'wrong'), 'orders'],
    [clientOf('nobody'), 'orders'],
  ] as const) {
    expect(await send(client, topic)).toMatchObject({ code: ResponseCode.NO_PERMISSION })
  }
  expect(served).toEqual([])
  expect(refused).toHaveLength(3)
  expect(gateway.asked.length - before).toBe(2)
})

test('of requests that wait there are 4 MiB at most, and others are refused at once', async () => {
  listed = { users: [user('alice'), user('carol')], acls: [acl('alice'), acl('carol')] }
  const carol = clientOf('carol')
  let answer = (): void => undefined
  gateway.ready = new Promise((resolve) => {
    answer = resolve
  })
  const codes: number[] = []
  const sent = Array.from({ length: 5 }, async () => codes.push((await send(carol, 'orders', 1 << 20)).code))
  await expect.poll(() => codes).toEqual([ResponseCode.NO_PERMISSION, ResponseCode.NO_PERMISSION])
  answer()
  await Promise.all(sent)
  expect(codes.slice(2)).toEqual([0, 0, 0])
  expect((await send(carol, 'orders', 4 << 20)).code).toBe(0)
})
