import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Credentials, signedDraft } from '../auth/remoting/signed-content.ts'
import { decodeMessages } from '../codec/message/message-ext.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { HmacKey } from '../io/hmac-sha1.ts'
import { RealClock } from '../io/real-clock.ts'
import { RealNetwork } from '../io/real-network.ts'
import { createNetContext } from '../net/net-context.ts'
import { RemotingClient } from '../net/remoting-client.ts'
import { silentLogger } from '../observe/logger.ts'
import { GrpcClient } from '../proxy/testing/grpc-client.ts'
import { signedHeaders } from '../proxy/testing/signed-call.ts'
import { ClientType, MessageKind, Permission, QueryOffsetPolicy } from '../proxy/wire/definition.ts'
import * as wire from '../proxy/wire/service.ts'
import { StatusCode } from '../proxy/wire/status-code.ts'

let folder: string
const started: ChildProcess[] = []
const remoting = new RemotingClient(createNetContext(new RealClock(), new RealNetwork(), silentLogger), {
  connectTimeoutMs: 3000,
})

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-mqproxy-'))
})

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

function start(program: string, pattern: RegExp, ...args: string[]) {
  const launcher = fileURLToPath(new URL(program, import.meta.url))
  const child = spawn(launcher, args, { env: { ...process.env, HOME: folder, NAMESRV_ADDR: '' } })
  started.push(child)
  let out = ''
  const ended = new Promise<{ code: number | null; out: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, out }))
  })
  const booted = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        out += text
        const found = pattern.exec(out)
        if (found) resolve(found[1]!)
      })
    }
    void ended.then(() => reject(new Error(`${program} ended: ${out}`)))
  })
  return { child, ended, booted }
}

function conf(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** A broker does not say which port it got for 0. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function startBroker(namesrv: string): Promise<string> {
  const listenPort = await freePort()
  const settings = [
    ...[
      `namesrvAddr=${namesrv}`,
      `listenPort=${listenPort}`,
      'haListenPort=0',
      'bindAddress=127.0.0.1',
      'brokerIP1=127.0.0.1',
    ],
    ...[`storePathRootDir=${join(folder, 'store')}`, 'mappedFileSizeCommitLog=65536', 'brokerName=broker-a'],
  ]
  const { booted } = start(
    'mqbroker',
    /broker-a, (127\.0\.0\.1:\d+)\] boot success/,
    '-c',
    conf('b', settings.join('\n')),
  )
  const address = await booted
  await createTopic(address)
  return address
}

async function createTopic(address: string, credentials?: Credentials): Promise<void> {
  const fields = {
    ...{ topic: 'T', defaultTopic: 'TBW102', readQueueNums: 2, writeQueueNums: 2, perm: 6, topicSysFlag: 0 },
    ...{ topicFilterType: 'SINGLE_TAG', order: false },
  }
  const request = { code: RequestCode.UPDATE_AND_CREATE_TOPIC, fields }
  const asked = credentials === undefined ? request : signedDraft(request, credentials)
  const { code } = await remoting.invoke(address, asked, 5000)
  expect(code).toBe(0)
}

