import assert from 'node:assert/strict'
import { javaImage } from '../docker/java-image.ts'
import { TwoDockerHosts } from '../docker/two-docker-hosts.ts'
import { type ClusterClient, withClient } from './cluster-client.ts'
import { cutShortEverywhere } from './cut-short.ts'
import { DockerLab } from './docker-lab.ts'
import type { RunResult } from './engine/engine.ts'
import { freeSubnet } from './free-subnet.ts'
import { sendAndConsumeInside, sendAndConsumeOutside } from './official-client.ts'
import { changesOf, namesOf, type Scenario } from './scenario.ts'
import type { ScenarioEntry } from './scenario-entry.ts'

/** A topic for each place that clients are in: a new consumer group reads a topic from its start. */
const places = ['outside', 'inside', 'another', 'again']
const orders = {
  topics: ['orders', ...places].map((name) => ({ name, queues: 4 })),
  consumerGroups: [{ name: 'billing' }],
}

/** The stack as it stands, but for a subnet of its own. */
const withSubnet = (more: Record<string, unknown> = {}) => {
  return ({ project }: Scenario) => {
    project.configureCluster({ ...orders, platform: { docker: { subnet: freeSubnet() } }, ...more })
  }
}

function labOf({ lab }: Scenario): DockerLab {
  if (lab === undefined) throw new Error('this scenario needs a Docker engine')
  return lab
}

const addressOf = ({ outputs }: RunResult): string => String(outputs['namesrvAddr'])

/** Official clients on this machine, in a container beside the brokers, and in one of another network. */
async function clientsReachAll(scenario: Scenario, result: RunResult): Promise<void> {
  const { engine } = labOf(scenario)
  const namesrvAddr = addressOf(result)
  await sendAndConsumeOutside(namesrvAddr, 'outside')
  await sendAndConsumeInside(engine, `${scenario.project.stack}-DefaultCluster`, namesrvAddr, 'inside')
  await engine.ask('POST', '/networks/create', { json: { Name: 'another' } })
  await sendAndConsumeInside(engine, 'another', namesrvAddr, 'another')
  await engine.ask('DELETE', '/networks/another')
}

/** Every node of the stack in the container that is called after it. */
async function runningNodes(scenario: Scenario): Promise<string[]> {
  const containers = await labOf(scenario).containers()
  const prefix = `${scenario.project.stack}-`
  return [...containers].filter(([, { isRunning }]) => isRunning).map(([name]) => name.slice(prefix.length))
}

async function classic(scenario: Scenario, nodes: readonly string[]): Promise<void> {
  const lab = labOf(scenario)
  const { stack } = scenario.project
  await scenario.run('preview')
  assert.deepEqual([...(await lab.containers()).keys(), ...(await lab.volumes())], [], 'a preview touches nothing')

  const startMs = performance.now()
  const made = await scenario.run('up')
  process.stdout.write(`     ${stack} serves after ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`)
  assert.deepEqual(await runningNodes(scenario), nodes)
  await clientsReachAll(scenario, made)
  assert.deepEqual(changesOf(await scenario.run('up')), [], 'a second up changes nothing')
  assert.deepEqual(changesOf(await scenario.run('refresh')), [], 'nor is there anything to refresh')

  const before = await lab.containers()
  await lab.kill(`${stack}-broker-a-0`)
  const drifted = namesOf(await scenario.run('refresh'), 'refresh')
  assert.ok(drifted.includes(`${stack}-broker-a-0`) && drifted.includes(`${stack}-broker-a-0-container`), `${drifted}`)
  await scenario.run('up')
  assert.deepEqual(await runningNodes(scenario), nodes)
  const after = await lab.containers()
  const restarted = [...after].filter(([name, { id }]) => before.get(name)?.id !== id).map(([name]) => name)
  assert.deepEqual(restarted, [`${stack}-broker-a-0`], 'the others were left alone')
  await sendAndConsumeOutside(addressOf(made), 'again')

  await scenario.run('destroy')
  assert.deepEqual([...(await lab.containers()).keys(), ...(await lab.networks())], [])
  assert.deepEqual(
    await lab.volumes(),
    nodes.map((node) => `${stack}-${node}-data`),
    'data stays',
  )
}

const withOrders = <T>(result: RunResult, use: (client: ClusterClient, master: string) => Promise<T>): Promise<T> =>
  withClient(addressOf(result), async (client) => {
    const { masters } = await client.route('orders')
    return use(client, [...masters.values()][0] ?? '')
  })

