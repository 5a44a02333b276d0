import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import type { AccessSecrets } from '../../components/admin/tool-access.ts'
import { instanceTlsFiles } from '../../components/plan/aws/instance-files.ts'
import { planCluster } from '../../components/plan/plan.ts'
import type { PlanNode } from '../../components/plan/plan-node.ts'
import { renderUserData } from '../../components/platform/aws/user-data/user-data.ts'
import { type Authority, authoritiesOf, bundle } from '../../components/security/authorities.ts'
import type { KeyAndCert } from '../../components/security/certificate-facts.ts'
import { newCertificate } from '../../components/security/certificates.ts'
import { newCredentials } from '../../components/security/credentials.ts'
import { certificateOfNode } from '../../components/security/node-certificate.ts'
import { nodeSecrets } from '../../components/security/node-secrets.ts'
import { bootCluster, clusterConfig, parameterOf, specsOf } from './cluster-specs.ts'
import type { Machine } from './machine.ts'
import type { Site } from './site.ts'

const security = { tls: { clientCertificates: 'require' }, accessControl: {} }
const validDays = 365
const folder = '/run/gantry'

/** What the components make for a cluster with security, and keep in its parameters. */
class Secrets {
  readonly credentials = newCredentials()
  readonly #nodes = planCluster(clusterConfig({ security }), { localDataDir: '/none' }).nodes
  readonly #authorities: readonly [Authority, ...Authority[]]
  readonly #tools: KeyAndCert
  #pairs: Map<string, KeyAndCert>

  constructor() {
    const { tls } = clusterConfig({ security }).security ?? {}
    assert.ok(tls)
    this.#authorities = authoritiesOf([], tls, 'test', Date.now())
    this.#tools = newCertificate(this.#authorities[0], { name: 'tools', addresses: [], validDays }, Date.now())
    this.#pairs = this.#certified()
  }

  /** New keys and certificates for all nodes. */
  renew(): void {
    this.#pairs = this.#certified()
  }

  pairOf(id: string): KeyAndCert {
    const pair = this.#pairs.get(id)
    assert.ok(pair)
    return pair
  }

