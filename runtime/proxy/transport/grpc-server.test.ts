import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bytes, int32, message, text } from '../../codec/protobuf/message-type.ts'
import { RealClock } from '../../io/real-clock.ts'
import { RealNetwork } from '../../io/real-network.ts'
import { selfSignedCertificate } from '../../io/tls/self-signed.ts'
import { Tls } from '../../io/tls/tls.ts'
import { createNetContext } from '../../net/net-context.ts'
import { silentLogger } from '../../observe/logger.ts'
import type { GrpcCall } from './grpc-call.ts'
import { GrpcServer } from './grpc-server.ts'

const Ask = message({ text: text(1), copies: int32(2), body: bytes(3) })
const MESSAGE_BYTES_MAX = 3_000_000

let server: GrpcServer
let port: number
let client: ClientHttp2Session
const waiting: GrpcCall[] = []

beforeEach(async () => {
  const tls = new Tls(
    {
      server: {
        ...{ keyPath: '', certPath: '', keyPassword: undefined, mode: 'permissive', clientAuth: 'none' },
        ...{ trustCertPath: undefined, alpnProtocols: ['h2'], inMemory: selfSignedCertificate('test') },
      },
      client: undefined,
    },
    (error) => expect.unreachable(error.message),
  )
  const network = new RealNetwork({ tls })
  const context = createNetContext(new RealClock(), network, silentLogger)
  server = new GrpcServer(context, { messageBytesMax: MESSAGE_BYTES_MAX, silenceMaxMs: 60_000 })
  server.handle('/test.Test/Echo', Ask, Ask, (call, request) => {
    for (let i = 0; i < Math.max(1, request.copies); i++) call.write(request)
    call.end()
  })
  server.handle('/test.Test/Wait', Ask, Ask, (call) => {
    waiting.push(call as GrpcCall)
  })
  server.handle('/test.Test/Throw', Ask, Ask, () => {
    throw new Error('no 100 % luck')
  })
  server.handleStream('/test.Test/Chat', Ask, Ask, (call) => ({
    message: (one) => call.write({ text: `you said ${one.text}` }),
    ended: () => call.end(),
  }))
  port = (await server.listen(network, { host: '127.0.0.1', port: 0 })).port
  client = connect(`http://127.0.0.1:${port}`)
})

afterEach(async () => {
  waiting.length = 0
  client.destroy()
  await server.close(0)
})

interface Answer {
  readonly status: string | undefined
  readonly message: string
  readonly texts: readonly { readonly text: string; readonly body: Buffer }[]
  readonly httpStatus: number
}

function open(path: string, headers: Record<string, string> = {}, session = client): ClientHttp2Stream {
  return session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...headers })
}

function framed(payload: Buffer, flag = 0): Buffer {
  const head = Buffer.from([flag, 0, 0, 0, 0])
  head.writeUInt32BE(payload.length, 1)
  return Buffer.concat([head, payload])
}

function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let head: Record<string, unknown> = {}
    let trailers: Record<string, unknown> | undefined
    stream.on('response', (headers) => {
      head = headers
    })
    stream.on('trailers', (headers) => {
      trailers = headers
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('close', () => {
      const all = Buffer.concat(chunks)
      const texts = []
      for (let at = 0; at < all.length; ) {
        const end = at + 5 + all.readUInt32BE(at + 1)
        texts.push(Ask.decode(all, at + 5, end))
        at = end
      }
      const status = (trailers ?? head)['grpc-status'] as string | undefined
      const message = decodeURIComponent(String((trailers ?? head)['grpc-message'] ?? ''))
      resolve({ status, message, texts, httpStatus: Number(head[':status']) })
    })
  })
}

function ask(path: string, payload: Buffer, headers: Record<string, string> = {}, session = client): Promise<Answer> {
  const stream = open(path, headers, session)
  const answer = answerOf(stream)
  stream.end(payload)
  return answer
}

test('answers a call, and several answers to one', async () => {
  const one = await ask('/test.Test/Echo', framed(Ask.encode({ text: 'hällo' })))
  expect(one).toMatchObject({ status: '0', texts: [{ text: 'hällo' }], httpStatus: 200 })
  const three = await ask('/test.Test/Echo', framed(Ask.encode({ text: 'x', copies: 3 })))
  expect(three.texts.map((it) => it.text)).toEqual(['x', 'x', 'x'])
})