/** Data outlives containers, stacks and the order in which things are lost. */
async function dataStays(scenario: Scenario): Promise<void> {
  const lab = labOf(scenario)
  const broker = `${scenario.project.stack}-broker-a-0`
  const made = await scenario.run('up')
  await withOrders(made, async (client) => assert.equal(await client.sendAndRead('orders', 'first'), 'first'))
  const stillThere = (result: RunResult, text: string) =>
    withOrders(result, async (client, master) => assert.equal(await client.read('orders', master, 0), text))

  await lab.remove(broker)
  const lost = await scenario.attempt('up')
  assert.match(
    lost.errors.join('\n'),
    /the container of broker-a-0 is gone from the Docker host: run "pulumi up --refresh"/,
  )
  assert.deepEqual(namesOf(await scenario.run('refresh'), 'delete').sort(), [broker, `${broker}-container`])
  await stillThere(await scenario.run('up'), 'first')

  await lab.kill(broker)
  assert.deepEqual(
    namesOf(await scenario.run('up'), 'update'),
    [broker],
    'what was stopped is started, refreshed or not',
  )

  // Docker itself starts what dies.
  const { id } = (await lab.containers()).get(broker) ?? { id: '' }
  await lab.exec(broker, 'node', '-e', 'process.kill(1, "SIGTERM")')
  await lab.until(`${broker} starts again`, async () => (await lab.restarts(broker)) > 0)
  assert.deepEqual(namesOf(await scenario.run('up'), 'replace'), [])
  assert.equal((await lab.containers()).get(broker)?.id, id)

  await scenario.run('destroy')
  await stillThere(await scenario.run('up'), 'first')
}

/** A changed conf file needs a new container, unless the nodes take the change while they run; a changed limit does not. */
async function changes(scenario: Scenario): Promise<void> {
  const lab = labOf(scenario)
  const { stack } = scenario.project
  await scenario.run('up')
  const brokers = ['broker-a-0', 'broker-a-1', 'broker-b-0', 'broker-b-1'].map((node) => `${stack}-${node}`)
  scenario.project.configureCluster({ brokerConfig: { maxMessageSize: 32_768 } })
  const before = await lab.containers()
  const told = await scenario.run('up')
  assert.deepEqual(
    namesOf(told, 'update').sort(),
    brokers.flatMap((name) => [name, `${name}-place`]),
  )
  assert.deepEqual(await lab.containers(), before, 'the same containers')
  assert.deepEqual(changesOf(await scenario.run('up')), [])
  const [slave = ''] = brokers.slice(1)
  assert.match(await confIn(lab, slave), /^maxMessageSize=32768\r?$/m)
  await lab.exec(slave, 'node', '-e', 'process.kill(1, "SIGTERM")')
  await lab.until(`${slave} starts again`, async () => (await lab.restarts(slave)) > 0)
  await lab.until(`${slave} has its conf file`, async () => /^maxMessageSize=32768\r?$/m.test(await confIn(lab, slave)))

  scenario.project.configureCluster({ brokerConfig: { maxMessageSize: 65_536, pullThreadPoolQueueCapacity: 50_000 } })
  const changed = await scenario.run('up')
  assert.deepEqual(
    namesOf(changed, 'replace').sort(),
    brokers.map((name) => `${name}-container`),
  )
  const touched = brokers.flatMap((name) => [name, `${name}-place`])
  assert.deepEqual(namesOf(changed, 'update').sort(), touched)
  const order = changed.steps.map(({ urn }) => urn.split('::').at(-1))
  for (const group of ['a', 'b']) {
    const at = (name: string) => order.indexOf(`${stack}-broker-${group}-${name}`)
    assert.ok(at('0') < at('1-container'), 'a slave after its master has come back')
  }
  assert.match(await confIn(lab, `${stack}-broker-b-1`), /maxMessageSize=65536/)
  await withOrders(changed, async (client) => assert.equal(await client.sendAndRead('orders', 'hello'), 'hello'))

  const { cluster } = scenario.project
  const { docker } = cluster['platform'] as { docker: object }
  scenario.project.configureCluster({ platform: { docker: { ...docker, memoryMb: { nameServer: 300 } } } })
  const limited = await scenario.run('up')
  assert.deepEqual(changesOf(limited).length, 2)
  assert.deepEqual(
    namesOf(limited, 'update').sort(),
    [0, 1].map((index) => `${stack}-namesrv-${index}-container`),
  )
}

const confIn = (lab: DockerLab, container: string): Promise<string> =>
  lab.exec(container, 'node', '-p', 'fs.readFileSync("/var/lib/gantry/broker.conf", "utf8")')

