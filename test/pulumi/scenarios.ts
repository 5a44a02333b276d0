import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { existingVpcExample } from './aws-scenarios.ts'
import { awsSecurityScenario } from './aws-security-scenario.ts'
import { type ClusterClient, withClient as withClientOf } from './cluster-client.ts'
import { cutShortEverywhere } from './cut-short.ts'
import { changesOf, namesOf, type Scenario } from './scenario.ts'
import type { ScenarioEntry } from './scenario-entry.ts'
import { securityScenario } from './security-scenario.ts'

const withPorts = (more: Record<string, unknown> = {}) => {
  return ({ project }: Scenario, basePort: number) => {
    project.configureCluster({ ports: { nameServer: basePort, broker: basePort + 1035 }, ...more })
  }
}

const ordersAndBilling = { topics: [{ name: 'orders', queues: 4 }], consumerGroups: [{ name: 'billing' }] }

const withClient = <T>(outputs: Record<string, unknown>, use: (client: ClusterClient) => Promise<T>): Promise<T> =>
  withClientOf(String(outputs['namesrvAddr']), use)

async function mastersOf(client: ClusterClient, topic: string): Promise<string[]> {
  const { masters } = await client.route(topic)
  return [...masters.values()].map((address) => address ?? '')
}

async function singleMaster(scenario: Scenario): Promise<void> {
  const preview = await scenario.run('preview')
  const nodes = ['namesrv-0-data', 'namesrv-0', 'broker-a-0-data', 'broker-a-0']
  const names = [...nodes, 'broker-a-traffic', 'billing', 'orders']
  const all = names.map((name) => `single-master-${name}`)
  assert.deepEqual(namesOf(preview, 'create').sort(), all.toSorted())
  assert.deepEqual(scenario.folders(), [], 'a preview touches nothing')

  const { outputs } = await scenario.run('up')
  const before = scenario.processes()
  assert.deepEqual([...before.keys()], ['broker-a-0', 'namesrv-0'])
  await withClient(outputs, async (client) => {
    assert.equal(await client.sendAndRead('orders', 'hello'), 'hello')
    assert.deepEqual((await client.route('orders')).queues, { 'broker-a': 4 })
    const [master = ''] = await mastersOf(client, 'orders')
    assert.equal(await client.retryMaxTimes(master, 'billing'), 16)
  })
  assert.deepEqual(changesOf(await scenario.run('up')), [], 'a second up changes nothing')
  assert.deepEqual(changesOf(await scenario.run('refresh')), [], 'nor is there anything to refresh')

  scenario.kill('broker-a-0')
  assert.deepEqual(namesOf(await scenario.run('refresh'), 'refresh'), ['single-master-broker-a-0'])
  assert.deepEqual(namesOf(await scenario.run('up'), 'update'), ['single-master-broker-a-0'])
  await withClient(outputs, async (client) => {
    const [master = ''] = await mastersOf(client, 'orders')
    assert.equal(await client.read('orders', master, 0), 'hello', 'what was acknowledged is still there')
    await client.deleteTopic(master, 'orders')
  })
  await scenario.run('refresh')
  const repaired = await scenario.run('up')
  assert.deepEqual([...namesOf(repaired, 'create'), ...namesOf(repaired, 'update')], ['single-master-orders'])
  await driftOfGroups(scenario, outputs)
  assert.equal(await withClient(outputs, (client) => client.sendAndRead('orders', 'again')), 'again')

  await scenario.run('destroy')
  assert.equal(scenario.processes().size, 0)
  assert.deepEqual(scenario.folders(), ['broker-a-0', 'namesrv-0'], 'data stays')

  await scenario.run('up')
  await withClient(outputs, async (client) => {
    const [master = ''] = await mastersOf(client, 'orders')
    assert.equal(await client.read('orders', master, 0), 'again', 'a topic stays with the data')
  })
}

/** Somebody changes a consumer group by hand, and then deletes it. */
async function driftOfGroups(scenario: Scenario, outputs: Record<string, unknown>): Promise<void> {
  const onMaster = <T>(use: (client: ClusterClient, master: string) => Promise<T>) =>
    withClient(outputs, async (client) => use(client, (await mastersOf(client, 'orders'))[0] ?? ''))
  await onMaster((client, master) => client.setRetryMaxTimes(master, 'billing', 3))
  assert.deepEqual(namesOf(await scenario.run('refresh'), 'refresh'), ['single-master-billing'], 'refresh shows it')
  assert.deepEqual(namesOf(await scenario.run('up'), 'update'), ['single-master-billing'])
  assert.equal(await onMaster((client, master) => client.retryMaxTimes(master, 'billing')), 16)

  await onMaster((client, master) => client.deleteConsumerGroup(master, 'billing'))
  assert.equal(await onMaster((client, master) => client.retryMaxTimes(master, 'billing')), undefined)
  await scenario.run('refresh')
  const made = await scenario.run('up')
  assert.deepEqual([...namesOf(made, 'create'), ...namesOf(made, 'update')], ['single-master-billing'])
  assert.equal(await onMaster((client, master) => client.retryMaxTimes(master, 'billing')), 16)
}