  get access(): AccessSecrets & { readonly tls: object } {
    const { admin: credentials } = this.credentials
    return { tls: { ...this.#tools, trusted: bundle(this.#authorities) }, credentials }
  }

  parameters(): Record<string, string> {
    const trusted = bundle(this.#authorities)
    const secretsOf = (node: PlanNode) =>
      nodeSecrets(node, instanceTlsFiles, this.credentials, { ...this.pairOf(node.id), trusted })
    return Object.fromEntries(this.#nodes.map((node) => [parameterOf(node), JSON.stringify(secretsOf(node))]))
  }

  /** Texts that nobody but the node's user is to see. */
  hidden(id: string): string[] {
    const { admin, servers } = this.credentials
    const [, line = ''] = this.pairOf(id).key.split('\n')
    return [admin.secretKey, servers.secretKey, line]
  }

  #certified(): Map<string, KeyAndCert> {
    const [authority] = this.#authorities
    const certified = (node: PlanNode) => newCertificate(authority, certificateOfNode(node, validDays), Date.now())
    return new Map(this.#nodes.map((node) => [node.id, certified(node)]))
  }
}

const pidOf = (machine: Machine): string =>
  machine.run('systemctl', 'show', '--value', '-p', 'MainPID', 'gantry.service').trim()

/** Waits for what is on its way. */
async function until(what: string, isThere: () => boolean): Promise<void> {
  const deadline = Date.now() + 120_000
  while (!isThere()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within two minutes`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** Secrets are in memory, for the node's user alone: not on a disk, in a log, in what processes show. */
function nothingShown(machine: Machine, hidden: readonly string[]): void {
  const stats = machine.run('find', folder, '-printf', '%p %y %m %u\n').trim().split('\n').sort()
  assert.deepEqual(stats, [
    `${folder} d 700 gantry`,
    `${folder}/broker.conf f 600 gantry`,
    `${folder}/broker.conf.made f 600 gantry`,
    `${folder}/tls d 700 gantry`,
    `${folder}/tls/ca.crt f 600 gantry`,
    `${folder}/tls/node.crt f 600 gantry`,
    `${folder}/tls/node.key f 600 gantry`,
  ])
  assert.equal(machine.run('stat', '-f', '-c', '%T', folder).trim(), 'tmpfs')
  const pid = pidOf(machine)
  const seen = [
    machine.run('journalctl', '--output', 'cat', '--no-pager'),
    machine.run('systemctl', 'show', 'gantry.service', 'gantry-secrets.service'),
    machine.run('cat', `/proc/${pid}/cmdline`, `/proc/${pid}/environ`),
    machine.console,
  ].join('\n')
  for (const secret of hidden) {
    assert.ok(!seen.includes(secret), 'shown')
    // User credentials are in config/auth of a broker's store, as on every other platform.
    const flags = ['--recursive', '--files-with-matches', '--fixed-strings', '--exclude-dir=auth']
    const { stdout, status } = machine.attempt('grep', ...flags, secret, '/var', '/etc', '/opt', '/tmp')
    assert.ok(status === 1 || stdout === '', `on a disk: ${stdout}`)
  }
}

/** Whoever does not sign, or has no certificate, is not served. */
function strangersRefused(site: Site, { tls, credentials }: AccessSecrets): void {
  for (const access of [undefined, { tls }, { credentials }] as AccessSecrets[]) {
    assert.notEqual(site.attemptWith(access, 'send', 'TBW102', 'hello').status, 0)
  }
}

/** The fingerprint of the certificate that the broker's port shows. */
function shownCertificate(site: Site, { tls }: Secrets['access']): string {
  const script = `
    const { key, cert, trusted: ca } = ${JSON.stringify(tls)}
    const options = { host: '10.60.0.128', port: 10911, key, cert, ca, checkServerIdentity() {} }
    const socket = require('node:tls').connect(options, () => {
      process.stdout.write(socket.getPeerX509Certificate().fingerprint256)
      socket.destroy()
    })`
  const [command, words] = site.network.command([process.execPath, '-e', script])
  return spawnSync(command, words, { encoding: 'utf8', timeout: 10_000 }).stdout
}

/** A new key and certificate reach a broker that runs, and it is served by the same process. */
async function takesNewCertificates(site: Site, machine: Machine, secrets: Secrets): Promise<void> {
  const pid = pidOf(machine)
  const before = shownCertificate(site, secrets.access)
  assert.match(before, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  assert.match(machine.run('systemctl', 'is-active', 'gantry-secrets.timer'), /^active/)
  secrets.renew()
  site.services.parameters = secrets.parameters()
  // What the timer does every five minutes.
  machine.run('systemctl', 'start', 'gantry-secrets.service')
  const expected = new X509Certificate(secrets.pairOf('broker-a-0').cert).fingerprint256
  assert.notEqual(before, expected)
  await until('the new certificate is shown', () => shownCertificate(site, secrets.access) === expected)
  assert.equal(pidOf(machine), pid)
}

/** Without Parameter Store a node that dies comes back with what it had. */
async function comesBackByItself(site: Site, machine: Machine, access: AccessSecrets): Promise<void> {
  site.services.parameters = {}
  const pid = pidOf(machine)
  machine.run('kill', '-KILL', pid)
  assert.equal(await site.clientWith(access, 'read', 'TBW102', '0'), 'hello')
  assert.notEqual(pidOf(machine), pid)
  const journal = machine.run('journalctl', '--unit', 'gantry', '--output', 'cat')
  assert.match(journal, /gantry: the node starts with the secrets it had/)
}

/** From a Parameter Store that does not answer yet to a broker that serves whom it knows, with certificates that change while it runs. */
export async function securedCluster(site: Site): Promise<void> {
  const secrets = new Secrets()
  const specOf = specsOf(await site.artifact(), { security })
  for (const id of ['namesrv-0', 'broker-a-0'] as const) {
    for (const secret of secrets.hidden(id)) assert.ok(!renderUserData(specOf(id)).includes(secret))
  }
  site.services.parameters = {}
  const booting = bootCluster(site, specOf)
  await until('a parameter is asked for', () => /^POST ssm\.\S+ 400$/m.test(site.services.requests))
  site.services.parameters = secrets.parameters()
  const { broker } = await booting
  const { machine } = broker
  assert.equal(await site.clientWith(secrets.access, 'send', 'TBW102', 'hello'), 'hello')
  strangersRefused(site, secrets.access)
  nothingShown(machine, secrets.hidden('broker-a-0'))
  await takesNewCertificates(site, machine, secrets)
  await comesBackByItself(site, machine, secrets.access)
  nothingShown(machine, secrets.hidden('broker-a-0'))
}
