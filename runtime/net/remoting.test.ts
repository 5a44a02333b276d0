import { afterEach, expect, test } from 'vitest'
import { RequestError } from '../codec/remoting/request-error.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import type { Connection } from '../io/network.ts'
import { RealClock } from '../io/real-clock.ts'
import { RealNetwork } from '../io/real-network.ts'
import { silentLogger } from '../observe/logger.ts'
import type { Channel } from './channel.ts'
import { createNetContext, type NetLimits } from './net-context.ts'
import { RemotingClient } from './remoting-client.ts'
import { RemotingServer } from './remoting-server.ts'

const ECHO = 1
const REFUSE = 2
const BREAK = 3
const NEVER = 4
const LATE = 5

const opened: { close(): void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

async function serve(limits: Partial<NetLimits> = {}) {
  const context = createNetContext(new RealClock(), new RealNetwork(), silentLogger, limits)
  const closed: Channel[] = []
  const server = new RemotingServer(context, { idleTimeoutMs: 60_000, onClosed: (channel) => closed.push(channel) })
  server.handle(ECHO, (request) => ({ code: 0, fields: request.allFields(), body: Buffer.from(request.body()) }))
  server.handle(REFUSE, () => {
    throw new RequestError(ResponseCode.NO_PERMISSION, 'not today')
  })
  server.handle(BREAK, () => {
    throw new TypeError('our own bug')
  })
  server.handle(NEVER, () => undefined)
  server.handle(LATE, async (request) => ({ code: 0, remark: request.text('say') }))
  const bound = await server.listen({ host: '127.0.0.1', port: 0 })
  const client = new RemotingClient(context, { connectTimeoutMs: 1000 })
  opened.push(client, server)
  return { context, server, client, closed, address: `127.0.0.1:${bound.port}`, bound }
}

test('many requests at once on one connection get their own answers', async () => {
  const { client, server, address } = await serve()
  const sizes = Array.from({ length: 200 }, (_, i) => i * 997)
  const answers = await Promise.all(
    sizes.map((size, i) => client.invoke(address, { code: ECHO, fields: { i }, body: Buffer.alloc(size, i) }, 5000)),
  )
  answers.forEach((answer, i) => {
    expect(answer.fields['i']).toBe(String(i))
    expect(answer.body?.length ?? 0).toBe(sizes[i])
    expect(answer.body?.every((byte) => byte === i % 256) ?? true).toBe(true)
  })
  expect(server.channels.size).toBe(1)
})

test('refusals, bugs and unknown codes are answers; the connection lives on', async () => {
  const { client, address } = await serve()
  const outcome = async (code: number) => {
    const { code: answer, remark } = await client.invoke(address, { code }, 1000)
    return [answer, remark]
  }
  expect(await outcome(REFUSE)).toEqual([ResponseCode.NO_PERMISSION, 'not today'])
  expect(await outcome(BREAK)).toEqual([ResponseCode.SYSTEM_ERROR, '3: TypeError: our own bug'])
  expect(await outcome(9999)).toEqual([ResponseCode.REQUEST_CODE_NOT_SUPPORTED, ' request type 9999 not supported'])
  expect((await client.invoke(address, { code: LATE, fields: { say: 'later' } }, 1000)).remark).toBe('later')
})

test('a request without an answer fails by its timeout, a lost connection at once', async () => {
  const { client, server, address } = await serve()
  await expect(client.invoke(address, { code: NEVER }, 60)).rejects.toThrow('4: no answer from')
  const waiting = client.invoke(address, { code: NEVER }, 60_000)
  const lost = expect(waiting).rejects.toThrow('was lost')
  await client.invoke(address, { code: ECHO }, 1000)
  for (const channel of server.channels) channel.destroy()
  await lost
  expect((await client.invoke(address, { code: ECHO }, 1000)).code).toBe(0)
})

test('a server can send requests to its clients', async () => {
  const { context, server, address } = await serve()
  const got: string[] = []
  const client = new RemotingClient(context, {
    connectTimeoutMs: 1000,
    onRequest: (request, channel) => {
      got.push(request.requiredText('group'))
      channel.respond(request.opaque, request.serializeType, { code: 0, remark: 'seen' })
    },
  })
  opened.push(client)
  await client.invoke(address, { code: ECHO }, 1000)
  const [channel] = server.channels
  const answer = await channel!.invoke({ code: 40, fields: { group: 'g' } }, 1000)
  expect([got, answer.remark]).toEqual([['g'], 'seen'])
})

test('a connection that is ended sends what waits first; the next request opens another', async () => {
  const { client, server, closed, address } = await serve()
  const said: string[] = []
  const heard = new Promise<void>((resolve) => {
    server.handle(6, (request) => {
      if (said.push(request.requiredText('say')) === 3) resolve()
      return undefined
    })
  })
  await client.sendOneway(address, { code: 6, fields: { say: 'one' } })
  client.end(address)
  await client.sendOneway(address, { code: 6, fields: { say: 'two' } })
  client.end(address)
  client.end(address)
  await client.sendOneway(address, { code: 6, fields: { say: 'three' } })
  await heard
  expect(said.sort()).toEqual(['one', 'three', 'two'])
  // The third is still there, although the end of the others came later.
  expect((await client.invoke(address, { code: ECHO }, 1000)).code).toBe(0)
  expect([server.channels.size, closed.length]).toEqual([1, 2])
})

test('a malformed frame closes its connection and no other', async () => {
  const { context, client, address, bound, closed } = await serve()
  await client.invoke(address, { code: ECHO }, 1000)
  await new Promise<void>((resolve) => {
    let connection: Connection | undefined
    context.network.connect(bound, 1000, {
      opened: (opened) => {
        connection = opened
        connection.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
      },
      readBuffer: () => Buffer.alloc(64),
      received: () => {},
      drained: () => {},
      closed: () => resolve(),
    })
  })
  expect(closed.length).toBe(1)
  expect((await client.invoke(address, { code: ECHO }, 1000)).code).toBe(0)
})

test('a peer that never reads is paused, then closed at the limit, and costs the others nothing', async () => {
  const limits = { pauseAboveBytes: 1 << 20, closeAboveBytes: 4 << 20 }
  const { context, server, client, address, bound, closed } = await serve(limits)
  await client.invoke(address, { code: ECHO }, 1000)
  const slow = await new Promise<Connection>((resolve) => {
    context.network.connect(bound, 1000, {
      opened: resolve,
      readBuffer: () => Buffer.alloc(64),
      received: () => {},
      drained: () => {},
      closed: () => {},
    })
  })
  slow.pause()
  await client.invoke(address, { code: ECHO }, 1000)
  const channel = [...server.channels].find((one) => one.remote.port === slow.local.port)!
  while (closed.length === 0) {
    channel.sendOneway({ code: 40, body: Buffer.alloc(1 << 20) })
    await client.invoke(address, { code: ECHO }, 1000)
  }
  expect(closed).toEqual([channel])
})

test('connections above the limit are closed, those below stay', async () => {
  const { context, server, client, address } = await serve({ connectionsMax: 1 })
  await client.invoke(address, { code: ECHO }, 1000)
  const second = new RemotingClient(context, { connectTimeoutMs: 1000 })
  opened.push(second)
  await expect(second.invoke(address, { code: ECHO }, 1000)).rejects.toThrow('was lost')
  expect((await client.invoke(address, { code: ECHO }, 1000)).code).toBe(0)
  expect(server.channels.size).toBe(1)
})