async function twoMastersTwoSlaves(scenario: Scenario): Promise<void> {
  const made = await scenario.run('up')
  const nodes = namesOf(made, 'create').filter((name) => /-\d$/.test(name))
  assert.equal(nodes.length, 6)
  assert.deepEqual(nodes.slice(0, 2).toSorted(), ['2m-2s-async-namesrv-0', '2m-2s-async-namesrv-1'])
  const slaveOf = (group: string) => nodes.indexOf(`2m-2s-async-${group}-1`)
  for (const group of ['broker-a', 'broker-b']) {
    assert.ok(slaveOf(group) > nodes.indexOf(`2m-2s-async-${group}-0`), `a slave after its master: ${nodes}`)
  }
  assert.deepEqual(
    (made.outputs['nodes'] as { id: string; role: string }[]).map(({ id, role }) => `${id} ${role}`),
    [
      'namesrv-0 NAMESRV',
      'namesrv-1 NAMESRV',
      'broker-a-0 ASYNC_MASTER',
      'broker-a-1 SLAVE',
      'broker-b-0 ASYNC_MASTER',
      'broker-b-1 SLAVE',
    ],
  )
  assert.equal(await withClient(made.outputs, (client) => client.sendAndRead('orders', 'hello')), 'hello')
  assert.deepEqual(changesOf(await scenario.run('up')), [])

  const before = scenario.processes()
  scenario.kill('broker-a-1')
  scenario.kill('broker-b-0')
  appendFileSync(scenario.confFile('namesrv-1'), 'clusterTest=true\n')
  const drifted = namesOf(await scenario.run('refresh'), 'refresh').sort()
  const expected = ['broker-a-1', 'broker-b-0', 'namesrv-1'].map((name) => `2m-2s-async-${name}`)
  assert.deepEqual(drifted, expected)
  await scenario.run('up')
  const after = scenario.processes()
  const restarted = [...after].filter(([node, ref]) => before.get(node)?.pid !== ref.pid).map(([node]) => node)
  assert.deepEqual(restarted, ['broker-a-1', 'broker-b-0'], 'the others were left alone')

  scenario.project.configureCluster({
    topics: [{ name: 'audit', queues: { 'broker-b': 3 } }],
    consumerGroups: [{ name: 'billing', retryMaxTimes: 5 }],
    brokerConfig: { maxMessageSize: 65_536 },
  })
  const changed = await scenario.run('up')
  const brokers = ['broker-a-0', 'broker-a-1', 'broker-b-0', 'broker-b-1'].map((name) => `2m-2s-async-${name}`)
  assert.deepEqual(namesOf(changed, 'update').sort(), ['2m-2s-async-billing', ...brokers])
  assert.deepEqual(namesOf(changed, 'create'), ['2m-2s-async-audit'])
  assert.deepEqual(namesOf(changed, 'delete'), ['2m-2s-async-orders'])
  await withClient(changed.outputs, async (client) => {
    const route = await client.route('audit')
    assert.deepEqual(route.queues, { 'broker-b': 3 })
    assert.equal(await client.retryMaxTimes(route.masters.get('broker-b') ?? '', 'billing'), 5)
    await assert.rejects(client.route('orders'), /answered request 105 with 17/)
  })

  await scenario.run('destroy')
  assert.equal(scenario.processes().size, 0)
  assert.deepEqual(scenario.folders().length, 6)
}

