import { X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readToolsYml } from '../../../../runtime/bin/read-tools-yml.ts'
import { type Plan, planCluster } from '../../../plan/plan.ts'
import { parseClusterConfig } from '../../../plan/schema/parse-cluster-config.ts'
import { endOf, isSignedBy } from '../../../security/certificate-facts.ts'
import { writeNodeFiles } from '../node-files.ts'
import { accessSecrets } from './local-access.ts'
import { prepareSecrets } from './prepare-secrets.ts'

const dayMs = 86_400_000
const NOW = Date.UTC(2030, 0, 1)

let dataDir = ''

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gantry-secrets-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const planOf = (security: object | undefined, groups = ['broker-a']): Plan =>
  planCluster(parseClusterConfig({ groups: groups.map((name) => ({ name })), security }), { localDataDir: dataDir })
const text = (...path: string[]): string => readFileSync(join(dataDir, ...path), 'utf8')
const modeOf = (...path: string[]): string => (statSync(join(dataDir, ...path)).mode & 0o777).toString(8)

it('does nothing for a cluster without it', async () => {
  expect(await prepareSecrets(dataDir, planOf(undefined), NOW)).toEqual({ hasChanged: false })
  expect(existsSync(join(dataDir, 'security'))).toBe(false)
})

it('makes everything once, for the eyes of its owner', async () => {
  const plan = planOf({ tls: {}, accessControl: {} })
  expect(await prepareSecrets(dataDir, plan, NOW)).toEqual({ hasChanged: false })
  const files = [
    ['security', 'authority-1.key'],
    ['security', 'credentials.json'],
    ['security', 'tools', 'conf', 'tools.yml'],
    ['security', 'tools', 'node.key'],
    ['broker-a-0', 'tls', 'node.key'],
    ['broker-a-0', 'tls', 'node.crt'],
  ]
  const before = files.map((path) => text(...path))
  for (const path of files) expect([path, modeOf(...path)]).toEqual([path, '600'])
  for (const path of [['security'], ['security', 'tools'], ['broker-a-0', 'tls']]) expect(modeOf(...path)).toBe('700')
  expect(await prepareSecrets(dataDir, plan, NOW)).toEqual({ hasChanged: false })
  expect(files.map((path) => text(...path))).toEqual(before)
  expect(existsSync(join(dataDir, 'security/client'))).toBe(false)
  const keys = readToolsYml(join(dataDir, 'security/tools/conf/tools.yml'))
  expect(keys?.accessKey).toBe('gantry-admin')
  expect(accessSecrets(dataDir, plan).credentials).toEqual(JSON.parse(text('security', 'credentials.json')).admin)
})

it('each node has a key and a certificate of its own, new ones too', async () => {
  await prepareSecrets(dataDir, planOf({ tls: {} }), NOW)
  const before = text('broker-a-0', 'tls', 'node.crt')
  expect(await prepareSecrets(dataDir, planOf({ tls: {} }, ['broker-a', 'broker-b']), NOW)).toEqual({
    hasChanged: false,
  })
  expect(text('broker-a-0', 'tls', 'node.crt')).toBe(before)
  const added = new X509Certificate(text('broker-b-0', 'tls', 'node.crt'))
  expect([added.subject, added.checkIP('127.0.0.1'), added.checkHost('localhost')]).toEqual([
    'CN=broker-b-0',
    '127.0.0.1',
    'localhost',
  ])
  expect(isSignedBy(text('broker-b-0', 'tls', 'node.crt'), text('security', 'ca.crt'))).toBe(true)
})

it('makes a certificate anew when less than a third of its days is left, by the same authority', async () => {
  const plan = planOf({ tls: { validDays: 90 } })
  await prepareSecrets(dataDir, plan, NOW)
  const before = text('broker-a-0', 'tls', 'node.crt')
  expect(endOf(before)).toBe(NOW + 90 * dayMs)
  expect(await prepareSecrets(dataDir, plan, NOW + 59 * dayMs)).toEqual({ hasChanged: false })
  expect(await prepareSecrets(dataDir, plan, NOW + 61 * dayMs)).toEqual({ hasChanged: true })
  const after = text('broker-a-0', 'tls', 'node.crt')
  expect(endOf(after)).toBe(NOW + 151 * dayMs)
  expect(isSignedBy(after, text('security', 'authority-1.crt'))).toBe(true)
  expect(existsSync(join(dataDir, 'security/authority-2.crt'))).toBe(false)
})

