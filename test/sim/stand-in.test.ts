import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest'
import { parseJsonBytes } from '../../runtime/codec/json/parse-json.ts'
import type { RemotingCommand } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { readRouteData } from '../../runtime/codec/route/route-data.ts'
import { parseNamesrvConf } from '../../runtime/config/namesrv-conf.ts'
import { testEnv } from '../../runtime/config/test-env.ts'
import { NameServer } from '../../runtime/nameserver/nameserver.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { RemotingClient } from '../../runtime/net/remoting-client.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'
import { portOf, ReplicaGroup } from './replica-group.ts'
import { SimDisk } from './sim-disk.ts'

const NAME_SERVER = '127.0.0.1:9876'
let group: ReplicaGroup
let nameServer: NameServer
let client: RemotingClient

beforeEach(async () => {
  group = await ReplicaGroup.start(3, `namesrvAddr=${NAME_SERVER}\nallAckInSyncStateSet=true\n`)
  onTestFailed(() => console.log(group.lines.join('\n')))
  const parsed = parseNamesrvConf('bindAddress=127.0.0.1\nlistenPort=9876\n', 'namesrv.conf', testEnv)
  if (!parsed.ok) throw new Error(parsed.errors.join('; '))
  const context = createNetContext(group.clock, group.network, silentLogger)
  nameServer = new NameServer({ context, disk: new SimDisk(), conf: parsed.conf, env: testEnv })
  await nameServer.start()
  client = new RemotingClient(context, { connectTimeoutMs: 1000 })
  await group.advance(3_000)
})

afterEach(() => {
  client.close()
  nameServer.stop()
  group.killController()
})

/** Addresses of the group in the routes, by broker id. */
async function routes(): Promise<Record<number, string>> {
  let answer: RemotingCommand | undefined
  const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields: { topic: 'broker-a' } }
  void client.invoke(NAME_SERVER, request, 5_000).then((response) => {
    answer = response
  })
  await group.advance(50)
  const { brokerDatas } = readRouteData(parseJsonBytes(answer?.body ?? Buffer.from('{}')))
  return Object.fromEntries(brokerDatas[0]?.brokerAddrs ?? [])
}

const standIn = async (index: number, fields: Record<string, number>): Promise<number> =>
  (await group.ask(index, RequestCode.STAND_IN_FOR_MASTER, { fields })).code

async function send(index: number, body: string): Promise<number> {
  const fields = { a: 'pg', b: 'T', c: 'TBW102', d: 4, e: 0, f: 0, g: 5, h: 0, i: '', j: 0, k: false, m: false }
  return (await group.ask(index, RequestCode.SEND_MESSAGE_V2, { fields, body: Buffer.from(body) })).code
}

async function pull(index: number): Promise<RemotingCommand> {
  const what = { topic: 'T', consumerGroup: 'cg', queueId: 0, queueOffset: 0, maxMsgNums: 32, subscription: '*' }
  const fields = { ...what, sysFlag: 4, commitOffset: 0, suspendTimeoutMillis: 0, subVersion: 0, expressionType: 'TAG' }
  return group.ask(index, RequestCode.PULL_MESSAGE, { fields })
}

const setting = (index: number, text: string) =>
  group.ask(index, RequestCode.UPDATE_BROKER_CONFIG, { body: Buffer.from(`${text}\n`) })

test('clients are led to a replica before it is elected: it passes on sends, serves consumers, and is in the routes all the time', async () => {
  for (const index of [0, 1, 2]) await setting(index, 'slaveReadEnable=false')
  expect([group.master, await routes()]).toEqual([0, { 0: portOf(0), 2: portOf(1), 3: portOf(2) }])
  expect(await send(0, 'first')).toBe(ResponseCode.SUCCESS)
  expect((await pull(1)).code).toBe(ResponseCode.SYSTEM_BUSY)
  expect(await standIn(1, { masterEpoch: 1, forMs: 60_000 })).toBe(ResponseCode.SUCCESS)
  expect(await routes()).toEqual({ 0: portOf(1), 3: portOf(2) })
  // The master registers every half a minute, and when it is told of a permission.
  await setting(0, 'brokerPermission=6')
  await group.advance(31_000)
  expect(await routes()).toEqual({ 0: portOf(1), 3: portOf(2) })
  expect(await send(1, 'second')).toBe(ResponseCode.SUCCESS)
  await group.advance(1_000)
  const pulled = await pull(1)
  expect([pulled.code, pulled.fields['suggestWhichBrokerId'], pulled.fields['maxOffset']]).toEqual([
    ResponseCode.SUCCESS,
    '0',
    '2',
  ])
  const pop = { consumerGroup: 'cg', topic: 'T', queueId: 0, maxMsgNums: 8, invisibleTime: 60_000, pollTime: 0 }
  const popFields = { ...pop, bornTime: group.clock.now(), initMode: 0, expType: 'TAG', exp: '*', order: false }
  expect((await group.ask(1, RequestCode.POP_MESSAGE, { fields: popFields })).code).toBe(ResponseCode.SUCCESS)
  expect((await group.elect(2)).code).toBe(ResponseCode.SUCCESS)
  await group.advance(1_000)
  expect([group.master, await routes()]).toEqual([1, { 0: portOf(1), 1: portOf(0), 3: portOf(2) }])
  expect(await send(0, 'third')).toBe(ResponseCode.SUCCESS)
  await group.advance(120_000)
  expect(await routes()).toEqual({ 0: portOf(1), 1: portOf(0), 3: portOf(2) })
})

test('nobody elected it: the routes go back to the master, and the group has one in them all the time', async () => {
  expect(await standIn(2, { masterEpoch: 1, forMs: 30_000 })).toBe(ResponseCode.SUCCESS)
  const seen = new Set<string | undefined>()
  for (let i = 0; i < 110; i++) {
    seen.add((await routes())[0])
    await group.advance(950)
  }
  expect([...seen]).toEqual([portOf(2), portOf(0)])
  expect(await routes()).toEqual({ 0: portOf(0), 2: portOf(1), 3: portOf(2) })
})

test('another one is elected: the routes are those of the controllers', async () => {
  expect(await standIn(2, { masterEpoch: 1, forMs: 30_000 })).toBe(ResponseCode.SUCCESS)
  expect((await group.elect(2)).code).toBe(ResponseCode.SUCCESS)
  await group.advance(1_000)
  expect([group.master, await routes()]).toEqual([1, { 0: portOf(1), 1: portOf(0), 3: portOf(2) }])
  await group.advance(120_000)
  expect(await routes()).toEqual({ 0: portOf(1), 1: portOf(0), 3: portOf(2) })
})

test('neither a master nor a replica of another term stands in', async () => {
  const refused = [
    await standIn(0, { masterEpoch: 1, forMs: 1_000 }),
    await standIn(1, { masterEpoch: 2, forMs: 1_000 }),
  ]
  expect(refused).toEqual([ResponseCode.SYSTEM_ERROR, ResponseCode.SYSTEM_ERROR])
  expect(await routes()).toEqual({ 0: portOf(0), 2: portOf(1), 3: portOf(2) })
})