/** Every run gets one operation further: the one whose result the last run lost, and the next, whose result is lost too. */
async function interrupted(scenario: Scenario): Promise<void> {
  let attempts = 0
  for (let result = await scenario.attempt('up', { interruptAt: 1 }); !result.ok; attempts++) {
    assert.match(result.errors.join('\n'), /cut short at operation/)
    result = await scenario.attempt('up', { interruptAt: 2 })
  }
  assert.equal(attempts, 7, 'every operation was interrupted once')
  assert.deepEqual(changesOf(await scenario.run('up')), [])
  assert.deepEqual(changesOf(await scenario.run('refresh')), [])

  // Changes as well: a new conf file, a topic more, a group changed, a topic less.
  scenario.project.configureCluster({
    brokerConfig: { maxMessageSize: 65_536 },
    topics: [{ name: 'orders', queues: 6 }, { name: 'audit' }],
    consumerGroups: [{ name: 'billing', retryMaxTimes: 5 }],
  })
  const cut = await cutShortEverywhere(scenario, 'up')
  const changed = ['audit', 'billing', 'broker-a-0', 'orders'].map((name) => `single-master-${name}`)
  assert.deepEqual([...cut].filter((name) => changed.includes(name)).sort(), changed)
  assert.deepEqual(changesOf(await scenario.run('up')), [])
  scenario.project.configureCluster({ topics: [{ name: 'orders', queues: 6 }] })
  assert.deepEqual([...(await cutShortEverywhere(scenario, 'up'))], ['single-master-audit'])
  assert.deepEqual(changesOf(await scenario.run('up')), [])

  const before = scenario.processes()
  scenario.engine.loseState()
  const { outputs } = await scenario.run('up')
  assert.deepEqual(scenario.processes(), before, 'what runs is taken over, not started again')
  assert.equal(await withClient(outputs, (client) => client.sendAndRead('orders', 'hello')), 'hello')

  attempts = 0
  for (let result = await scenario.attempt('destroy', { interruptAt: 1 }); !result.ok; attempts++) {
    assert.match(result.errors.join('\n'), /cut short at operation/)
    result = await scenario.attempt('destroy', { interruptAt: 2 })
  }
  assert.equal(attempts, 2, 'both nodes; what is on them goes along')
  assert.equal(scenario.processes().size, 0)
  assert.deepEqual(scenario.folders(), ['broker-a-0', 'namesrv-0'])
}

async function badConfig(scenario: Scenario): Promise<void> {
  const result = await scenario.attempt('up')
  assert.equal(result.ok, false)
  assert.match(
    result.errors.join('\n'),
    /gantry:cluster\.groups\[0\]\.replica: is not a known key[\s\S]*Did you mean "replicas"/,
  )
  assert.deepEqual(scenario.folders(), [])
  assert.deepEqual(namesOf(result, 'create'), [])
}

async function reuse(scenario: Scenario): Promise<void> {
  const { outputs } = await scenario.run('up')
  assert.deepEqual(outputs['names'], ['orders', 'billing'])
  assert.equal(await withClient(outputs, (client) => client.sendAndRead('orders', 'hello')), 'hello')
  await scenario.run('destroy')
  assert.equal(scenario.processes().size, 0)
}

async function twoClusters(scenario: Scenario): Promise<void> {
  const { outputs } = await scenario.run('up')
  const [east = '', west = ''] = outputs['namesrvAddrs'] as string[]
  for (const namesrvAddr of [east, west]) {
    await withClient({ namesrvAddr }, async (client) => {
      assert.deepEqual((await client.route('payments')).queues, { 'broker-a': 2, 'broker-b': 2 })
      assert.equal(await client.sendAndRead('orders', namesrvAddr), namesrvAddr)
    })
  }
  assert.deepEqual(changesOf(await scenario.run('up')), [])
  assert.equal(scenario.processes().size, 3)
  await scenario.run('destroy')
  assert.equal(scenario.processes().size, 0)
}

const firstPort = ({ project }: Scenario, basePort: number) => {
  project.configure((config) => {
    config[`${project.name}:port`] = String(basePort)
  })
}

export const scenarios: readonly ScenarioEntry[] = [
  {
    name: 'single-master: up, send and read, nothing to do, kill, repair, topic drift, destroy',
    program: '.',
    stack: 'single-master',
    configure: withPorts(ordersAndBilling),
    run: singleMaster,
  },
  {
    name: '2m-2s-async: start order, drift of processes and files, changes, destroy',
    program: '.',
    stack: '2m-2s-async',
    configure: withPorts({ ...ordersAndBilling, proxies: undefined }),
    run: twoMastersTwoSlaves,
  },
  securityScenario,
  {
    name: 'interrupted at every operation, and with its state lost, a stack converges',
    program: '.',
    stack: 'single-master',
    configure: withPorts(ordersAndBilling),
    needsInterrupts: true,
    run: interrupted,
  },
  {
    name: 'a mistake in the config is told before anything is registered',
    program: '.',
    stack: 'single-master',
    configure: withPorts({ groups: [{ name: 'broker-a', replica: 2 }] }),
    run: badConfig,
  },
  { name: 'example: reuse', program: 'stacks/examples/reuse', stack: 'dev', configure: firstPort, run: reuse },
  {
    name: 'example: two clusters',
    program: 'stacks/examples/two-clusters',
    stack: 'dev',
    configure: firstPort,
    dataDir: 'west',
    run: twoClusters,
  },
  {
    name: 'example: a cluster in an existing VPC, on an AWS that moto plays',
    program: 'stacks/examples/existing-vpc',
    stack: 'dev',
    configure: () => {},
    needsStandIns: true,
    run: existingVpcExample,
  },
  awsSecurityScenario,
]