it('secrets stand in the conf file of the node and not in the plan', async () => {
  const plan = planOf({ accessControl: {} })
  await prepareSecrets(dataDir, plan, NOW)
  const { admin, servers } = JSON.parse(text('security', 'credentials.json'))
  expect(JSON.stringify(plan)).not.toContain(admin.secretKey)
  const broker = plan.nodes.find(({ kind }) => kind === 'broker')!
  writeNodeFiles({ confFile: { ...broker.confFile, path: join(dataDir, 'broker.conf') } }, dataDir)
  const conf = text('broker.conf')
  expect(conf).toContain(`initAuthenticationUser={"username":"gantry-admin","password":"${admin.secretKey}"}\n`)
  expect(conf).toContain(`{"accessKey":"gantry-servers","secretKey":"${servers.secretKey}"}\n`)
  expect(conf).not.toContain('[secret')
  rmSync(join(dataDir, 'security/credentials.json'))
  expect(() => writeNodeFiles(broker, dataDir)).toThrow('credentials.json is not there any more')
})

it('makes keys of the next generation beside those in use, for a cluster that runs', async () => {
  const [first, second] = [planOf({ accessControl: {} }), planOf({ accessControl: { generation: 2 } })]
  await prepareSecrets(dataDir, first, NOW)
  const before = JSON.parse(text('security', 'credentials.json'))
  expect(Object.keys(before)).toEqual(['admin', 'servers'])
  await expect(prepareSecrets(dataDir, second, NOW), 'of one that does not run').rejects.toThrow(
    'the users that brokers know have keys of generation 1, and change by a rollout only',
  )
  expect(JSON.parse(text('security', 'credentials.json'))).toEqual(before)

  await prepareSecrets(dataDir, second, NOW, first)
  const both = JSON.parse(text('security', 'credentials.json'))
  const { '2': next } = both.others
  expect(both).toEqual({ ...before, others: { '2': next } })
  expect([next.admin.accessKey, next.servers.accessKey]).toEqual(['gantry-admin-2', 'gantry-servers-2'])
  expect(new Set([before, next].flatMap(({ admin, servers }) => [admin.secretKey, servers.secretKey])).size).toBe(4)
  await prepareSecrets(dataDir, second, NOW, first)
  expect(JSON.parse(text('security', 'credentials.json')), 'once').toEqual(both)
  expect(accessSecrets(dataDir, first).credentials).toEqual(before.admin)

  const confOf = (plan: Plan): string => {
    const broker = plan.nodes.find(({ kind }) => kind === 'broker')!
    writeNodeFiles({ confFile: { ...broker.confFile, path: join(dataDir, 'broker.conf') } }, dataDir)
    return text('broker.conf')
  }
  expect(confOf(first)).toContain(before.servers.secretKey)
  expect(confOf(second)).toContain(`"gantry-servers-2","secretKey":"${next.servers.secretKey}"`)
  expect(confOf(second)).toContain(`"gantry-admin-2","password":"${next.admin.secretKey}"`)
  expect(modeOf('security', 'credentials.json')).toBe('600')
})

it('a cluster may begin with any generation', async () => {
  const plan = planOf({ accessControl: { generation: 3 } })
  await prepareSecrets(dataDir, plan, NOW)
  const written = JSON.parse(text('security', 'credentials.json'))
  expect([written.generation, written.admin.accessKey]).toEqual([3, 'gantry-admin-3'])
  await prepareSecrets(dataDir, plan, NOW)
  expect(JSON.parse(text('security', 'credentials.json'))).toEqual(written)
  expect(readToolsYml(join(dataDir, 'security/tools/conf/tools.yml'))?.accessKey).toBe('gantry-admin-3')
})
