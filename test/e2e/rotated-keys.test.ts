import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { ClusterStatus } from '../../cli/cluster-status.ts'
import { AdminClient } from '../../components/admin/admin-client.ts'
import { ToolAccess, withToolAccess } from '../../components/admin/tool-access.ts'
import type { ClusterCredentials } from '../../components/security/credentials.ts'
import { signedDraft } from '../../runtime/auth/remoting/signed-content.ts'
import { readToolsYml } from '../../runtime/bin/read-tools-yml.ts'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import type { RemotingCommand, RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { HmacKey } from '../../runtime/io/hmac-sha1.ts'
import { ConstantLoad } from '../pulumi/constant-load.ts'
import { freeBasePort, GantryCommand, runGantry } from './gantry-command.ts'

const basePort = await freeBasePort(3)
// Every node restarts twice, one after the other, and whoever does it is killed once.
const LIMIT_MS = 900_000

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-keys-'))
})

afterEach(async () => {
  await runGantry(['down', 'guarded'], folder)
  rmSync(folder, { recursive: true, force: true })
}, LIMIT_MS)

/** Writes the stack. @returns the arguments that bring it up */
function stackWith(generation: number): string[] {
  const stack = join(folder, 'Pulumi.guarded.yaml')
  const cluster = {
    nameServers: 1,
    controllers: { mode: 'embedded', replicas: 1 },
    groups: [{ name: 'broker-a', replicas: 2 }],
    topics: [{ name: 'Orders', queues: 4 }],
    consumerGroups: [{ name: 'billing' }],
    platform: { staleRouteSeconds: 1 },
    security: { accessControl: { generation } },
  }
  writeFileSync(stack, stringify({ config: { 'gantry:cluster': cluster } }))
  return ['up', stack, '--base-port', String(basePort), '--detach']
}

async function change(generation: number): Promise<string> {
  const { exitCode, stdout, stderr } = await runGantry(stackWith(generation), folder)
  expect([exitCode, stderr], stdout).toEqual([0, ''])
  return stdout
}

const file = (...path: string[]): string => readFileSync(join(folder, '.gantry/guarded', ...path), 'utf8')
const keys = (): ClusterCredentials => JSON.parse(file('security', 'credentials.json')) as ClusterCredentials

async function status(): Promise<ClusterStatus> {
  const { stdout } = await runGantry(['status', '--json'], folder)
  return (JSON.parse(stdout) as { clusters: ClusterStatus[] }).clusters[0]!
}

const brokers = async (): Promise<string[]> =>
  (await status()).nodes.filter(({ node }) => node.startsWith('broker')).map(({ address }) => address)

type User = ClusterCredentials['admin']

async function askAs(credentials: User, address: string, request: RequestDraft): Promise<RemotingCommand> {
  const client = withToolAccess(new ToolAccess({ credentials }), () => new AdminClient(10_000))
  try {
    return await client.ask(address, request)
  } finally {
    client.close()
  }
}

const listUsers = { code: RequestCode.AUTH_LIST_USER }

async function usersAt(admin: User, address: string): Promise<string[]> {
  const { body } = await askAs(admin, address, listUsers)
  return (JSON.parse(body!.toString()) as { username: string }[]).map(({ username }) => username).sort()
}

const app: User = { accessKey: 'app', secretKey: 'app-secret' }

/** The users there are after a change, and those that were before. */
async function expectKeys(generation: number, former: readonly ClusterCredentials[]): Promise<void> {
  const { admin, servers, ...rest } = keys()
  expect([admin.accessKey, servers.accessKey, rest]).toEqual([
    `gantry-admin-${generation}`,
    `gantry-servers-${generation}`,
    { generation },
  ])
  const tools = readToolsYml(join(folder, '.gantry/guarded/security/tools/conf/tools.yml'))
  expect(tools?.accessKey).toBe(admin.accessKey)
  for (const address of await brokers()) {
    expect(await usersAt(admin, address)).toEqual(['app', admin.accessKey, servers.accessKey])
    expect((await askAs(servers, address, listUsers)).code).toBe(ResponseCode.SUCCESS)
    for (const user of former.flatMap((each) => [each.admin, each.servers])) {
      await expect(askAs(user, address, listUsers)).rejects.toMatchObject({ code: ResponseCode.NO_PERMISSION })
    }
  }
  for (const conf of [file('broker-a-0', 'broker.conf'), file('broker-a-1', 'broker.conf')]) {
    expect(conf).toContain(`{"accessKey":"${servers.accessKey}","secretKey":"${servers.secretKey}"}`)
    expect(conf).toContain(`{"username":"${admin.accessKey}","password":"${admin.secretKey}"}`)
  }
}

it(
  'administrator and servers get other keys under load, by a tool that is killed half-way, too; the former ones are refused then',
  async () => {
    await change(1)
    const first = keys()
    const body = encodeJson({ password: app.secretKey, userType: 'Super' })
    const made = { code: RequestCode.AUTH_CREATE_USER, fields: { username: app.accessKey }, body }
    for (const address of await brokers()) await askAs(first.admin, address, made)
    const key = new HmacKey(app.secretKey)
    const load = await ConstantLoad.start(`127.0.0.1:${basePort}`, 'Orders', 'billing', (request) =>
      signedDraft(request, { accessKey: app.accessKey, key }),
    )

    const tooFar = await runGantry(stackWith(3), folder)
    expect(tooFar.exitCode).toBe(1)
    expect(tooFar.stdout).toContain('the cluster has keys of generation 1: the one after it is 2')
    expect(keys()).toEqual(first)

    const { supervisorPid = 0 } = await status()
    const cut = new GantryCommand(stackWith(2), folder)
    // Users are made, the NameServer has restarted, a broker is about to.
    await cut.printed('[3/')
    process.kill(supervisorPid, 'SIGKILL')
    expect(await cut.ended()).toBe(1)
    expect((await status()).rollout).toMatchObject({ state: 'cut off' })
    // Slaves restart first, and one that had been stopped by then stays so until the rollout goes on.
    const { address = '' } = (await status()).nodes.find(({ role }) => role === 'MASTER') ?? {}
    expect(await usersAt(first.admin, address)).toContain('gantry-servers-2')
    await change(2)
    await expectKeys(2, [first])

    const second = keys()
    const told = await change(3)
    for (const step of ['makeKeys:3', 'adoptKeys:3', 'dropKeys:2']) expect(told).toContain(step)
    await expectKeys(3, [first, second])
    for (const secret of [first, second, keys()].flatMap(({ admin, servers }) => [
      admin.secretKey,
      servers.secretKey,
    ])) {
      expect(told.includes(secret)).toBe(false)
    }

    const { sent, lost, refused } = await load.stop()
    expect(sent).toBeGreaterThan(50)
    expect({ lost, refused }).toEqual({ lost: 0, refused: 0 })
    // Of a cluster that stands still nothing can be changed so.
    await runGantry(['down', 'guarded'], folder)
    const cold = await runGantry(stackWith(4), folder)
    expect(cold.exitCode).toBe(1)
    expect(cold.stdout + cold.stderr).toContain('keys of generation 3, and change by a rollout only')
    await change(3)
    await expectKeys(3, [first, second])
  },
  LIMIT_MS,
)
