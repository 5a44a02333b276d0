import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as nodeTls from 'node:tls'
import { afterAll, afterEach, expect, test } from 'vitest'
import { parseProxyConf } from '../config/proxy-conf.ts'
import type { ProxyPortTls } from '../config/tls-conf.ts'
import type { Address, Listener, Network } from '../io/network.ts'
import { listenToEcho } from '../io/tls/testing/echo.ts'
import { TestAuthority } from '../io/tls/testing/test-authority.ts'
import { silentLogger } from '../observe/logger.ts'
import { readConfEnv } from './conf-env.ts'
import { openProxyNetworks } from './open-proxy-network.ts'

const authority = new TestAuthority()
const stranger = new TestAuthority()
const folder = mkdtempSync(join(tmpdir(), 'gantry-proxy-network-'))
const listeners: Listener[] = []

afterEach(() => {
  for (const listener of listeners.splice(0)) listener.close()
})
afterAll(() => {
  authority.remove()
  stranger.remove()
  rmSync(folder, { recursive: true, force: true })
})

function networks(settings: object, port: Partial<ProxyPortTls>) {
  const text = JSON.stringify({ namesrvAddr: 'localhost:9876', ...settings })
  const result = parseProxyConf(text, 'rmq-proxy.json', readConfEnv())
  if (!result.ok) throw new Error(result.errors.join('\n'))
  const all = { mode: 'permissive', clientAuth: 'none', trustCertPath: undefined, ...port } as const
  return openProxyNetworks(result.conf, all, silentLogger)
}

async function echo(network: Network): Promise<Address> {
  const listener = await listenToEcho(network)
  listeners.push(listener)
  return listener.address
}

/** Whether what is said without TLS, or with it, comes back. */
function isServed(address: Address, tls?: nodeTls.ConnectionOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tls === undefined ? connect(address) : nodeTls.connect({ ...address, ...tls })
    socket.on('data', (bytes) => {
      resolve(String(bytes) === 'hello')
      socket.destroy()
    })
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
    socket.write('hello')
  })
}

const pemsOf = (by: TestAuthority, name: string) => {
  const { keyPath, certPath } = by.sign(name)
  return { key: readFileSync(keyPath), cert: readFileSync(certPath) }
}
const anyServer = { rejectUnauthorized: false }

test.each(['grpc', 'remoting'] as const)('what the port of %s takes follows tls.server.mode', async (port) => {
  const permissive = await echo(networks({}, {})[port])
  expect([await isServed(permissive), await isServed(permissive, anyServer)]).toEqual([true, true])
  const enforcing = await echo(networks({}, { mode: 'enforcing' })[port])
  expect([await isServed(enforcing), await isServed(enforcing, anyServer)]).toEqual([false, true])
  const plain = networks({}, { mode: 'disabled' })[port]
  const disabled = await echo(plain)
  expect(await isServed(disabled)).toBe(true)
  // It echoes what no client of TLS understands.
  expect(await isServed(disabled, anyServer)).toBe(false)
})

test('both ports show the certificate of rmq-proxy.json; only that of remoting asks clients for theirs', async () => {
  const { keyPath, certPath } = authority.sign('proxy')
  const files = { tlsTestModeEnable: false, tlsKeyPath: keyPath, tlsCertPath: certPath }
  const { grpc, remoting } = networks(files, {
    ...{ mode: 'enforcing', clientAuth: 'require', trustCertPath: authority.certPath },
  })
  const verified = { ca: readFileSync(authority.certPath) }
  const withCertificate = { ...verified, ...pemsOf(authority, 'client') }
  const unknown = { ...verified, ...pemsOf(stranger, 'client') }
  const [at, beside] = [await echo(grpc), await echo(remoting)]
  expect(await isServed(at, verified)).toBe(true)
  expect(await isServed(at, { ca: readFileSync(stranger.certPath) })).toBe(false)
  expect(await isServed(beside, verified)).toBe(false)
  expect(await isServed(beside, unknown)).toBe(false)
  expect(await isServed(beside, withCertificate)).toBe(true)
})

test('without a certificate a port is plain, and cannot be one that takes nothing but TLS', async () => {
  const files = { tlsTestModeEnable: false, tlsKeyPath: join(folder, 'key'), tlsCertPath: join(folder, 'crt') }
  expect(await isServed(await echo(networks(files, {}).grpc))).toBe(true)
  expect(() => networks(files, { mode: 'enforcing' })).toThrow(
    `tls.server.mode = enforcing with tlsTestModeEnable = false, but tlsKeyPath = ${join(folder, 'key')}`,
  )
})
