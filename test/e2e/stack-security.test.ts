import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { ClusterStatus } from '../../cli/cluster-status.ts'
import { AdminClient } from '../../components/admin/admin-client.ts'
import { type AccessSecrets, ToolAccess, withToolAccess } from '../../components/admin/tool-access.ts'
import { newAuthority, newCertificate } from '../../components/security/certificates.ts'
import type { ClusterCredentials } from '../../components/security/credentials.ts'
import type { RemotingCommand, RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { freeBasePort, GantryCommand, runGantry } from './gantry-command.ts'

const basePort = await freeBasePort(3)
const mqadmin = join(import.meta.dirname, '../../runtime/bin/mqadmin')
const LIMIT_MS = 150_000

let folder = ''
let dataDir = ''
let stack = ''
let up: GantryCommand | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-security-'))
  dataDir = join(folder, '.gantry/guarded')
  stack = join(folder, 'Pulumi.guarded.yaml')
  up = undefined
})

afterEach(async () => {
  await runGantry(['down', 'guarded'], folder)
  rmSync(folder, { recursive: true, force: true })
})

function write(security: object | undefined): void {
  const cluster = {
    nameServers: 1,
    controllers: { mode: 'embedded', replicas: 1 },
    groups: [{ name: 'broker-a', replicas: 2 }],
    topics: [{ name: 'Orders', queues: 4 }],
    platform: { staleRouteSeconds: 1 },
    ...(security === undefined ? {} : { security }),
  }
  writeFileSync(stack, stringify({ config: { 'gantry:cluster': cluster } }))
}

const command = (): string[] => ['up', stack, '--base-port', String(basePort)]

async function start(security: object | undefined): Promise<GantryCommand> {
  write(security)
  up = new GantryCommand(command(), folder)
  await up.printed('Ctrl-C stops the cluster.')
  return up
}

async function change(security: object | undefined): Promise<string> {
  write(security)
  const { exitCode, stdout, stderr } = await runGantry(command(), folder)
  expect([exitCode, stderr], stdout).toEqual([0, ''])
  return stdout
}

async function status(): Promise<ClusterStatus> {
  const { stdout } = await runGantry(['status', '--json'], folder)
  return (JSON.parse(stdout) as { clusters: ClusterStatus[] }).clusters[0]!
}

const security = (...path: string[]): string => join(dataDir, 'security', ...path)
const text = (...path: string[]): string => readFileSync(security(...path), 'utf8')
const credentials = (): ClusterCredentials => JSON.parse(text('credentials.json')) as ClusterCredentials
/** What a client has that was given certificates and keys. */
const clientFiles = () => ({
  trusted: text('ca.crt'),
  key: text('client/client.key'),
  cert: text('client/client.crt'),
})

const message = (): RequestDraft => ({
  code: RequestCode.SEND_MESSAGE_V2,
  fields: { a: 'pg', b: 'Orders', c: 'TBW102', d: 4, e: 0, f: 0, g: Date.now(), h: 0, i: '', j: 0, k: false, m: false },
  body: Buffer.from('hello'),
})

/** As a client with these files and keys. */
async function ask(address: string, request: RequestDraft, secrets: AccessSecrets): Promise<RemotingCommand> {
  const client = withToolAccess(new ToolAccess(secrets), () => new AdminClient(5000))
  try {
    return await client.ask(address, request)
  } finally {
    client.close()
  }
}

async function master(): Promise<string> {
  const { nodes } = await status()
  return nodes.find(({ brokerId }) => brokerId === 0)!.address
}

const pids = async (): Promise<string[]> => (await status()).nodes.map(({ node, pid }) => `${node} ${pid}`)

function* filesBelow(path: string): Generator<string> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name)
    if (entry.isDirectory()) yield* filesBelow(inner)
    else yield inner
  }
}

/** Its first megabyte, for logs of messages are gigabytes of nothing. */
function startOf(path: string): string {
  const bytes = Buffer.alloc(1 << 20)
  const file = openSync(path, 'r')
  try {
    return bytes.toString('latin1', 0, readSync(file, bytes))
  } finally {
    closeSync(file)
  }
}

