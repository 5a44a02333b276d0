import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { encodeJson } from '../codec/json/write-json.ts'
import {
  decodeCommand,
  encodeCommand,
  type RemotingCommand,
  type RequestDraft,
} from '../codec/remoting/remoting-command.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { encodeRegisterBody, registerBodyCrc32 } from '../codec/route/register-body.ts'
import type { ConfEnv } from '../config/conf-key.ts'
import { parseNamesrvConf } from '../config/namesrv-conf.ts'
import type { Address } from '../io/network.ts'
import { RealClock } from '../io/real-clock.ts'
import { RealDisk } from '../io/real-disk.ts'
import { RealNetwork } from '../io/real-network.ts'
import { createNetContext } from '../net/net-context.ts'
import { RemotingClient } from '../net/remoting-client.ts'
import { RemotingServer } from '../net/remoting-server.ts'
import { silentLogger } from '../observe/logger.ts'
import { KV_CONFIG_MAX_BYTES } from './kv-config.ts'
import { NameServer } from './nameserver.ts'

/** Real time that can be pushed ahead. */
class PushedClock extends RealClock {
  ahead = 0

  override monotonic(): number {
    return super.monotonic() + this.ahead
  }
}

const opened: (() => void)[] = []
afterEach(() => {
  for (const close of opened.splice(0).reverse()) close()
})

async function serve(confText = '', folder = mkdtempSync(join(tmpdir(), 'gantry-namesrv-'))) {
  const env: ConfEnv = {
    home: folder,
    rocketmqHome: undefined,
    namesrvAddr: undefined,
    hostName: 'here',
    localAddress: '127.0.0.1',
    processors: 2,
    workingFolder: folder,
  }
  const base = `bindAddress=127.0.0.1\nlistenPort=0\nscanNotActiveBrokerInterval=10\n${confText}`
  const parsed = parseNamesrvConf(base, 'namesrv.conf', env)
  if (!parsed.ok) throw new Error(parsed.errors.join('; '))
  const clock = new PushedClock()
  const network = new RealNetwork()
  const context = createNetContext(clock, network, silentLogger)
  const server = new NameServer({ context, disk: new RealDisk(), conf: parsed.conf, env })
  opened.push(() => rmSync(folder, { recursive: true, force: true }))
  const bound = await server.start()
  opened.push(() => server.stop())
  const address = `127.0.0.1:${bound.port}`
  const connect = () => {
    const client = new RemotingClient(context, { connectTimeoutMs: 1000 })
    opened.push(() => client.close())
    return (draft: RequestDraft) => client.invoke(address, draft, 5000)
  }
  return { server, clock, context, network, bound, address, folder, connect, invoke: connect() }
}

type Invoke = (draft: RequestDraft) => Promise<RemotingCommand>

const topic = (topicName: string, perm = 6) => ({
  topicName,
  readQueueNums: 4,
  writeQueueNums: 4,
  perm,
  topicSysFlag: 0,
  topicFilterType: 'SINGLE_TAG',
  order: false,
  attributes: new Map<string, string>(),
})

interface BrokerGiven {
  readonly id?: number
  readonly address?: string
  readonly counter?: number
  readonly topics?: readonly string[]
  readonly compressed?: boolean
  readonly fields?: Record<string, string | number | boolean>
}

function registerDraft({
  id = 0,
  address = `10.0.0.1:${id}`,
  counter = 1,
  topics,
  compressed = false,
  fields,
}: BrokerGiven) {
  const names = topics ?? ['TA', 'TB']
  const body = encodeRegisterBody(
    {
      dataVersion: { counter, stateVersion: 0, timestamp: 5 },
      topics: new Map(names.map((name) => [name, topic(name)])),
      filterServers: [],
      mappings: new Map(),
    },
    compressed,
  )
  return {
    code: RequestCode.REGISTER_BROKER,
    fields: {
      brokerName: 'broker-a',
      brokerAddr: address,
      clusterName: 'c1',
      haServerAddr: `10.0.0.1:${id + 1}`,
      brokerId: id,
      compressed,
      bodyCrc32: registerBodyCrc32(body),
      enableActingMaster: false,
      ...fields,
    } as Record<string, string | number | boolean>,
    body,
  }
}

