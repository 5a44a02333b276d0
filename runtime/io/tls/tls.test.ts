import { readFileSync } from 'node:fs'
import * as net from 'node:net'
import * as nodeTls from 'node:tls'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import type { Connection, ConnectionEvents, Listener } from '../network.ts'
import { RealNetwork } from '../real-network.ts'
import { listenToEcho } from './testing/echo.ts'
import { TestAuthority } from './testing/test-authority.ts'
import { Tls } from './tls.ts'
import type { TlsClientOptions, TlsServerOptions } from './tls-options.ts'

const authority = new TestAuthority()
const stranger = new TestAuthority()
const opened: { close(): void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})
afterAll(() => {
  authority.remove()
  stranger.remove()
})

const SERVER: TlsServerOptions = {
  ...authority.sign('server'),
  mode: 'permissive',
  clientAuth: 'none',
  trustCertPath: undefined,
}
const CLIENT: TlsClientOptions = { own: undefined, trustCertPath: authority.certPath }

function networkOf(server: TlsServerOptions | undefined, client: TlsClientOptions | undefined): RealNetwork {
  const tls = new Tls({ server, client }, () => undefined)
  opened.push(tls)
  return new RealNetwork({ tls })
}

async function echo(network: RealNetwork): Promise<Listener> {
  const listener = await listenToEcho(network)
  opened.push(listener)
  return listener
}

/** What comes back of what is sent; rejects when the connection closes first. */
function roundTrip(network: RealNetwork, { address }: Listener, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const got: Buffer[] = []
    const buffer = Buffer.alloc(65_536)
    let connection: Connection | undefined
    const events: ConnectionEvents & { opened(connection: Connection): void } = {
      opened: (one) => {
        connection = one
        one.write(bytes)
      },
      readBuffer: () => buffer,
      received: (count) => {
        got.push(Buffer.from(buffer.subarray(0, count)))
        if (Buffer.concat(got).length < bytes.length) return
        connection?.destroy()
        resolve(Buffer.concat(got))
      },
      drained: () => undefined,
      closed: (error) => reject(error ?? new Error('closed')),
    }
    network.connect(address, 5000, events)
  })
}

const BYTES = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => i % 251))
const PLAIN = new RealNetwork()

test('a permissive port serves clients with TLS and clients without', async () => {
  const listener = await echo(networkOf(SERVER, undefined))
  const [plain, secure] = await Promise.all([
    roundTrip(PLAIN, listener, BYTES),
    roundTrip(networkOf(undefined, CLIENT), listener, BYTES),
  ])
  expect(plain.equals(BYTES)).toBe(true)
  expect(secure.equals(BYTES)).toBe(true)
})

test('an enforcing port closes connections without TLS, and takes those with it', async () => {
  const listener = await echo(networkOf({ ...SERVER, mode: 'enforcing' }, undefined))
  await expect(roundTrip(PLAIN, listener, Buffer.from('hello'))).rejects.toThrow()
  expect(String(await roundTrip(networkOf(undefined, CLIENT), listener, Buffer.from('hello')))).toBe('hello')
})

test('a port without TLS closes a connection that begins a handshake, and a client of TLS says so', async () => {
  const listener = await echo(PLAIN)
  await expect(roundTrip(networkOf(undefined, CLIENT), listener, BYTES)).rejects.toThrow()
})

test('a client that is to show a certificate is served only with one of those trusted', async () => {
  const options = { ...SERVER, clientAuth: 'require', trustCertPath: authority.certPath } as const
  const listener = await echo(networkOf(options, undefined))
  const known = { ...CLIENT, own: authority.sign('client') }
  const unknown = { ...CLIENT, own: stranger.sign('client') }
  expect(String(await roundTrip(networkOf(undefined, known), listener, Buffer.from('hi')))).toBe('hi')
  await expect(roundTrip(networkOf(undefined, unknown), listener, Buffer.from('hi'))).rejects.toThrow()
  await expect(roundTrip(networkOf(undefined, CLIENT), listener, Buffer.from('hi'))).rejects.toThrow()
})

test('a client may be asked for any certificate, and an optional one has to be good', async () => {
  const any = await echo(networkOf({ ...SERVER, clientAuth: 'require' }, undefined))
  const unknown = networkOf(undefined, { ...CLIENT, own: stranger.sign('client') })
  expect(String(await roundTrip(unknown, any, Buffer.from('hi')))).toBe('hi')
  await expect(roundTrip(networkOf(undefined, CLIENT), any, Buffer.from('hi'))).rejects.toThrow()
  const optional = { ...SERVER, clientAuth: 'optional', trustCertPath: authority.certPath } as const
  const listener = await echo(networkOf(optional, undefined))
  expect(String(await roundTrip(networkOf(undefined, CLIENT), listener, Buffer.from('hi')))).toBe('hi')
  await expect(roundTrip(unknown, listener, Buffer.from('hi'))).rejects.toThrow()
})

test('a server whose certificate is not trusted is not spoken to', async () => {
  const listener = await echo(networkOf({ ...SERVER, ...stranger.sign('server') }, undefined))
  await expect(roundTrip(networkOf(undefined, CLIENT), listener, BYTES)).rejects.toThrow('certificate')
  const trusting = networkOf(undefined, { ...CLIENT, trustCertPath: undefined })
  expect(String(await roundTrip(trusting, listener, Buffer.from('hi')))).toBe('hi')
})

test('what is no TLS after all ends its own connection only', async () => {
  const listener = await echo(networkOf(SERVER, undefined))
  const socket = net.connect(listener.address.port, '127.0.0.1', () => socket.write(Buffer.alloc(100, 0x16)))
  socket.on('error', () => undefined)
  await new Promise<void>((resolve) => void socket.on('close', () => resolve()))
  expect(String(await roundTrip(PLAIN, listener, Buffer.from('hi')))).toBe('hi')
})

test('files that change are read again; open connections stay, and files that do not belong together are not used', async () => {
  const problems: string[] = []
  const files = authority.sign('renewed')
  const tls = new Tls({ server: { ...SERVER, ...files }, client: undefined }, ({ message }) => problems.push(message))
  opened.push(tls)
  const listener = await echo(new RealNetwork({ tls }))
  const { port } = listener.address
  const shown = () =>
    new Promise<string>((resolve, reject) => {
      const socket = nodeTls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(socket.getPeerX509Certificate()!.fingerprint256)
        socket.destroy()
      })
      socket.on('error', reject)
    })
  const before = await shown()
  const kept = nodeTls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  kept.on('error', () => undefined)
  authority.sign('renewed')
  await vi.waitUntil(async () => (await shown()) !== before, { timeout: 20_000, interval: 100 })
  const answer = new Promise((resolve) => kept.once('data', resolve))
  kept.write('still here')
  expect(String(await answer)).toBe('still here')
  kept.destroy()
  const renewed = await shown()
  const { writeFileSync } = await import('node:fs')
  writeFileSync(files.keyPath, readFileSync(authority.sign('other').keyPath))
  await vi.waitUntil(() => problems.length > 0, { timeout: 20_000, interval: 100 })
  expect(problems[0]).toContain('cannot be used together')
  expect(await shown()).toBe(renewed)
})
