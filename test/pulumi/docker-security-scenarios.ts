import assert from 'node:assert/strict'
import type { DockerLab } from './docker-lab.ts'
import { freeSubnet } from './free-subnet.ts'
import { changesOf, namesOf, type Scenario } from './scenario.ts'
import type { ScenarioEntry } from './scenario-entry.ts'
import { secretsOf, sendTo } from './secured-client.ts'

const tls = { clientCertificates: 'require' }
const folder = '/var/lib/gantry'

function labOf({ lab }: Scenario): DockerLab {
  if (lab === undefined) throw new Error('this scenario needs a Docker engine')
  return lab
}

const masterOf = (outputs: Record<string, unknown>): string =>
  `${String(outputs['namesrvAddr']).replace(/:\d+$/, '')}:10911`

async function textOf(lab: DockerLab, path: string): Promise<string> {
  let text = ''
  for await (const chunk of await lab.engine.open('GET', path)) text += String(chunk)
  return text
}

/** What whoever may look at containers sees has none of the secrets; files that have them are for the node alone. */
async function nothingShown(lab: DockerLab, secrets: readonly string[]): Promise<void> {
  for (const [name] of await lab.containers()) {
    const { Image, seen } = await shownOf(lab, name)
    const history = await textOf(lab, `/images/${Image}/history`)
    for (const secret of [...secrets, 'PRIVATE KEY']) {
      assert.ok(!`${seen}${history}`.includes(secret), `${name} shows ${secret.slice(0, 4)}...`)
    }
    const script = `for (const file of fs.readdirSync("${folder}", { recursive: true })) {
      const { mode, uid } = fs.statSync("${folder}/" + file)
      if (/tls|[.](given|live|conf)$|proxy[.]json$/.test(file)) console.log([file, (mode & 0o777).toString(8), uid].join(" "))
    }`
    const files = (await lab.exec(name, 'node', '-e', script)).trim().split(/\r?\n/)
    assert.ok(
      files.some((line) => line.startsWith('tls/node.key ')),
      files.join(),
    )
    for (const line of files) assert.match(line, /^(tls 700|\S+ 600) 10001$/, `${name}: ${line}`)
    assert.match(await lab.exec(name, 'gantry-healthcheck'), /answers/)
  }
}

async function shownOf(lab: DockerLab, name: string): Promise<{ readonly Image: string; readonly seen: string }> {
  const inspected = await lab.engine.ask<{ readonly Image: string }>('GET', `/containers/${name}/json`)
  const logs = await textOf(lab, `/containers/${name}/logs?stdout=1&stderr=1`)
  return { Image: inspected.Image, seen: JSON.stringify(inspected) + logs }
}

