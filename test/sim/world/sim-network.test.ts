import { expect, test } from 'vitest'
import type { Connection, ConnectionEvents } from '../../../runtime/io/network.ts'
import type { SimProcess } from './sim-process.ts'
import { World } from './world.ts'

const PORT = 9000

/** One end of a connection, and what it was told. */
class End {
  connection: Connection | undefined
  text = ''
  closed = ''
  readonly #buffer = Buffer.alloc(7)

  opened(connection: Connection): void {
    this.connection = connection
  }

  readBuffer(): Uint8Array {
    return this.#buffer
  }

  received(count: number): void {
    this.text += String(this.#buffer.subarray(0, count))
  }

  end(error: Error | undefined): void {
    this.closed = error?.message ?? 'in good order'
  }
}

function eventsOf(end: End): ConnectionEvents & { opened(connection: Connection): void } {
  return {
    opened: (connection) => end.opened(connection),
    readBuffer: () => end.readBuffer(),
    received: (count) => end.received(count),
    drained: () => {},
    closed: (error) => end.end(error),
  }
}

/** A client connected to a server, each on a machine of its own. */
async function connected(seed: number) {
  const world = new World(seed)
  const [client, server] = [world.machine('client', '10.0.0.1'), world.machine('server', '10.0.0.2')]
  const [near, far] = [new End(), new End()]
  await server.boot().network.listen({ host: server.host, port: PORT }, (connection) => {
    far.connection = connection
    return eventsOf(far)
  })
  client.boot().network.connect({ host: server.host, port: PORT }, 3000, eventsOf(near))
  await world.run(1000)
  return { world, client, server, near, far }
}

function dial(process: SimProcess, host: string): End {
  const end = new End()
  process.network.connect({ host, port: PORT }, 3000, eventsOf(end))
  return end
}

test('what is sent arrives once and in order, however late parts of it are', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { world, near, far } = await connected(seed)
    let sent = ''
    for (let i = 0; i < 50; i++) {
      sent += `${i};`
      near.connection!.write(Buffer.from(`${i};`))
    }
    await world.run(20_000)
    expect(far.text).toBe(sent)
  }
})

test('a cut holds back what is sent until it is mended; the other direction goes on', async () => {
  const { world, client, server, near, far } = await connected(1)
  world.network.links.cut(client.host, server.host)
  near.connection!.write(Buffer.from('up'))
  far.connection!.write(Buffer.from('down'))
  await world.run(5000)
  expect([far.text, near.text]).toEqual(['', 'down'])
  world.network.mendAll()
  await world.run(6000)
  expect(far.text).toBe('up')
})

test('a process that is killed closes its connections, a machine without power says nothing until it is back', async () => {
  const killed = await connected(1)
  killed.server.kill('process')
  await killed.world.run(3000)
  expect(killed.near.closed).toBe('in good order')

  const { world, server, near } = await connected(1)
  server.kill('power')
  near.connection!.write(Buffer.from('is anybody there'))
  await world.run(30_000)
  expect(near.closed).toBe('')
  server.boot()
  await world.run(33_000)
  expect(near.closed).toBe('connection reset by peer')
})

test('nobody listens: refused at once; nobody is there: a time-out', async () => {
  const { world, client, server } = await connected(1)
  server.kill('process')
  const refused = dial(client.process!, server.host)
  await world.run(2000)
  expect(refused.closed).toContain('connection refused')
  server.boot()
  server.kill('power')
  const silent = dial(client.process!, server.host)
  await world.run(4000)
  expect(silent.closed).toBe('')
  await world.run(6000)
  expect(silent.closed).toContain('no connection within 3000 ms')
})

test('a process that is held up gets everything, in order, when it goes on', async () => {
  const { world, server, near, far } = await connected(3)
  server.pause(2000)
  for (const part of ['a', 'b', 'c']) near.connection!.write(Buffer.from(part))
  await world.run(2500)
  expect(far.text).toBe('')
  await world.run(4000)
  expect(far.text).toBe('abc')
})