test('speaks TLS on the same port', async () => {
  const secure = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  const answer = await ask('/test.Test/Echo', framed(Ask.encode({ text: 'secret' })), {}, secure)
  expect(answer).toMatchObject({ status: '0', texts: [{ text: 'secret' }] })
  secure.destroy()
})

test('messages larger than windows and frames go both ways, many at a time', async () => {
  const body = Buffer.alloc(2_500_000, 'abc')
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => ask('/test.Test/Echo', framed(Ask.encode({ text: `${i}`, body })))),
  )
  answers.forEach((answer, i) => {
    expect(answer.status).toBe('0')
    expect(answer.texts).toHaveLength(1)
    expect(answer.texts[0]!.text).toBe(`${i}`)
    expect(answer.texts[0]!.body.equals(body)).toBe(true)
  })
})

test('a message may come in pieces of any size, and compressed', async () => {
  const stream = open('/test.Test/Echo')
  const answer = answerOf(stream)
  for (const byte of framed(Ask.encode({ text: 'slow' }))) {
    await new Promise((resolve) => stream.write(Buffer.from([byte]), resolve))
  }
  stream.end()
  expect(await answer).toMatchObject({ status: '0', texts: [{ text: 'slow' }] })
  const packed = framed(gzipSync(Ask.encode({ text: 'packed' })), 1)
  const gzip = await ask('/test.Test/Echo', packed, { 'grpc-encoding': 'gzip' })
  expect(gzip).toMatchObject({ status: '0', texts: [{ text: 'packed' }] })
})

test('talks on a stream until the client ends it', async () => {
  const stream = open('/test.Test/Chat')
  const answer = answerOf(stream)
  stream.write(framed(Ask.encode({ text: 'one' })))
  stream.write(framed(Ask.encode({ text: 'two' })))
  stream.end()
  const { status, texts } = await answer
  expect(status).toBe('0')
  expect(texts.map((it) => it.text)).toEqual(['you said one', 'you said two'])
})

test('says why a call fails', async () => {
  const call = (path: string, payload: Buffer, headers = {}) => ask(path, payload, headers)
  const good = framed(Ask.encode({ text: 'x' }))
  expect(await call('/test.Test/Absent', good)).toMatchObject({
    status: '12',
    message: 'Method not found: test.Test/Absent',
  })
  expect(await call('/test.Test/Throw', good)).toMatchObject({ status: '13', message: 'Error: no 100 % luck' })
  expect(await call('/test.Test/Echo', Buffer.alloc(0))).toMatchObject({ status: '13' })
  expect(await call('/test.Test/Echo', framed(Buffer.from([0x0a, 9, 1])))).toMatchObject({
    status: '13',
    message: expect.stringContaining('9 bytes announced, 1 are there'),
  })
  const large = Buffer.from([0, 0x7f, 0xff, 0xff, 0xff])
  expect(await call('/test.Test/Echo', large)).toMatchObject({
    status: '8',
    message: expect.stringContaining('2147483647'),
  })
  expect(await call('/test.Test/Echo', framed(Buffer.alloc(9), 1))).toMatchObject({ status: '12' })
  expect(await call('/test.Test/Echo', good, { 'content-type': 'text/plain' })).toMatchObject({ httpStatus: 415 })
})

test('a client that gives up is noticed; the deadline it gave is known', async () => {
  const stream = open('/test.Test/Wait', { 'grpc-timeout': '5S' })
  stream.on('error', () => undefined)
  stream.end(framed(Ask.encode({ text: 'x' })))
  await expect.poll(() => waiting.length).toBe(1)
  const [call] = waiting as [GrpcCall]
  expect(call.deadlineMs! - new RealClock().monotonic()).toBeGreaterThan(3000)
  const cancelled = new Promise<void>((resolve) => {
    call.onCancelled = resolve
  })
  stream.close(constants.NGHTTP2_CANCEL)
  await cancelled
  expect(call.isOver).toBe(true)
  call.write({ text: 'nobody listens' })
  call.end()
})

test('a server that closes answers what is under way, takes no more, and closes the connection', async () => {
  const answer = ask('/test.Test/Wait', framed(Ask.encode({ text: 'x' })))
  await expect.poll(() => waiting.length).toBe(1)
  const goaway = new Promise((resolve) => client.once('goaway', resolve))
  const closed = server.close(10_000)
  await goaway
  waiting[0]!.write({ text: 'late' })
  waiting[0]!.end()
  expect(await answer).toMatchObject({ status: '0', texts: [{ text: 'late' }] })
  await closed
  expect(server.connectionCount).toBe(0)
})
