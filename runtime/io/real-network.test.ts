import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { Connection, ConnectionEvents } from './network.ts'
import { RealNetwork } from './real-network.ts'

/** Collects what arrives; `size` is the buffer offered for each read, so that small ones force many reads. */
class Collector implements ConnectionEvents {
  readonly got: Buffer[] = []
  readonly buffer: Buffer
  closedWith: Error | undefined | 'open' = 'open'
  #waiting: (() => void)[] = []

  constructor(size: number) {
    this.buffer = Buffer.alloc(size)
  }
  readBuffer(): Uint8Array {
    return this.buffer
  }
  received(count: number): void {
    this.got.push(Buffer.from(this.buffer.subarray(0, count)))
    this.#wake()
  }
  drained(): void {}
  closed(error: Error | undefined): void {
    this.closedWith = error
    this.#wake()
  }
  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
  text(): string {
    return Buffer.concat(this.got).toString()
  }
}

async function pair(bufferSize: number) {
  const network = new RealNetwork()
  const serverSide = new Collector(bufferSize)
  const clientSide = new Collector(bufferSize)
  let accepted: Connection | undefined
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    accepted = connection
    return serverSide
  })
  const client = await new Promise<Connection>((resolve) => {
    network.connect(listener.address, 1000, Object.assign(clientSide, { opened: resolve }))
  })
  return { listener, client, clientSide, serverSide, accepted: () => accepted as Connection }
}

test('bytes arrive in order on both sides, also through a buffer of one byte', async () => {
  for (const size of [1, 3, 65536]) {
    const { listener, client, clientSide, serverSide, accepted } = await pair(size)
    client.write(Buffer.from('hello, '))
    client.write(Buffer.from('broker'))
    await serverSide.until(() => serverSide.text() === 'hello, broker')
    accepted().write(Buffer.from('welcome'))
    await clientSide.until(() => clientSide.text() === 'welcome')
    expect(accepted().remote.port).toBe(client.local.port)
    client.end()
    await serverSide.until(() => serverSide.closedWith !== 'open')
    expect(serverSide.closedWith).toBeUndefined()
    listener.close()
  }
})

test('a paused connection receives nothing until resumed', async () => {
  const { listener, client, clientSide, serverSide, accepted } = await pair(64)
  accepted().pause()
  client.write(Buffer.from('one'))
  accepted().write(Buffer.from('still writable'))
  await clientSide.until(() => clientSide.text() === 'still writable')
  expect(serverSide.text()).toBe('')
  accepted().resume()
  await serverSide.until(() => serverSide.text() === 'one')
  client.destroy()
  listener.close()
})

test('a port in use is refused with its number and what to do', async () => {
  const network = new RealNetwork()
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, () => new Collector(8))
  await expect(network.listen(listener.address, () => new Collector(8))).rejects.toThrow(
    `port ${listener.address.port} of 127.0.0.1 is in use by another process`,
  )
  listener.close()
})

test('a refused connection is told to its owner', async () => {
  const network = new RealNetwork()
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, () => new Collector(8))
  listener.close()
  const events = new Collector(8)
  network.connect(listener.address, 1000, Object.assign(events, { opened: () => expect.unreachable() }))
  await events.until(() => events.closedWith !== 'open')
  expect(String(events.closedWith)).toContain('ECONNREFUSED')
})

test('a connection that was ended is closed although the peer hangs and does not close its side', async () => {
  const accepted: Socket[] = []
  const hanging = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => accepted.push(socket))
  hanging.listen(0, '127.0.0.1')
  await once(hanging, 'listening')
  const { port } = hanging.address() as AddressInfo
  const side = new Collector(64)
  const client = await new Promise<Connection>((resolve) => {
    new RealNetwork({ endTimeoutMs: 20 }).connect(
      { host: '127.0.0.1', port },
      5000,
      Object.assign(side, { opened: resolve }),
    )
  })
  client.end()
  await side.until(() => side.closedWith !== 'open')
  expect(side.closedWith).toBeUndefined()
  for (const socket of accepted) socket.destroy()
  hanging.close()
})