async function guarded(scenario: Scenario): Promise<void> {
  const lab = labOf(scenario)
  const { project } = scenario
  const { stack } = project
  const security = (more: object) =>
    project.configureCluster({ security: { tls: { ...tls, ...more }, accessControl: {} } })
  const { outputs } = await scenario.run('up')
  const master = masterOf(outputs)
  const first = secretsOf(outputs)
  await sendTo(master, first)
  await assert.rejects(sendTo(master, { tls: first.tls! }), 'unsigned')
  await assert.rejects(sendTo(master, { credentials: first.credentials! }), 'without TLS')
  assert.equal((await lab.containers()).size, 3)
  await nothingShown(lab, [first.credentials!.secretKey, first.tls!.key])
  assert.deepEqual(changesOf(await scenario.run('up')), [], 'a second up changes nothing')
  assert.deepEqual(changesOf(await scenario.run('refresh')), [], 'nor is there anything to refresh')

  const before = await lab.containers()
  security({ generation: 2 })
  const refused = await scenario.attempt('up')
  assert.ok(!refused.ok && refused.errors.join().includes('announceNext: true'), refused.errors.join())
  security({ announceNext: true })
  const announced = secretsOf((await scenario.run('up')).outputs)
  security({ generation: 2 })
  await sendTo(master, secretsOf((await scenario.run('up')).outputs))
  await sendTo(master, announced)
  security({ generation: 2, trustPrevious: false })
  const last = secretsOf((await scenario.run('up')).outputs)
  await sendTo(master, last)
  await assert.rejects(sendTo(master, announced), 'what the authority of before has signed')

  project.configureCluster({ brokerConfig: { maxMessageSize: 32_768 } })
  await scenario.run('up')
  assert.deepEqual(await lab.containers(), before, 'neither certificates nor live settings take other containers')
  const broker = `${stack}-broker-a-0`
  await lab.exec(broker, 'node', '-e', 'process.kill(1, "SIGTERM")')
  await lab.until(`${broker} starts again`, async () => (await lab.restarts(broker)) > 0)
  await lab.until('it serves', async () =>
    sendTo(master, last).then(
      () => true,
      () => false,
    ),
  )
  const conf = () => lab.exec(broker, 'node', '-p', `fs.readFileSync("${folder}/broker.conf", "utf8")`)
  assert.match(await conf(), /^maxMessageSize=32768\r?$/m)

  project.configureCluster({ brokerConfig: { maxMessageSize: 32_768, pullThreadPoolQueueCapacity: 50_000 } })
  assert.deepEqual(namesOf(await scenario.run('up'), 'replace'), [`${broker}-container`])
  await sendTo(master, last)
  await nothingShown(lab, [last.credentials!.secretKey, last.tls!.key])

  await lab.remove(broker)
  await lab.engine.ask('DELETE', `/volumes/${broker}-data`)
  await scenario.run('refresh')
  await scenario.run('up')
  await sendTo(master, last)
  await scenario.run('destroy')
  assert.deepEqual([...(await lab.containers()).keys()], [])
  const again = await scenario.run('up')
  await sendTo(master, secretsOf(again.outputs))
}

/** A cluster that runs without gets there step by step, container by container, and is left alone by what skips one. */
async function guardedLater(scenario: Scenario): Promise<void> {
  const lab = labOf(scenario)
  const { project } = scenario
  await scenario.run('up')
  const before = await lab.containers()
  project.configureCluster({ security: { tls: {}, accessControl: {} } })
  const refused = await scenario.attempt('up')
  assert.match(refused.errors.join('\n'), /a NameServer runs on port 9876 already[\s\S]*betweenNodes: false/)
  assert.deepEqual(await lab.containers(), before, 'nothing was touched')

  const steps = [
    { tls: { mode: 'permissive', betweenNodes: false }, accessControl: { enforce: false } },
    { tls: { mode: 'permissive' }, accessControl: {} },
    { tls: {}, accessControl: {} },
  ]
  for (const security of steps) {
    project.configureCluster({ security })
    const { outputs } = await scenario.run('up')
    const { tls: files, credentials } = secretsOf({ ...outputs, clientCertificate: {} })
    const signed = { credentials: credentials! }
    await sendTo(masterOf(outputs), security === steps.at(-1) ? { ...signed, tls: files! } : signed)
  }
  const ids = new Set([...before.values()].map(({ id }) => id))
  for (const [name, { id }] of await lab.containers()) assert.ok(!ids.has(id), name)
  await scenario.run('destroy')
}

const docker = { program: '.', needsDocker: true, isWithoutJava: true, stack: 'docker-single-master' } as const
const orders = { topics: [{ name: 'orders', queues: 4 }], consumerGroups: [{ name: 'billing' }] }
const subnet = () => ({ platform: { docker: { subnet: freeSubnet() } } })

export const dockerSecurityScenarios: readonly ScenarioEntry[] = [
  {
    ...docker,
    name: 'docker security: nothing secret is shown; new certificates, live settings and restarts as without',
    configure: ({ project }) =>
      project.configureCluster({ ...orders, ...subnet(), proxies: {}, security: { tls, accessControl: {} } }),
    run: guarded,
  },
  {
    ...docker,
    name: 'docker security: a cluster that runs without gets there in steps',
    isBeyondCi: true,
    configure: ({ project }) => project.configureCluster({ ...orders, ...subnet() }),
    run: guardedLater,
  },
]