/** What reads mqadmin's files, and nothing of this process. */
function runMqadmin(args: readonly string[], env: Readonly<Record<string, string>>): string {
  const { stdout, stderr } = spawnSync(mqadmin, args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  return `${stdout}${stderr}`
}

/** Who has signed the certificate that a port shows. */
function issuerAt(address: string): Promise<string> {
  const [host = '', port = ''] = address.split(':')
  const { trusted, ...own } = clientFiles()
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host, port: Number(port), ...own, ca: trusted, checkServerIdentity: () => undefined },
      () => {
        resolve(socket.getPeerX509Certificate()!.issuer)
        socket.destroy()
      },
    )
    socket.on('error', reject)
  })
}

it(
  'a stack with security: clients with its files and keys are served, nobody else; nothing secret is seen outside of its folder',
  async () => {
    const run = await start({ tls: { clientCertificates: 'require' }, accessControl: {} })
    const { admin, servers } = credentials()
    const { nodes, security: told } = await status()
    expect(nodes.map(({ node, phase }) => `${node} ${phase}`)).toEqual([
      'namesrv-0 healthy',
      'broker-a-0 healthy',
      'broker-a-1 healthy',
    ])
    expect(told).toMatchObject({ tls: { mode: 'enforcing', generation: 1 }, accessControl: { enforce: true } })
    const yearMs = 365 * 86_400_000
    expect(Math.abs(Date.parse(told!.tls!.firstToEnd.validUntil) - Date.now() - yearMs)).toBeLessThan(600_000)

    const address = await master()
    const tls = clientFiles()
    const answer = await ask(address, message(), { tls, credentials: admin })
    expect(answer.code).toBe(ResponseCode.SUCCESS)
    const stranger = { accessKey: admin.accessKey, secretKey: 'guessed' }
    for (const wrong of [{ tls }, { tls, credentials: stranger }]) {
      await expect(ask(address, message(), wrong)).rejects.toMatchObject({ code: ResponseCode.NO_PERMISSION })
    }
    for (const port of [address, `127.0.0.1:${basePort}`]) {
      const request = { code: RequestCode.GET_BROKER_CLUSTER_INFO }
      await expect(ask(port, request, { credentials: admin })).rejects.toThrow(/lost|closed/i)
      const other = newAuthority('DefaultCluster authority 1', Date.now())
      const unknown = newCertificate(other, { name: 'client', addresses: [], validDays: 1 }, Date.now())
      const guarded = { trusted: tls.trusted, ...unknown }
      await expect(ask(port, request, { credentials: admin, tls: guarded })).rejects.toThrow(/lost|closed|alert/i)
      await expect(ask(port, request, { credentials: admin, tls: { ...tls, trusted: other.cert } })).rejects.toThrow()
    }

    const env = {
      ROCKETMQ_HOME: security('tools'),
      JAVA_OPT_EXT: `-Dtls.config.file=${security('tools/tls.properties')}`,
    }
    const where = ['-n', `127.0.0.1:${basePort}`]
    expect(runMqadmin(['clusterList', ...where], env)).toContain('broker-a')
    expect(runMqadmin(['listUser', '-b', address], env)).toContain(admin.accessKey)
    expect(runMqadmin(['listUser', '-b', address], { JAVA_OPT_EXT: env.JAVA_OPT_EXT })).toMatch(
      /permission|denied|refused|AccessKey/i,
    )
    expect(runMqadmin(['clusterList', ...where], { ROCKETMQ_HOME: env.ROCKETMQ_HOME })).not.toContain('broker-a')

    const secrets = [admin.secretKey, servers.secretKey, 'PRIVATE KEY']
    const reveals = (what: string): boolean => secrets.some((secret) => what.includes(secret))
    const revealing = [...filesBelow(dataDir)].filter((path) => reveals(startOf(path)))
    const allowed = /\/security\/|\.conf$|\/tls\/node\.key$|\/auth\/users\.json(\.bak)?$/
    expect(revealing.filter((path) => !allowed.test(path))).toEqual([])
    expect(revealing.length).toBeGreaterThan(5)
    for (const path of revealing) expect([path, statSync(path).mode & 0o777]).toEqual([path, 0o600])
    for (const path of [security(), join(dataDir, 'broker-a-0/tls')]) expect(statSync(path).mode & 0o777).toBe(0o700)
    for (const { pid } of nodes) {
      for (const file of ['cmdline', 'environ'])
        expect(reveals(readFileSync(`/proc/${pid}/${file}`, 'latin1'))).toBe(false)
    }
    const planned = await runGantry(['plan', stack], folder)
    const compared = await runGantry(['plan', 'diff', stack, '--json', '--base-port', String(basePort)], folder)
    expect([planned.exitCode, compared.exitCode]).toEqual([0, 0])
    expect(reveals(run.stdout + run.stderr + planned.stdout + compared.stdout)).toBe(false)

    run.child.kill('SIGINT')
    expect(await run.ended()).toBe(0)
    await start({ tls: { clientCertificates: 'require' }, accessControl: {} })
    expect(credentials()).toEqual({ admin, servers })
    expect(clientFiles()).toEqual(tls)
    expect((await ask(await master(), message(), { tls, credentials: admin })).code).toBe(ResponseCode.SUCCESS)
  },
  LIMIT_MS,
)