test('a producer introduces itself, asks for a route and sends; the broker has the message', {
  timeout: 60_000,
}, async () => {
  const namesrv = conf('n', 'listenPort=0\nbindAddress=127.0.0.1\n')
  const nameServer = await start('mqnamesrv', /address (127\.0\.0\.1:\d+)/, '-c', namesrv).booted
  const broker = await startBroker(nameServer)
  const file = conf(
    'p.json',
    JSON.stringify({ grpcServerPort: 0, remotingListenPort: 0, bindAddress: '127.0.0.1', namesrvAddr: nameServer }),
  )
  const proxy = start('mqproxy', /startup successfully, gRPC on 127\.0\.0\.1:(\d+)/, '-pc', file)
  const port = Number(await proxy.booted)
  const client = new GrpcClient(`https://127.0.0.1:${port}`, 'client-1')
  const told: wire.TelemetryCommand[] = []
  const telemetry = client.talk('Telemetry', wire.TelemetryCommand, (command) => told.push(command))
  telemetry.send({ settings: { clientType: ClientType.producer, publishing: { topics: [{ name: 'T' }] } } })
  await expect.poll(() => told.length, { timeout: 10_000 }).toBe(1)
  expect(told[0]).toMatchObject({
    status: { code: StatusCode.OK },
    settings: { publishing: { maxBodySize: 4_194_304, validateMessageType: true }, backoffPolicy: { maxAttempts: 3 } },
  })
  const [route] = await client.call('QueryRoute', wire.QueryRouteRequest, wire.QueryRouteResponse, {
    topic: { name: 'T' },
  })
  expect(route?.status?.code).toBe(StatusCode.OK)
  expect(route?.messageQueues).toHaveLength(2)
  expect(route?.messageQueues[1]).toMatchObject({
    ...{ id: 1, permission: Permission.readWrite, acceptMessageTypes: [MessageKind.normal] },
    broker: { name: 'broker-a', id: 0, endpoints: { addresses: [{ host: '127.0.0.1', port }] } },
  })
  const message = { topic: { name: 'T' }, body: Buffer.from('hello'), systemProperties: { messageId: 'ID' } }
  const [sent] = await client.call('SendMessage', wire.SendMessageRequest, wire.SendMessageResponse, {
    messages: [message],
  })
  expect(sent).toMatchObject({ status: { code: StatusCode.OK }, entries: [{ messageId: 'ID', offset: 0 }] })
  const fields = {
    ...{ consumerGroup: 'G', topic: 'T', queueId: 0, queueOffset: 0, maxMsgNums: 1, sysFlag: 4, commitOffset: 0 },
    ...{ suspendTimeoutMillis: 0, subscription: '*', subVersion: 0, expressionType: 'TAG' },
  }
  const pulled = await remoting.invoke(broker, { code: RequestCode.PULL_MESSAGE, fields }, 5000)
  expect(decodeMessages(pulled.body!)).toMatchObject([{ topic: 'T', body: Buffer.from('hello') }])
  const messageQueue = { topic: { name: 'T' }, id: 0, broker: { name: 'broker-a' } }
  const group = { name: 'G' }
  const pull = (offset: number) =>
    client.call('PullMessage', wire.PullMessageRequest, wire.PullMessageResponse, {
      group,
      messageQueue,
      offset,
      batchSize: 8,
    })
  expect(await pull(0)).toMatchObject([
    { status: { code: StatusCode.OK } },
    { message: { systemProperties: { messageId: 'ID', queueOffset: 0 }, body: Buffer.from('hello') } },
    { nextOffset: 1 },
  ])
  expect(await pull(1)).toMatchObject([{ status: { code: StatusCode.MESSAGE_NOT_FOUND } }, { nextOffset: 1 }])
  const about = { group, messageQueue }
  const getOffset = () => client.call('GetOffset', wire.GetOffsetRequest, wire.OffsetResponse, about)
  // A group that is new on a young topic begins with it.
  expect(await getOffset()).toMatchObject([{ status: { code: StatusCode.OK }, offset: 0 }])
  const updated = await client.call('UpdateOffset', wire.UpdateOffsetRequest, wire.StatusResponse, {
    ...about,
    offset: 1,
  })
  expect(updated).toMatchObject([{ status: { code: StatusCode.OK } }])
  expect(await getOffset()).toMatchObject([{ status: { code: StatusCode.OK }, offset: 1 }])
  const query = (queryOffsetPolicy: number, timestamp?: { seconds: number; nanos: number }) =>
    client.call('QueryOffset', wire.QueryOffsetRequest, wire.OffsetResponse, {
      messageQueue,
      queryOffsetPolicy,
      timestamp,
    })
  expect(await query(QueryOffsetPolicy.beginning)).toMatchObject([{ offset: 0 }])
  expect(await query(QueryOffsetPolicy.end)).toMatchObject([{ status: { code: StatusCode.OK }, offset: 1 }])
  expect(await query(QueryOffsetPolicy.timestamp, { seconds: 1, nanos: 0 })).toMatchObject([{ offset: 0 }])
  expect(await query(QueryOffsetPolicy.timestamp)).toMatchObject([{ status: { code: StatusCode.BAD_REQUEST } }])
  const [absent] = await client.call('QueryRoute', wire.QueryRouteRequest, wire.QueryRouteResponse, {
    topic: { name: 'no' },
  })
  expect(absent?.status?.code).toBe(StatusCode.TOPIC_NOT_FOUND)
  const [left] = await client.call(
    'NotifyClientTermination',
    wire.NotifyClientTerminationRequest,
    wire.StatusResponse,
    {},
  )
  expect(left?.status?.code).toBe(StatusCode.OK)
  const [stranger] = await client.call('Heartbeat', wire.HeartbeatRequest, wire.StatusResponse, {})
  expect(stranger?.status?.code).toBe(StatusCode.UNRECOGNIZED_CLIENT_TYPE)
  await telemetry.closed
  proxy.child.kill('SIGTERM')
  expect((await proxy.ended).code).toBe(0)
  client.close()
})

