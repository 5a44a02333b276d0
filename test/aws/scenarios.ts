import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { renderUserData } from '../../components/platform/aws/user-data/user-data.ts'
import { parseProperties } from '../../runtime/config/properties-file.ts'
import { apacheRelease } from './apache-release.ts'
import { bootCluster, specsOf } from './cluster-specs.ts'
import { securedCluster } from './secured-scenario.ts'
import { shellProblems } from './shell-check.ts'
import type { Site } from './site.ts'

export interface ScenarioEntry {
  readonly name: string
  readonly run: (site: Site) => Promise<void>
}

const dataDir = '/var/lib/gantry/broker-a-0'
const memoryConf = '/run/gantry/broker.conf'

/** From blank volumes to a message, and to the same message after a kill, a new instance and a larger volume. */
async function lifeOfACluster(site: Site): Promise<void> {
  const specOf = specsOf(await site.artifact())
  const { broker, disk } = await bootCluster(site, specOf)
  assert.match(broker.output, /is blank: making a file system/)
  assert.match(broker.output, /gantry: broker-a-0 has been started/)
  assert.equal(await site.client('send', 'TBW102', 'hello'), 'hello')

  const { machine } = broker
  const show = (name: string) => machine.run('systemctl', 'show', '--value', '-p', name, 'gantry.service').trim()
  const pid = show('MainPID')
  // systemd raises limits as far as whoever started it may.
  const limitOf = (process: string) =>
    /Max open files +\d+ +(\d+)/.exec(machine.run('cat', `/proc/${process}/limits`))?.[1]
  assert.equal(Number(limitOf(pid)), Math.min(655_360, Number(limitOf('1'))))
  assert.equal(show('LimitNOFILE'), '655360')
  assert.match(
    machine.run('cat', `/proc/${pid}/status`),
    /Uid:\t9876\t9876\t9876\t9876[\s\S]*CapEff:\t0+\n[\s\S]*NoNewPrivs:\t1/,
  )
  assert.equal(show('OOMScoreAdjust'), '-500')
  assert.notEqual(
    machine.attempt('nsenter', '-t', pid, '-m', 'touch', '/etc/written').status,
    0,
    'the system is read-only',
  )
  assert.match(machine.run('journalctl', '--unit', 'gantry', '--output', 'cat'), /"service":"mqbroker"/)
  assert.equal(machine.attempt('systemctl', 'is-active', 'ssh.service').stdout.trim(), 'inactive')
  assert.equal(machine.run('stat', '-c', '%U %a', `${dataDir}/broker.conf`).trim(), 'gantry 640')

  machine.run('kill', '-KILL', pid)
  assert.equal(await site.client('read', 'TBW102', '0'), 'hello', 'a broker that was killed comes back')
  assert.notEqual(show('MainPID'), pid)

  await site.stop(machine)
  disk.grow(4000)
  const next = await site.boot(specOf('broker-a-0'), disk)
  assert.ok(next.ok, next.output)
  assert.doesNotMatch(next.output, /making a file system/)
  assert.equal(await site.client('read', 'TBW102', '0'), 'hello', 'what was acknowledged is on the volume')
  // Whether it may grow depends on a privilege that not every machine this runs on has; that it was asked to does not.
  const journal = next.machine.run('journalctl', '--unit', 'gantry', '--output', 'cat')
  assert.match(journal, /is mounted on \/var\/lib\/gantry; on-line resizing required/)
}

/** A volume that has something on it which is no file system is not touched. */
async function foreignData(site: Site): Promise<void> {
  const disk = site.disk(300)
  const file = openSync(disk.device, 'r+')
  writeSync(file, Buffer.from('not ours'), 0, 8, 2 ** 20)
  closeSync(file)
  const { ok, output } = await site.boot(specsOf(await site.artifact())('broker-a-0'), disk)
  assert.equal(ok, false)
  assert.match(output, /has no file system and is not blank: it is left as it is/)
  const found = Buffer.alloc(8)
  const again = openSync(disk.device, 'r')
  readSync(again, found, 0, 8, 2 ** 20)
  closeSync(again)
  assert.equal(found.toString(), 'not ours')
}