it(
  'new certificates: announced, then shown by nodes that go on; clients of before are served until the old authority is dropped',
  async () => {
    const tls = { clientCertificates: 'require' }
    await start({ tls })
    const before = await pids()
    const address = await master()
    const first = clientFiles()

    write({ tls: { ...tls, generation: 2 } })
    const early = await runGantry(command(), folder)
    expect(early.exitCode).toBe(1)
    expect(early.stdout).toContain('announceNext: true')
    expect(existsSync(security('authority-2.crt'))).toBe(false)

    await change({ tls: { ...tls, announceNext: true } })
    expect(new X509Certificate(text('authority-2.crt')).subject).toBe('CN=DefaultCluster authority 2')
    const announced = clientFiles()
    expect(announced).toEqual({ ...first, trusted: text('authority-1.crt') + text('authority-2.crt') })
    expect(await issuerAt(address)).toBe('CN=DefaultCluster authority 1')

    await change({ tls: { ...tls, generation: 2 } })
    for (const each of [address, `127.0.0.1:${basePort}`])
      expect(await issuerAt(each)).toBe('CN=DefaultCluster authority 2')
    // One that has the new authority's certificate and still shows what the old one has signed.
    expect((await ask(address, message(), { tls: announced })).code).toBe(ResponseCode.SUCCESS)

    await change({ tls: { ...tls, generation: 2, trustPrevious: false } })
    expect((await ask(address, message(), { tls: clientFiles() })).code).toBe(ResponseCode.SUCCESS)
    await expect(ask(address, message(), { tls: announced })).rejects.toThrow()
    expect(await pids()).toEqual(before)
  },
  LIMIT_MS,
)

it(
  'a cluster that runs without becomes a guarded one step by step, and is refused to do so at once',
  async () => {
    await start(undefined)
    write({ tls: {}, accessControl: {} })
    const { exitCode, stdout } = await runGantry(command(), folder)
    expect(exitCode).toBe(1)
    expect(stdout).toContain(
      'tls: { mode: permissive, betweenNodes: false }, then tls: { mode: permissive }, then tls: { mode: enforcing }',
    )
    expect(stdout).toContain('accessControl: { enforce: false }, then accessControl: { enforce: true }')

    await change({ tls: { mode: 'permissive', betweenNodes: false }, accessControl: { enforce: false } })
    expect((await ask(await master(), message(), {})).code).toBe(ResponseCode.SUCCESS)
    await change({ tls: { mode: 'permissive' }, accessControl: {} })
    const { admin } = credentials()
    await expect(ask(await master(), message(), {})).rejects.toMatchObject({ code: ResponseCode.NO_PERMISSION })
    expect((await ask(await master(), message(), { credentials: admin })).code).toBe(ResponseCode.SUCCESS)
    await change({ tls: {}, accessControl: {} })
    await expect(ask(await master(), message(), { credentials: admin })).rejects.toThrow()
    const tls = { trusted: text('ca.crt'), key: text('tools/node.key'), cert: text('tools/node.crt') }
    expect((await ask(await master(), message(), { credentials: admin, tls })).code).toBe(ResponseCode.SUCCESS)
  },
  LIMIT_MS,
)