test('a consumer gets messages from our broker, and what it does not acknowledge again', {
  timeout: 60_000,
}, async () => {
  const namesrv = conf('n', 'listenPort=0\nbindAddress=127.0.0.1\n')
  const nameServer = await start('mqnamesrv', /address (127\.0\.0\.1:\d+)/, '-c', namesrv).booted
  const broker = await startBroker(nameServer)
  const settings = {
    ...{
      grpcServerPort: 0,
      remotingListenPort: 0,
      bindAddress: '127.0.0.1',
      namesrvAddr: nameServer,
      tlsTestModeEnable: false,
    },
    ...{ minInvisibleTimeMillsForRecv: 1000, grpcClientConsumerMinLongPollingTimeoutMillis: 100 },
  }
  const proxy = start(
    'mqproxy',
    /startup successfully, gRPC on 127\.0\.0\.1:(\d+)/,
    '-pc',
    conf('p.json', JSON.stringify(settings)),
  )
  const client = new GrpcClient(`http://127.0.0.1:${await proxy.booted}`, 'client-2')
  const told: wire.TelemetryCommand[] = []
  const telemetry = client.talk('Telemetry', wire.TelemetryCommand, (command) => told.push(command))
  const [topic, group] = [{ name: 'T' }, { name: 'G' }]
  telemetry.send({ settings: { clientType: ClientType.simpleConsumer, subscription: { group } } })
  await expect.poll(() => told.length, { timeout: 10_000 }).toBe(1)
  // The broker lists it, though it is connected to the proxy.
  const listed = async () => {
    const about = { code: RequestCode.GET_CONSUMER_CONNECTION_LIST, fields: { consumerGroup: 'G' } }
    return String((await remoting.invoke(broker, about, 5000)).body)
  }
  await expect.poll(listed, { timeout: 10_000 }).toContain('"clientId":"client-2"')
  const seconds = (value: number) => ({ seconds: value, nanos: 0 })
  const receive = async (pollSeconds: number) => {
    const answers = await client.call('ReceiveMessage', wire.ReceiveMessageRequest, wire.ReceiveMessageResponse, {
      ...{ group, messageQueue: { topic, broker: { name: 'broker-a' } }, batchSize: 8 },
      ...{ invisibleDuration: seconds(2), longPollingTimeout: seconds(pollSeconds) },
    })
    expect(answers.at(-1)?.deliveryTimestamp).toBeDefined()
    const code = answers[0]?.status?.code
    const messages = answers.flatMap(({ message }) => message?.systemProperties ?? [])
    return { code, messages }
  }
  expect(await receive(1)).toEqual({ code: StatusCode.MESSAGE_NOT_FOUND, messages: [] })
  const waiting = receive(10)
  const message = { topic, body: Buffer.from('hello'), systemProperties: { messageId: 'ID' } }
  await client.call('SendMessage', wire.SendMessageRequest, wire.SendMessageResponse, { messages: [message] })
  const first = await waiting
  expect(first).toMatchObject({ code: StatusCode.OK, messages: [{ messageId: 'ID', deliveryAttempt: 1 }] })
  let again = await receive(10)
  for (let i = 0; i < 5 && again.messages.length === 0; i++) again = await receive(10)
  expect(again.messages).toMatchObject([{ messageId: 'ID', deliveryAttempt: 2 }])
  const entries = again.messages.map(({ messageId, receiptHandle = '' }) => ({ messageId, receiptHandle }))
  const [acknowledged] = await client.call('AckMessage', wire.AckMessageRequest, wire.AckMessageResponse, {
    group,
    topic,
    entries,
  })
  expect(acknowledged?.status?.code).toBe(StatusCode.OK)
  expect((await receive(4)).messages).toEqual([])
  client.close()
})

test('a broker with a proxy of its own takes clients of gRPC, without a name server', { timeout: 60_000 }, async () => {
  const port = await freePort()
  const settings = [
    ...[`listenPort=${port}`, 'haListenPort=0', 'bindAddress=127.0.0.1', 'brokerIP1=127.0.0.1', 'brokerName=broker-a'],
    ...[`storePathRootDir=${join(folder, 'store')}`, 'mappedFileSizeCommitLog=65536'],
  ]
  const proxyFile = conf('p.json', '{"grpcServerPort": 0, "remotingListenPort": 0, "bindAddress": "127.0.0.1"}')
  const args = ['-c', conf('b', settings.join('\n')), '--enable-proxy', '-pc', proxyFile]
  const broker = start('mqbroker', /startup successfully, gRPC on 127\.0\.0\.1:(\d+)/, ...args)
  const client = new GrpcClient(`https://127.0.0.1:${await broker.booted}`, 'client-3')
  await createTopic(`127.0.0.1:${port}`)
  const message = { topic: { name: 'T' }, body: Buffer.from('hello'), systemProperties: { messageId: 'ID' } }
  const [sent] = await client.call('SendMessage', wire.SendMessageRequest, wire.SendMessageResponse, {
    messages: [message],
  })
  expect(sent).toMatchObject({ status: { code: StatusCode.OK }, entries: [{ messageId: 'ID', offset: 0 }] })
  const topic = { topic: { name: 'T' }, group: { name: 'G' } }
  const [assigned] = await client.call(
    'QueryAssignment',
    wire.QueryAssignmentRequest,
    wire.QueryAssignmentResponse,
    topic,
  )
  expect(assigned?.assignments).toMatchObject([{ messageQueue: { id: -1, broker: { name: 'broker-a' } } }])
  const absent = { topic: { name: 'absent' } }
  const [unknown] = await client.call('QueryRoute', wire.QueryRouteRequest, wire.QueryRouteResponse, absent)
  expect(unknown?.status?.code).toBe(StatusCode.TOPIC_NOT_FOUND)
  client.close()
  broker.child.kill('SIGTERM')
  expect((await broker.ended).code).toBe(0)
})