/** Bytes other than those that were planned are not run. */
async function wrongBytes(site: Site): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-wrong-'))
  try {
    writeFileSync(join(folder, 'artifact.tar.gz'), 'something else')
    const { bucket, key } = site.put(join(folder, 'artifact.tar.gz'), 'gantry-runtime')
    const { ok, output, machine } = await site.boot(specsOf({ bucket, key, sha256: '0'.repeat(64) })('broker-a-0'))
    assert.equal(ok, false)
    assert.match(output, /has sha256 [0-9a-f]{64} instead of 0{64}/)
    assert.notEqual(machine.attempt('systemctl', 'is-active', 'gantry.service').status, 0)
    assert.equal(machine.attempt('ls', '/opt/gantry/artifact.tar.gz').status, 2)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A secret stands in the conf file of the machine, readable by the node only, and nowhere in what it was given. */
async function secretFromParameterStore(site: Site): Promise<void> {
  const secret = '{"accessKey":"broker","secretKey":"it\'s\\\\secret \u00e9"}'
  site.services.parameters = { '/rocketmq/broker': secret }
  const spec = specsOf(await site.artifact(), {
    brokerConfig: { innerClientAuthenticationCredentials: 'ssm:/rocketmq/broker' },
  })('broker-a-0')
  assert.doesNotMatch(renderUserData(spec), /secretKey/)
  const { machine, output } = await site.boot(spec, site.disk(3000))
  assert.doesNotMatch(output, /secretKey/)
  const { entries } = parseProperties(machine.run('cat', memoryConf))
  assert.equal(entries.find(({ key }) => key === 'innerClientAuthenticationCredentials')?.value, secret)
  assert.equal(machine.run('stat', '-c', '%U %a', memoryConf).trim(), 'gantry 600')
  assert.equal(machine.attempt('ls', `${dataDir}/broker.conf`).status, 2, 'nothing on the volume')
  const printed = machine.run('/opt/gantry/current/runtime/bin/mqbroker', '-c', memoryConf, '-p')
  assert.match(printed, /^innerClientAuthenticationCredentials=\*+$/m, 'what is printed does not show it')
}

/** The official release in the place of our engine: the same conf file, the same volume, the same unit. */
async function apacheEngine(site: Site): Promise<void> {
  const specOf = specsOf(site.put(apacheRelease(site.cacheFolder), 'apache-rocketmq'), { engine: 'apache' })
  const { broker } = await bootCluster(site, specOf)
  assert.equal(await site.client('send', 'TBW102', 'hello'), 'hello')
  const pid = broker.machine.run('systemctl', 'show', '--value', '-p', 'MainPID', 'gantry.service').trim()
  assert.match(broker.machine.run('cat', `/proc/${pid}/cmdline`), /org\.apache\.rocketmq\.broker\.BrokerStartup/)
  assert.match(broker.machine.run('journalctl', '--unit', 'gantry', '--output', 'cat'), /boot success/)
  assert.equal(
    broker.machine.attempt('ls', `${dataDir}/logs/rocketmqlogs/broker.log`).status,
    2,
    'logs are in the journal',
  )
}

async function soundScripts(site: Site): Promise<void> {
  for (const engine of ['gantry', 'apache']) {
    const specOf = specsOf(await site.artifact(), {
      engine,
      brokerConfig: { innerClientAuthenticationCredentials: 'ssm:/a' },
    })
    for (const id of ['namesrv-0', 'broker-a-0'] as const) assert.equal(shellProblems(renderUserData(specOf(id))), '')
  }
  const secured = specsOf(await site.artifact(), { security: { tls: {}, accessControl: {} } })
  for (const id of ['namesrv-0', 'broker-a-0'] as const) assert.equal(shellProblems(renderUserData(secured(id))), '')
}

export const scenarios: readonly ScenarioEntry[] = [
  { name: 'shellcheck finds nothing in user data', run: soundScripts },
  { name: 'user data makes a NameServer and a broker that serve, on and on', run: lifeOfACluster },
  { name: 'a volume with foreign data is left as it is', run: foreignData },
  { name: 'an artifact with other bytes is not run', run: wrongBytes },
  { name: 'secrets come from Parameter Store', run: secretFromParameterStore },
  { name: 'security: TLS and access control with secrets from Parameter Store', run: securedCluster },
  { name: 'engine apache: the official release serves', run: apacheEngine },
]