async function interrupted(scenario: Scenario): Promise<void> {
  const lab = labOf(scenario)
  const { stack } = scenario.project
  const ofNode = ['', '-container', '-data', '-place']
  const resources = ['namesrv-0', 'broker-a-0'].flatMap((node) => ofNode.map((suffix) => `${stack}-${node}${suffix}`))
  const cut = await cutShortEverywhere(scenario, 'up')
  for (const name of [...resources, `${stack}-network-docker`, `${stack}-orders`]) assert.ok(cut.has(name), name)
  assert.deepEqual(changesOf(await scenario.run('up')), [])
  assert.deepEqual(changesOf(await scenario.run('refresh')), [])
  assert.deepEqual(await runningNodes(scenario), ['broker-a-0', 'namesrv-0'])
  assert.equal((await lab.containers()).size, 2, 'and nothing is left beside them')

  const made = await scenario.run('up')
  await withOrders(made, async (client) => assert.equal(await client.sendAndRead('orders', 'kept'), 'kept'))
  scenario.engine.loseState()
  const again = await scenario.run('up')
  await withOrders(again, async (client, master) => assert.equal(await client.read('orders', master, 0), 'kept'))
  assert.equal((await lab.containers()).size, 2)

  const removed = await cutShortEverywhere(scenario, 'destroy')
  assert.ok(removed.has(`${stack}-namesrv-0-container`) && removed.has(`${stack}-network-docker`), `${[...removed]}`)
  assert.deepEqual([...(await lab.containers()).keys(), ...(await lab.networks())], [])
}

/** Mistakes that only the Docker host can tell. */
async function refusals(scenario: Scenario): Promise<void> {
  const { project } = scenario
  const subnet = freeSubnet()
  const refused = async (docker: Record<string, unknown>, words: RegExp, more: Record<string, unknown> = {}) => {
    project.configureCluster({ platform: { docker: { subnet, ...docker }, readyTimeoutSeconds: 20 }, ...more })
    const { ok, errors } = await scenario.attempt('up')
    assert.equal(ok, false)
    assert.match(errors.join('\n'), words)
  }
  const { engine } = labOf(scenario)
  const json = { Name: 'another', IPAM: { Config: [{ Subnet: subnet }] } }
  await engine.ask('POST', '/networks/create', { json })
  await refused(
    {},
    /subnet 10\.\S+ is taken on the Docker host, which has .*\(another\)\. Set gantry:cluster\.platform\.docker\.subnet/,
  )
  await engine.ask('DELETE', '/networks/another')

  await engine.ask('POST', '/images/gantry:0.1.0/tag?repo=kept&tag=1')
  await engine.ask('DELETE', '/images/gantry:0.1.0')
  await refused({}, /has no image gantry:0\.1\.0: make it with "gantry image build"/)
  await engine.ask('POST', '/images/kept:1/tag?repo=gantry&tag=0.1.0')

  await engine.ask('POST', '/containers/create?name=docker-single-master-namesrv-0', { json: { Image: 'kept:1' } })
  await refused({}, /there is a container docker-single-master-namesrv-0 already, which gantry did not make/)
  await engine.ask('DELETE', '/containers/docker-single-master-namesrv-0')

  const wrongFlag = { runtime: { nodeOptions: ['--no-such-flag'] } }
  await refused(
    {},
    /namesrv-0 ended while starting \(exit code \d+\): .*--no-such-flag.* Its log: docker logs docker-single/,
    wrongFlag,
  )
  project.configureCluster({ runtime: {} })
  await scenario.run('up')
}

/** The classic deployment on two machines: crossed over, reached from all of them, alive when one is gone. */
async function twoHosts(scenario: Scenario): Promise<void> {
  const { project } = scenario
  const machines = await TwoDockerHosts.start(freeSubnet())
  try {
    const { hosts } = machines
    const labs = await Promise.all(hosts.map(({ engine }) => DockerLab.open(engine)))
    for (const each of labs) await each.prepareJava()
    project.configureCluster({
      hosts: hosts.map(({ name, address }) => ({ name, address })),
      platform: {
        docker: { subnet: freeSubnet(), hosts: Object.fromEntries(hosts.map(({ name, reach }) => [name, reach])) },
      },
    })
    const made = await scenario.run('up')
    const placed = await Promise.all(labs.map(async (lab) => [...(await lab.containers()).keys()]))
    const named = (nodes: readonly string[]) => nodes.map((node) => `${project.stack}-${node}`)
    assert.deepEqual(placed, [
      named(['broker-a-0', 'broker-b-1', 'namesrv-0']),
      named(['broker-a-1', 'broker-b-0', 'namesrv-1']),
    ])
    const [first, second] = labs
    assert.ok(first !== undefined && second !== undefined)
    const namesrvAddr = addressOf(made)
    assert.equal(namesrvAddr, hosts.map(({ address }) => `${address}:9876`).join(';'))
    await sendAndConsumeOutside(namesrvAddr, 'outside')
    await sendAndConsumeInside(second.engine, `${project.stack}-DefaultCluster`, namesrvAddr, 'inside')
    assert.deepEqual(changesOf(await scenario.run('up')), [], 'a second up changes nothing')
    assert.deepEqual(changesOf(await scenario.run('refresh')), [])

    await first.kill(`${project.stack}-broker-a-0`)
    await scenario.run('refresh')
    await scenario.run('up')
    await sendAndConsumeOutside(namesrvAddr, 'again')
    await scenario.run('destroy')
    for (const lab of labs) assert.deepEqual([...(await lab.containers()).keys(), ...(await lab.networks())], [])
  } finally {
    await machines.stop()
  }
}