test('a proxy in the process of a broker checks as the broker does, over telemetry, too', {
  timeout: 60_000,
}, async () => {
  const port = await freePort()
  const settings = [
    ...[`listenPort=${port}`, 'haListenPort=0', 'bindAddress=127.0.0.1', 'brokerIP1=127.0.0.1', 'brokerName=broker-a'],
    ...[`storePathRootDir=${join(folder, 'store')}`, 'mappedFileSizeCommitLog=65536', 'authenticationEnabled=true'],
    'authorizationEnabled=true',
    'initAuthenticationUser={"username":"root","password":"root-secret"}',
    'innerClientAuthenticationCredentials={"accessKey":"inner","secretKey":"inner-secret"}',
  ]
  const proxyFile = conf('p.json', '{"grpcServerPort": 0, "remotingListenPort": 0, "bindAddress": "127.0.0.1"}')
  const args = ['-c', conf('b', settings.join('\n')), '--enable-proxy', '-pc', proxyFile]
  const origin = `https://127.0.0.1:${await start('mqbroker', /successfully, gRPC on 127\.0\.0\.1:(\d+)/, ...args).booted}`
  const send = async (client: GrpcClient) => {
    const message = { topic: { name: 'T' }, body: Buffer.from('x'), systemProperties: { messageId: 'ID' } }
    const request = { messages: [message] }
    const answers = await client.call('SendMessage', wire.SendMessageRequest, wire.SendMessageResponse, request)
    return answers[0]?.status
  }
  await createTopic(`127.0.0.1:${port}`, { accessKey: 'root', key: new HmacKey('root-secret') })
  const root = new GrpcClient(origin, 'root', signedHeaders('root', 'root-secret'))
  expect(await send(root)).toMatchObject({ code: StatusCode.OK })
  const wrong = new GrpcClient(origin, 'wrong', signedHeaders('root', 'wrong'))
  expect(await send(wrong)).toMatchObject({ code: StatusCode.UNAUTHORIZED })
  const told: wire.TelemetryCommand[] = []
  const telemetry = wrong.talk('Telemetry', wire.TelemetryCommand, (command) => told.push(command))
  telemetry.send({ settings: { clientType: ClientType.producer, publishing: { topics: [] } } })
  await telemetry.closed
  expect(told).toMatchObject([{ status: { code: StatusCode.UNAUTHORIZED } }])
  for (const client of [root, wrong]) client.close()
})

test('what is wrong with the command line or the conf file is said and ends with 1', async () => {
  const run = (...args: string[]) => {
    const { booted, ended } = start('mqproxy', /never/, ...args)
    booted.catch(() => undefined)
    return ended
  }
  expect(await run('-x')).toMatchObject({
    code: 1,
    out: expect.stringContaining('mqproxy: unknown option -x\nusage: mqproxy'),
  })
  expect(await run('-pc')).toMatchObject({ code: 1, out: expect.stringContaining('option -pc needs a value') })
  expect(await run()).toMatchObject({ code: 1, out: expect.stringContaining('namesrvAddr is not set') })
  const file = conf('p.json', '{"grpcServerprt": 1, "maxMessageSize": "big", "namesrvAddr": "x"}')
  expect(await run('-pc', file)).toMatchObject({
    code: 1,
    out: expect.stringContaining('did you mean grpcServerPort?'),
  })
  expect(await run('-pm', 'local', '-n', 'a:1')).toMatchObject({
    code: 1,
    out: expect.stringContaining('proxyMode = LOCAL'),
  })
  expect(await run('-n', 'a:1', '-p')).toMatchObject({ code: 0, out: expect.stringContaining('grpcServerPort=8081') })
})
