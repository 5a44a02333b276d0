import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { ClusterStatus } from '../../cli/cluster-status.ts'
import { AdminClient } from '../../components/admin/admin-client.ts'
import { type AccessSecrets, ToolAccess, withToolAccess } from '../../components/admin/tool-access.ts'
import { newAuthority } from '../../components/security/certificates.ts'
import type { ClusterCredentials } from '../../components/security/credentials.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { GrpcClient } from '../../runtime/proxy/testing/grpc-client.ts'
import { signedHeaders } from '../../runtime/proxy/testing/signed-call.ts'
import * as wire from '../../runtime/proxy/wire/service.ts'
import { StatusCode } from '../../runtime/proxy/wire/status-code.ts'
import { freeBasePort, GantryCommand, runGantry } from './gantry-command.ts'

const basePort = await freeBasePort(1)
const LIMIT_MS = 150_000
let folder = ''
let dataDir = ''
let stack = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-guarded-proxy-'))
  dataDir = join(folder, '.gantry/guarded')
  stack = join(folder, 'Pulumi.guarded.yaml')
})

afterEach(async () => {
  await runGantry(['down', 'guarded'], folder)
  rmSync(folder, { recursive: true, force: true })
})

const command = (): string[] => ['up', stack, '--base-port', String(basePort)]

function write(security: object | undefined): void {
  const cluster = {
    ...{ nameServers: 1, groups: [{ name: 'broker-a' }], proxies: { replicas: 1 } },
    ...{ topics: [{ name: 'Orders', queues: 1 }], platform: { staleRouteSeconds: 1 } },
    ...(security === undefined ? {} : { security }),
  }
  writeFileSync(stack, stringify({ config: { 'gantry:cluster': cluster } }))
}

async function start(security: object | undefined): Promise<GantryCommand> {
  write(security)
  const up = new GantryCommand(command(), folder)
  await up.printed('Ctrl-C stops the cluster.')
  return up
}

async function change(security: object): Promise<void> {
  write(security)
  const { exitCode, stdout, stderr } = await runGantry(command(), folder)
  expect([exitCode, stderr], stdout).toEqual([0, ''])
}

const secret = (...path: string[]): string => readFileSync(join(dataDir, 'security', ...path), 'utf8')
const credentials = (): ClusterCredentials => JSON.parse(secret('credentials.json')) as ClusterCredentials
const confFile = (): string => join(dataDir, 'proxy-0/rmq-proxy.json')
const conf = () => JSON.parse(readFileSync(confFile(), 'utf8')) as Record<string, unknown>

interface Caller {
  readonly scheme?: 'http' | 'https'
  readonly user?: { readonly accessKey: string; readonly secretKey: string }
  readonly trusted?: string
}

/** What the proxy answers to a message; undefined when the connection ends without an answer. */
async function send({ scheme = 'https', user, trusted }: Caller): Promise<number | undefined> {
  const headers = user === undefined ? [] : signedHeaders(user.accessKey, user.secretKey)
  const origin = `${scheme}://127.0.0.1:${String(conf()['grpcServerPort'])}`
  const client = new GrpcClient(origin, 'client', headers, trusted)
  const message = { topic: { name: 'Orders' }, body: Buffer.from('hello'), systemProperties: { messageId: 'ID' } }
  const request = { messages: [message] }
  try {
    const answers = await client.call('SendMessage', wire.SendMessageRequest, wire.SendMessageResponse, request)
    return answers[0]?.status?.code
  } catch {
    return undefined
  } finally {
    client.close()
  }
}

/** A route as a client of remoting asks for it. */
async function askRoute(secrets: AccessSecrets): Promise<number> {
  const client = withToolAccess(new ToolAccess(secrets), () => new AdminClient(5000))
  const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields: { topic: 'Orders' } }
  try {
    return (await client.ask(`127.0.0.1:${String(conf()['remotingListenPort'])}`, request)).code
  } finally {
    client.close()
  }
}

it(
  'a proxy of a guarded stack serves who has the right keys and speaks TLS, on both its ports, and nobody else',
  async () => {
    const up = await start({ tls: { clientCertificates: 'require' }, accessControl: {} })
    const { admin: user, servers } = credentials()
    const { stdout } = await runGantry(['status', '--json'], folder)
    const [cluster] = (JSON.parse(stdout) as { clusters: ClusterStatus[] }).clusters
    expect(cluster?.nodes.map(({ node, phase }) => `${node} ${phase}`)).toContain('proxy-0 healthy')

    const trusted = secret('ca.crt')
    expect(await send({ user, trusted })).toBe(StatusCode.OK)
    const wrong = { accessKey: user.accessKey, secretKey: 'guessed' }
    const nobody = { accessKey: 'nobody', secretKey: user.secretKey }
    expect(await send({ user: wrong, trusted })).toBe(StatusCode.UNAUTHORIZED)
    expect(await send({ user: nobody, trusted })).toBe(StatusCode.UNAUTHORIZED)
    expect(await send({ trusted })).toBe(StatusCode.UNAUTHORIZED)
    expect(await send({ scheme: 'http', user })).toBeUndefined()
    expect(await send({ user, trusted: newAuthority('another', Date.now()).cert })).toBeUndefined()

    const tls = { trusted, key: secret('client/client.key'), cert: secret('client/client.crt') }
    expect(await askRoute({ tls, credentials: user })).toBe(ResponseCode.SUCCESS)
    await expect(askRoute({ tls, credentials: wrong })).rejects.toMatchObject({ code: ResponseCode.NO_PERMISSION })
    await expect(askRoute({ credentials: user })).rejects.toThrow(/lost|closed/i)

    expect(conf()['innerClientAuthenticationCredentials']).toBe(JSON.stringify(servers))
    expect(statSync(confFile()).mode & 0o777).toBe(0o600)
    const planned = await runGantry(['plan', stack], folder)
    const said = up.stdout + up.stderr + planned.stdout + readFileSync(join(dataDir, 'plan.json'), 'utf8')
    expect(said).not.toContain(servers.secretKey)
    expect(said).not.toContain(user.secretKey)
  },
  LIMIT_MS,
)

it(
  'a stack that runs without becomes a guarded one step by step, its proxy with it',
  async () => {
    await start(undefined)
    expect(await send({ scheme: 'http' })).toBe(StatusCode.OK)
    await change({ tls: { mode: 'permissive', betweenNodes: false }, accessControl: { enforce: false } })
    const trusted = secret('ca.crt')
    const { admin: user } = credentials()
    expect([await send({ scheme: 'http' }), await send({ trusted })]).toEqual([StatusCode.OK, StatusCode.OK])
    await change({ tls: { mode: 'permissive' }, accessControl: {} })
    expect(await send({ scheme: 'http' })).toBe(StatusCode.UNAUTHORIZED)
    expect(await send({ scheme: 'http', user })).toBe(StatusCode.OK)
    await change({ tls: {}, accessControl: {} })
    expect(await send({ scheme: 'http', user })).toBeUndefined()
    expect(await send({ user, trusted })).toBe(StatusCode.OK)
    // And back: those who sign are served by a proxy that does not ask.
    await change({ tls: {}, accessControl: { enforce: false } })
    expect([await send({ trusted }), await send({ user, trusted })]).toEqual([StatusCode.OK, StatusCode.OK])
  },
  LIMIT_MS,
)