/** The same plan on the official engine. */
async function apache(scenario: Scenario): Promise<void> {
  const made = await scenario.run('up')
  const nodes = ['broker-a-0', 'broker-a-1', 'broker-b-0', 'broker-b-1', 'namesrv-0', 'namesrv-1']
  assert.deepEqual(await runningNodes(scenario), nodes)
  await clientsReachAll(scenario, made)
  assert.deepEqual(changesOf(await scenario.run('up')), [])
  const lab = labOf(scenario)
  await lab.kill(`${scenario.project.stack}-broker-a-1`)
  await scenario.run('refresh')
  await scenario.run('up')
  assert.deepEqual(await runningNodes(scenario), nodes)
  await scenario.run('destroy')
  assert.deepEqual([...(await lab.containers()).keys(), ...(await lab.networks())], [])
}

const replicas = ['a', 'b'].flatMap((group) => [0, 1, 2].map((index) => `broker-${group}-${index}`))

const topologies: readonly (readonly [stack: string, nodes: readonly string[]])[] = [
  ['docker-single-master', ['broker-a-0', 'namesrv-0']],
  ['docker-2m-noslave', ['broker-a-0', 'broker-b-0', 'namesrv-0', 'namesrv-1']],
  ['docker-2m-2s-async', ['broker-a-0', 'broker-a-1', 'broker-b-0', 'broker-b-1', 'namesrv-0', 'namesrv-1']],
  ['docker-2m-2s-sync', ['broker-a-0', 'broker-a-1', 'broker-b-0', 'broker-b-1', 'namesrv-0', 'namesrv-1']],
  ['docker-controller-embedded', [...replicas, 'namesrv-0', 'namesrv-1', 'namesrv-2']],
  [
    'docker-controller-standalone',
    [...replicas, 'controller-0', 'controller-1', 'controller-2', 'namesrv-0', 'namesrv-1'],
  ],
]

const docker = { program: '.', needsDocker: true } as const

/** The others of a kind say as much. */
const beyondCi = ['docker-2m-noslave', 'docker-2m-2s-async', 'docker-controller-standalone']

export const dockerScenarios: readonly ScenarioEntry[] = [
  ...topologies.map(([stack, nodes]): ScenarioEntry => {
    const run = (scenario: Scenario) => classic(scenario, nodes)
    return {
      ...docker,
      name: `${stack}: clients inside and outside, kill, repair, destroy`,
      stack,
      configure: withSubnet(),
      isBeyondCi: beyondCi.includes(stack),
      run,
    }
  }),
  {
    ...docker,
    name: 'docker: data outlives containers and stacks',
    stack: 'docker-single-master',
    configure: withSubnet(),
    run: dataStays,
  },
  {
    ...docker,
    name: 'docker: changes replace what they must, masters before slaves',
    stack: 'docker-2m-2s-async',
    configure: withSubnet(),
    run: changes,
  },
  {
    ...docker,
    name: 'docker: interrupted at every operation, and with its state lost, a stack converges',
    stack: 'docker-single-master',
    configure: withSubnet(),
    needsInterrupts: true,
    run: interrupted,
  },
  {
    ...docker,
    name: 'docker: a taken subnet, a missing image and a broker that cannot start say what to do',
    stack: 'docker-single-master',
    configure: withSubnet(),
    run: refusals,
  },
  {
    ...docker,
    name: 'docker: engine apache runs the same plan from an image of the official release',
    // There is one in which the engine changes, there and back.
    isBeyondCi: true,
    stack: 'docker-2m-2s-async',
    configure: ({ project }) => {
      const ofEngine = { apacheImage: javaImage, apacheHeap: '256m', memoryMb: { apache: 1024 } }
      project.configureCluster({
        ...orders,
        engine: 'apache',
        platform: { docker: { subnet: freeSubnet(), ...ofEngine } },
      })
    },
    run: apache,
  },
  {
    ...docker,
    name: 'docker-two-hosts: by TCP with certificates and by ssh',
    stack: 'docker-two-hosts',
    configure: withSubnet(),
    run: twoHosts,
  },
]