const register = async (invoke: Invoke, given: BrokerGiven = {}) => {
  const answer = await invoke(registerDraft(given))
  expect([answer.code, answer.remark]).toEqual([ResponseCode.SUCCESS, undefined])
  return answer
}
const route = (invoke: Invoke, name: string, fields: Record<string, string | boolean> = {}) =>
  invoke({ code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields: { topic: name, ...fields } })
const text = (answer: RemotingCommand) => answer.body?.toString()
const permOf = async (invoke: Invoke, name: string) => Number(/"perm":(\d)/.exec(text(await route(invoke, name))!)![1])

/** Golden frames of the real name server; see test/compat/golden/README.md. */
function goldenFrame(matches: (frame: Record<string, unknown>) => boolean): RemotingCommand {
  const lines = readFileSync(new URL('../../test/compat/golden/frames.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
  const found = lines.map((line) => JSON.parse(line) as Record<string, unknown>).find(matches)
  return decodeCommand(Buffer.from(found!['hex'] as string, 'hex'))
}

/** Sends whole frames as they are; RemotingClient always speaks for the newest version. */
function rawInvoke(network: RealNetwork, bound: Address, frame: Buffer) {
  return new Promise<RemotingCommand>((resolve) => {
    const buffer = Buffer.alloc(65536)
    network.connect(bound, 1000, {
      opened: (connection) => {
        // Left open until the end of the test: a broker whose connection closes is taken out.
        opened.push(() => connection.end())
        connection.write(frame)
      },
      readBuffer: () => buffer,
      received: (count) => {
        resolve(decodeCommand(Buffer.from(buffer.subarray(0, count))))
      },
      drained: () => {},
      closed: () => {},
    })
  })
}

test('the real broker registers and the real client gets the route, byte for byte', async () => {
  const { invoke, network, bound } = await serve()
  const asked = goldenFrame((frame) => frame['code'] === 103 && frame['kind'] === 'request')
  const registered = await rawInvoke(network, bound, encodeCommand(asked))
  expect([registered.code, registered.fields, registered.opaque]).toEqual([0, {}, asked.opaque])
  const slave = registerDraft({ id: 1, address: '127.0.0.3:16310' })
  const names = { clusterName: 'CompatCluster', brokerName: 'broker-a' }
  const answer = await invoke({ ...slave, fields: { ...slave.fields, ...names } })
  const golden = goldenFrame((frame) => frame['answers'] === 103 && 'masterAddr' in (frame['extFields'] as object))
  expect({ ...answer.fields }).toEqual({ ...golden.fields })

  const isAnswer = (code: number, to: string) => (frame: Record<string, unknown>) =>
    frame['answers'] === code && frame['to'] === to && frame['code'] === 0 && frame['serialization'] === 'JSON'
  await invoke({
    code: RequestCode.REGISTER_TOPIC_IN_NAMESRV,
    fields: { topic: 'json-send-sync' },
    body: encodeJson({
      queueDatas: [{ brokerName: 'broker-a', perm: 6, readQueueNums: 4, writeQueueNums: 4, topicSysFlag: 0 }],
    }),
  })
  const client = goldenFrame((frame) => frame['code'] === 105 && frame['version'] === 513)
  const standard = goldenFrame(isAnswer(105, 'client')).body!.toString()
  expect(text(await rawInvoke(network, bound, encodeCommand(client)))).toBe(standard)
  const old = goldenFrame((frame) => frame['code'] === 105 && frame['version'] === 300)
  const unquoted = standard.replace(/"(\d)":/g, '$1:')
  expect(text(await rawInvoke(network, bound, encodeCommand({ ...old, fields: { topic: 'json-send-sync' } })))).toBe(
    unquoted,
  )
  const careful = { ...old, fields: { topic: 'json-send-sync', acceptStandardJsonOnly: 'true' } }
  expect(text(await rawInvoke(network, bound, encodeCommand(careful)))).toBe(standard)

  const cluster = await invoke({ code: RequestCode.GET_BROKER_CLUSTER_INFO })
  expect(text(cluster)).toBe(goldenFrame(isAnswer(106, 'client')).body!.toString())
  const missing = await route(invoke, 'json-auto-create')
  const goldenMissing = goldenFrame((frame) => frame['answers'] === 105 && frame['code'] === 17)
  expect([missing.code, missing.remark]).toEqual([goldenMissing.code, goldenMissing.remark])
})

test('routes follow every change though their bytes are kept', async () => {
  const { invoke } = await serve('orderMessageEnable=true')
  await register(invoke)
  const first = text(await route(invoke, 'TA'))
  expect(text(await route(invoke, 'TA'))).toBe(first)
  await register(invoke, { id: 1 })
  expect(text(await route(invoke, 'TA'))).toContain('"brokerAddrs":{"0":"10.0.0.1:0","1":"10.0.0.1:1"}')
  const put = { namespace: 'ORDER_TOPIC_CONFIG', key: 'TA', value: 'broker-a:4' }
  await invoke({ code: RequestCode.PUT_KV_CONFIG, fields: put })
  expect(text(await route(invoke, 'TA'))).toContain('"orderTopicConf":"broker-a:4"')
  await invoke({ code: RequestCode.UPDATE_NAMESRV_CONFIG, body: Buffer.from('orderMessageEnable=false\n') })
  expect(text(await route(invoke, 'TA'))).not.toContain('orderTopicConf')
  await invoke({ code: RequestCode.DELETE_TOPIC_IN_NAMESRV, fields: { topic: 'TA', clusterName: 'c1' } })
  expect((await route(invoke, 'TA')).code).toBe(ResponseCode.TOPIC_NOT_EXIST)
  expect((await route(invoke, 'TB')).code).toBe(ResponseCode.SUCCESS)
})

test('compressed registrations, data versions and heartbeats', async () => {
  const { invoke } = await serve()
  const query = (counter: number) =>
    invoke({
      code: RequestCode.QUERY_DATA_VERSION,
      fields: { brokerName: 'broker-a', brokerAddr: '10.0.0.1:0', clusterName: 'c1', brokerId: 0 },
      body: encodeJson({ counter, stateVersion: 0, timestamp: 5 }),
    })
  expect([(await query(3)).fields['changed'], text(await query(3))]).toEqual(['true', undefined])
  await register(invoke, { counter: 3, compressed: true })
  expect((await route(invoke, 'TB')).code).toBe(ResponseCode.SUCCESS)
  const same = await query(3)
  expect([same.fields['changed'], text(same)]).toEqual(['false', '{"counter":3,"stateVersion":0,"timestamp":5}'])
  expect((await query(4)).fields['changed']).toBe('true')
  const members = await invoke({
    code: RequestCode.GET_BROKER_MEMBER_GROUP,
    fields: { clusterName: 'c1', brokerName: 'broker-a' },
  })
  expect(text(members)).toBe(
    '{"brokerMemberGroup":{"brokerAddrs":{0:"10.0.0.1:0"},"brokerName":"broker-a","cluster":"c1"}}',
  )
})

test('a broker leaves at once when it asks, and when its connection is lost', async () => {
  const { invoke, connect } = await serve()
  await register(invoke)
  const fields = { brokerName: 'broker-a', brokerAddr: '10.0.0.1:0', clusterName: 'c1', brokerId: 0 }
  expect((await invoke({ code: RequestCode.UNREGISTER_BROKER, fields })).code).toBe(ResponseCode.SUCCESS)
  expect((await route(invoke, 'TA')).code).toBe(ResponseCode.TOPIC_NOT_EXIST)

  const other = connect()
  await register(other)
  expect((await route(invoke, 'TA')).code).toBe(ResponseCode.SUCCESS)
  opened.pop()!()
  while ((await route(invoke, 'TA')).code === ResponseCode.SUCCESS);
  expect(text(await invoke({ code: RequestCode.GET_BROKER_CLUSTER_INFO }))).toBe(
    '{"brokerAddrTable":{},"clusterAddrTable":{}}',
  )
})

test('a silent broker is given up and its connection closed; heartbeats keep one', async () => {
  const { server, clock, invoke, connect } = await serve()
  const silent = connect()
  await register(silent, { address: '10.0.0.1:1', id: 1, fields: { heartbeatTimeoutMillis: 10_000 } })
  await register(invoke, { fields: { heartbeatTimeoutMillis: 10_000 } })
  clock.ahead = 8_000
  const alive = { brokerName: 'broker-a', brokerAddr: '10.0.0.1:0', clusterName: 'c1' }
  expect((await invoke({ code: RequestCode.BROKER_HEARTBEAT, fields: alive })).code).toBe(ResponseCode.SUCCESS)
  clock.ahead = 12_000
  while (server.table.groups.get('broker-a')?.brokerAddrs.has(1)) await route(invoke, 'TA')
  expect([...server.table.groups.get('broker-a')!.brokerAddrs]).toEqual([[0, '10.0.0.1:0']])
})

test('members of a group are told when their smallest id changes', async () => {
  const { context, invoke } = await serve('notifyMinBrokerIdChanged=true')
  const told: Record<string, string>[] = []
  let wake = () => {}
  const broker = new RemotingServer(context, { idleTimeoutMs: 60_000 })
  broker.handle(RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, (request) => {
    told.push({ ...request.allFields() })
    wake()
    return undefined
  })
  const slave = await broker.listen({ host: '127.0.0.1', port: 0 })
  opened.push(() => broker.close())
  const next = () =>
    new Promise<void>((resolve) => {
      wake = resolve
    })
  const address = `127.0.0.1:${slave.port}`
  await register(invoke, { id: 1, address, fields: { enableActingMaster: true } })
  const joined = next()
  await register(invoke, { fields: { enableActingMaster: true } })
  await joined
  const left = next()
  const fields = { brokerName: 'broker-a', brokerAddr: '10.0.0.1:0', clusterName: 'c1', brokerId: 0 }
  await invoke({ code: RequestCode.UNREGISTER_BROKER, fields })
  await left
  expect(told).toEqual([
    { minBrokerId: '0', minBrokerAddr: '10.0.0.1:0', haBrokerAddr: '10.0.0.1:1' },
    { minBrokerId: '1', minBrokerAddr: address, offlineBrokerAddr: '10.0.0.1:0' },
  ])
})

test('write permission is wiped, stays wiped and comes back', async () => {
  const { invoke } = await serve()
  await register(invoke)
  const fields = { brokerName: 'broker-a' }
  const wiped = await invoke({ code: RequestCode.WIPE_WRITE_PERM_OF_BROKER, fields })
  expect([wiped.code, wiped.fields['wipeTopicCount'], await permOf(invoke, 'TA')]).toEqual([0, '2', 4])
  await register(invoke, { counter: 2 })
  expect(await permOf(invoke, 'TA')).toBe(4)
  const added = await invoke({ code: RequestCode.ADD_WRITE_PERM_OF_BROKER, fields })
  expect([added.code, added.fields['addTopicCount'], await permOf(invoke, 'TA')]).toEqual([0, '2', 6])
})

test('key-value configuration is kept over a restart, also when its file is damaged', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-namesrv-'))
  const first = await serve('', folder)
  const put = (key: string) =>
    first.invoke({ code: RequestCode.PUT_KV_CONFIG, fields: { namespace: 'n', key, value: `v ${key}` } })
  await put('a')
  await put('b')
  const kept = readFileSync(join(folder, 'namesrv/kvConfig.json'), 'utf8')
  expect(kept).toBe('{"configTable":{"n":{"a":"v a","b":"v b"}}}')
  const get = (invoke: Invoke, key: string) =>
    invoke({ code: RequestCode.GET_KV_CONFIG, fields: { namespace: 'n', key } })
  writeFileSync(join(folder, 'namesrv/kvConfig.json'), kept.slice(0, 20))
  const second = await serve('', folder)
  expect((await get(second.invoke, 'a')).fields['value']).toBe('v a')
  const lost = await get(second.invoke, 'b')
  expect([lost.code, lost.remark]).toEqual([ResponseCode.QUERY_NOT_FOUND, 'No config item, Namespace: n Key: b'])
  const list = (namespace: string) =>
    second.invoke({ code: RequestCode.GET_KVLIST_BY_NAMESPACE, fields: { namespace } })
  expect(text(await list('n'))).toBe('{"table":{"a":"v a"}}')
  expect((await list('none')).remark).toBe('No config item, Namespace: none')
  await second.invoke({ code: RequestCode.DELETE_KV_CONFIG, fields: { namespace: 'n', key: 'a' } })
  expect(text(await list('n'))).toBe('{"table":{}}')

  writeFileSync(join(folder, 'namesrv/kvConfig.json'), '{')
  writeFileSync(join(folder, 'namesrv/kvConfig.json.bak'), '{')
  await expect(serve('', folder)).rejects.toThrow(
    'kvConfig.json is damaged: expected a key but found the end of the text',
  )
})

test('a key-value change that cannot be saved is refused and not made', async () => {
  const { invoke, folder } = await serve()
  writeFileSync(join(folder, 'namesrv'), 'a file where the folder should be')
  const fields = { namespace: 'n', key: 'k', value: 'v' }
  const refused = await invoke({ code: RequestCode.PUT_KV_CONFIG, fields })
  expect([refused.code, refused.remark]).toEqual([
    ResponseCode.SYSTEM_ERROR,
    expect.stringContaining('cannot save the key-value configuration: '),
  ])
  expect((await invoke({ code: RequestCode.GET_KV_CONFIG, fields })).code).toBe(ResponseCode.QUERY_NOT_FOUND)
})

test('the key-value configuration does not grow beyond its limit', async () => {
  const { invoke } = await serve()
  const fields = { namespace: 'n', key: 'k', value: 'x'.repeat(KV_CONFIG_MAX_BYTES) }
  const refused = await invoke({ code: RequestCode.PUT_KV_CONFIG, fields })
  expect([refused.code, refused.remark]).toEqual([
    ResponseCode.SYSTEM_ERROR,
    expect.stringContaining(`would take ${KV_CONFIG_MAX_BYTES + 30} bytes; the limit is ${KV_CONFIG_MAX_BYTES}`),
  ])
  expect((await invoke({ code: RequestCode.GET_KV_CONFIG, fields: { namespace: 'n', key: 'k' } })).code).toBe(
    ResponseCode.QUERY_NOT_FOUND,
  )
})

test('registrations return the order configuration', async () => {
  const { invoke } = await serve()
  await invoke({ code: RequestCode.PUT_KV_CONFIG, fields: { namespace: 'ORDER_TOPIC_CONFIG', key: 'T', value: 'b:1' } })
  expect(text(await register(invoke))).toBe('{"table":{"T":"b:1"}}')
})

test('configuration is shown, changed and saved; forbidden keys are refused', async () => {
  const { invoke, folder } = await serve('configBlackList=enableTopicList')
  const update = (body: string) => invoke({ code: RequestCode.UPDATE_NAMESRV_CONFIG, body: Buffer.from(body) })
  expect(text(await invoke({ code: RequestCode.GET_NAMESRV_CONFIG }))).toContain('\nenableAllTopicList=true\n')
  expect((await update('enableAllTopicList=false')).code).toBe(ResponseCode.SUCCESS)
  expect(text(await invoke({ code: RequestCode.GET_NAMESRV_CONFIG }))).toContain('\nenableAllTopicList=false\n')
  expect(readFileSync(join(folder, 'namesrv/namesrv.properties'), 'utf8')).toBe('enableAllTopicList=false\n')
  const lists = await invoke({ code: RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER })
  expect([lists.code, lists.remark]).toEqual([ResponseCode.SYSTEM_ERROR, 'disable'])
  for (const key of ['kvConfigPath', 'configStorePath', 'configBlackList', 'rocketmqHome', 'enableTopicList']) {
    expect((await update(`${key}=x`)).code, key).toBe(ResponseCode.NO_PERMISSION)
  }
  expect((await update('enableAllTopicLists=true')).remark).toContain('did you mean enableAllTopicList?')
  expect((await update('x=\\u12')).remark).toContain('string2Properties error: line 1')
})

test('topic lists', async () => {
  const { invoke } = await serve()
  await register(invoke)
  const list = async (code: number, fields = {}) => text(await invoke({ code, fields }))
  expect(await list(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)).toBe('{"topicList":["TA","TB"]}')
  expect(await list(RequestCode.GET_TOPICS_BY_CLUSTER, { cluster: 'c1' })).toBe('{"topicList":["TA","TB"]}')
  expect(await list(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS)).toBe(
    '{"brokerAddr":"10.0.0.1:0","topicList":["c1","broker-a"]}',
  )
  for (const code of [311, 312, 313]) expect(await list(code)).toBe('{"topicList":[]}')
})

test('a client in a zone gets the groups of its zone', async () => {
  const { invoke } = await serve()
  await register(invoke, { fields: { __ZONE_NAME: 'z1' } })
  await register(invoke, { address: '10.0.0.2:0', fields: { __ZONE_NAME: 'z2', brokerName: 'broker-b' } })
  const seen = async (fields: Record<string, string>) =>
    text(await route(invoke, 'TA', fields))!.match(/broker-[ab](?=","cluster)/g)
  expect(await seen({})).toEqual(['broker-a', 'broker-b'])
  expect(await seen({ __ZONE_MODE: 'true', __ZONE_NAME: 'Z2' })).toEqual(['broker-b'])
  expect(await seen({ __ZONE_MODE: 'true', __ZONE_NAME: ' ' })).toEqual(['broker-a', 'broker-b'])
})

test('a name server may wait before it answers', async () => {
  const { invoke, clock } = await serve('needWaitForService=true\nwaitSecondsForService=45')
  await register(invoke)
  const early = await route(invoke, 'TA')
  expect([early.code, early.remark]).toEqual([ResponseCode.SYSTEM_ERROR, 'name server not ready'])
  clock.ahead = 45_000
  expect((await route(invoke, 'TA')).code).toBe(ResponseCode.SUCCESS)
})

test('bad requests get an answer that says why, and change nothing', async () => {
  const { server, invoke } = await serve()
  const good = registerDraft({ compressed: true })
  const refused = async (draft: RequestDraft) => {
    const { code, remark } = await invoke(draft)
    expect(code).toBe(ResponseCode.SYSTEM_ERROR)
    return remark
  }
  const without = (name: string) => ({ ...good, fields: { ...good.fields, [name]: undefined } })
  const fields = { ...good.fields, bodyCrc32: 0 }
  expect(await refused({ ...good, fields: { ...good.fields, bodyCrc32: 12345 } })).toBe('crc32 not match')
  for (const name of ['brokerName', 'brokerAddr', 'clusterName', 'haServerAddr', 'brokerId']) {
    expect(await refused(without(name))).toBe(`the custom field <${name}> is null`)
  }
  expect(await refused({ ...good, fields, body: good.body.subarray(0, 30) })).toContain(
    'Failed to decode RegisterBrokerBody: the compressed body is damaged',
  )
  const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024 + 1))
  expect(await refused({ ...good, fields, body: bomb })).toContain('grows beyond 67108864 bytes')
  const plain = { ...fields, compressed: false }
  expect(await refused({ ...good, fields: plain, body: Buffer.from('{"a":') })).toBe(
    'Failed to decode RegisterBrokerBody: expected a value but found the end of the text at line 1, column 6',
  )
  expect(await refused(registerDraft({ topics: ['single'] }))).toBe('register broker failed')
  expect(await refused({ code: RequestCode.GET_ROUTEINFO_BY_TOPIC })).toBe('the custom field <topic> is null')
  const version = { brokerName: 'b', brokerAddr: 'x', clusterName: 'c', brokerId: 0 }
  expect(await refused({ code: RequestCode.QUERY_DATA_VERSION, fields: version, body: Buffer.from('[1]') })).toBe(
    'cannot read the data version: data version is [1], expected an object',
  )
  const topicBody = {
    code: RequestCode.REGISTER_TOPIC_IN_NAMESRV,
    fields: { topic: 'T' },
    body: Buffer.from('{"queueDatas":3}'),
  }
  expect(await refused(topicBody)).toBe('cannot read the topic route: queueDatas is 3, expected a list')
  const unknown = await invoke({ code: 10 })
  expect([unknown.code, unknown.remark]).toEqual([
    ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
    ' request type 10 not supported',
  ])
  expect([server.table.groups.size, [...server.table.topics.topics]]).toEqual([0, []])
})

test('a port in use is an error that names it', async () => {
  const { bound } = await serve()
  await expect(serve(`listenPort=${bound.port}`)).rejects.toThrow(`port ${bound.port} of 127.0.0.1 is in use`)
})
