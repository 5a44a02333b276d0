import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { putConsumerGroup, putTopic } from '../../components/admin/put-requests.ts'
import { withLiveCluster } from '../../components/rollout/live-cluster.ts'
import { replicasOf } from '../../components/rollout/replica-sets.ts'
import { membersOf } from '../../components/rollout/routes.ts'
import { withClient } from './cluster-client.ts'
import { ConstantLoad, type LoadReport } from './constant-load.ts'
import { cutShortEverywhere } from './cut-short.ts'
import type { RunResult } from './engine/engine.ts'
import { freeSubnet } from './free-subnet.ts'
import { changesOf, namesOf, type Scenario } from './scenario.ts'
import type { ScenarioEntry } from './scenario-entry.ts'

/*
 * A running stack is changed by plain `up`, while a producer sends and a consumer reads all the time: nothing acknowledged is
 * lost, replicas of a group are restarted one after the other, and only when they have to be.
 */

const ports = (basePort: number) => ({ nameServer: basePort, broker: basePort + 1035, controller: basePort + 20 })
const declared = { topics: [{ name: 'orders', queues: 4 }], consumerGroups: [{ name: 'billing', retryMaxTimes: 5 }] }
/** The clients of these scenarios look at routes every second. */
const staleRouteSeconds = 3
/** Nothing an engine reads again while it runs. */
const restartOnly = (value: number) => ({ pullThreadPoolQueueCapacity: value })

/** Runs a change under load. */
async function changed(
  scenario: Scenario,
  what: string,
  namesrvAddr: string,
  change: () => Promise<RunResult | undefined>,
): Promise<LoadReport & { readonly result: RunResult | undefined }> {
  const load = await ConstantLoad.start(namesrvAddr, 'orders', 'billing')
  const startMs = performance.now()
  let result: RunResult | undefined
  let report: LoadReport
  try {
    result = await change()
  } finally {
    report = await load.stop()
  }
  const { sent, lost, duplicated, longestGapMs } = report
  const took = ((performance.now() - startMs) / 1000).toFixed(1)
  process.stdout.write(
    `     ${what}: ${took} s, sent ${sent}, lost ${lost}, duplicated ${duplicated}, longest gap ${longestGapMs} ms\n`,
  )
  assert.equal(lost, 0, `${what}: what was acknowledged is consumed`)
  assert.ok(sent > 0, what)
  assert.deepEqual(changesOf(await scenario.run('up')), [], `${what}: a second up changes nothing`)
  return { ...report, result }
}

const pids = (scenario: Scenario) => new Map([...scenario.processes()].map(([node, { pid }]) => [node, pid]))

/** Nodes that have another process than before, or one at all. */
function restartedSince(scenario: Scenario, before: ReadonlyMap<string, number>): string[] {
  return [...pids(scenario)].filter(([node, pid]) => before.get(node) !== pid).map(([node]) => node)
}

const controllersOf = (outputs: Record<string, unknown>) => String(outputs['controllerAddr']).split(';')

/** Addresses of the replicas that the controllers know. */
const knownReplicas = (outputs: Record<string, unknown>, group: string) =>
  withLiveCluster(
    { cluster: 'DefaultCluster', nameServers: [], controllers: controllersOf(outputs) },
    async (cluster) => {
      const replicas = await replicasOf(cluster, group)
      return [...(replicas?.inSyncReplicas ?? []), ...(replicas?.notInSyncReplicas ?? [])].length
    },
  )

const group = (name: string, replicas: number) => ({ name, replicas, replication: 'sync' })

async function elected(scenario: Scenario): Promise<void> {
  const { project } = scenario
  const { outputs } = await scenario.run('up')
  const namesrvAddr = String(outputs['namesrvAddr'])
  const stack = 'controller-standalone'

  let before = pids(scenario)
  project.configureCluster({ brokerConfig: restartOnly(50_000) })
  const restart = await changed(scenario, 'a setting that needs a restart', namesrvAddr, () => scenario.run('up'))
  assert.deepEqual(restartedSince(scenario, before), ['broker-a-0', 'broker-a-1'])
  assert.deepEqual(
    namesOf(restart.result ?? assert.fail(), 'update'),
    ['broker-a-1', 'broker-a-0'].map((node) => `${stack}-${node}`),
    'one after the other, the master last',
  )

  before = pids(scenario)
  project.configureCluster({ brokerConfig: { ...restartOnly(50_000), maxMessageSize: 65_536 } })
  await changed(scenario, 'a setting that is changed live', namesrvAddr, () => scenario.run('up'))
  assert.deepEqual(restartedSince(scenario, before), [])
  for (const node of ['broker-a-0', 'broker-a-1']) {
    assert.match(readFileSync(scenario.confFile(node), 'utf8'), /^maxMessageSize=65536$/m)
  }

  project.configureCluster({ groups: [group('broker-a', 3)] })
  await changed(scenario, 'a replica more', namesrvAddr, () => scenario.run('up'))
  assert.equal(await knownReplicas(outputs, 'broker-a'), 3)
  project.configureCluster({ groups: [group('broker-a', 2)] })
  await changed(scenario, 'a replica less', namesrvAddr, () => scenario.run('up'))
  assert.equal(await knownReplicas(outputs, 'broker-a'), 2, 'the controllers have forgotten it')
  assert.equal(scenario.processes().has('broker-a-2'), false)

  await madeByHand(namesrvAddr)
  project.configureCluster({ groups: [group('broker-a', 2), group('broker-b', 2)] })
  await changed(scenario, 'a group more', namesrvAddr, () => scenario.run('up'))
  await hasAll(namesrvAddr, 'broker-b')
  const both = await changed(scenario, 'nothing', namesrvAddr, () => scenario.run('up'))
  assert.deepEqual(both.groups, ['broker-a', 'broker-b'], 'the new group takes its share')
  project.configureCluster({ groups: [group('broker-a', 2)] })
  await changed(scenario, 'a group less', namesrvAddr, () => scenario.run('up'))
  assert.deepEqual(
    [...scenario.processes().keys()].filter((node) => node.startsWith('broker-b')),
    [],
  )
  assert.ok(scenario.folders().includes('broker-b-0'), 'its data stays')

  if (scenario.engine.canInterrupt) {
    project.configureCluster({ brokerConfig: restartOnly(60_000) })
    await changed(scenario, 'a restart, cut short at every operation', namesrvAddr, async () => {
      const cut = await cutShortEverywhere(scenario, 'up')
      assert.deepEqual(
        [...cut].sort(),
        ['broker-a-0', 'broker-a-1'].map((node) => `${stack}-${node}`),
      )
      return undefined
    })
  }
  const startMs = performance.now()
  await scenario.run('destroy')
  process.stdout.write(`     destroyed in ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`)
  assert.equal(scenario.processes().size, 0)
}

const byHand = { orderly: false, broadcast: true, retryQueues: 1, retryMaxTimes: 7 }

/** A topic and a consumer group that no config knows. */
async function madeByHand(namesrvAddr: string): Promise<void> {
  const addresses = { cluster: 'DefaultCluster', nameServers: namesrvAddr.split(';'), controllers: [] }
  await withLiveCluster(addresses, async (cluster) => {
    const master = (await membersOf(cluster, 'broker-a')).get(0) ?? assert.fail('no master')
    await cluster.asker.ask(master, putConsumerGroup('reports', byHand))
    await cluster.asker.ask(master, putTopic('audit', { readQueues: 3, writeQueues: 3, perm: 6, order: false }))
  })
}

async function hasAll(namesrvAddr: string, newGroup: string): Promise<void> {
  await withClient(namesrvAddr, async (client) => {
    const { queues, masters } = await client.route('audit')
    assert.equal(queues[newGroup], 3, 'what users made is there, too')
    assert.equal((await client.route('orders')).queues[newGroup], 4)
    const master = masters.get(newGroup) ?? assert.fail(`${newGroup} has no master`)
    assert.equal(await client.retryMaxTimes(master, 'reports'), 7)
    assert.equal(await client.retryMaxTimes(master, 'billing'), 5)
  })
}

async function classic(scenario: Scenario): Promise<void> {
  const { outputs } = await scenario.run('up')
  const namesrvAddr = String(outputs['namesrvAddr'])
  const brokers = ['broker-a-0', 'broker-a-1', 'broker-b-0', 'broker-b-1']
  let before = pids(scenario)
  scenario.project.configureCluster({ brokerConfig: restartOnly(50_000) })
  await changed(scenario, 'a setting that needs a restart', namesrvAddr, () => scenario.run('up'))
  assert.deepEqual(restartedSince(scenario, before), brokers)

  before = pids(scenario)
  scenario.project.configureCluster({
    brokerConfig: { ...restartOnly(50_000), maxMessageSize: 65_536 },
    nameServers: 3,
  })
  await changed(scenario, 'a live setting, and a NameServer more', namesrvAddr, () => scenario.run('up'))
  assert.deepEqual(restartedSince(scenario, before), ['namesrv-2'])
  await scenario.run('destroy')
}

/** Containers are replaced: the master hands over before its own is. */
async function electedOnDocker(scenario: Scenario): Promise<void> {
  const { outputs } = await scenario.run('up')
  const namesrvAddr = String(outputs['namesrvAddr'])
  const { stack } = scenario.project
  scenario.project.configureCluster({ brokerConfig: restartOnly(50_000) })
  const { result } = await changed(scenario, 'a setting that needs a restart', namesrvAddr, () => scenario.run('up'))
  assert.deepEqual(
    (result?.steps ?? []).filter(({ operation }) => operation === 'replace').map(({ urn }) => urn.split('::').at(-1)),
    ['broker-a-1', 'broker-a-0'].map((node) => `${stack}-${node}-container`),
    'one after the other, the master last',
  )
  if (scenario.engine.canInterrupt) {
    scenario.project.configureCluster({ brokerConfig: restartOnly(60_000) })
    await changed(scenario, 'a restart, cut short at every operation', namesrvAddr, async () => {
      await cutShortEverywhere(scenario, 'up')
      return undefined
    })
  }
  await scenario.run('destroy')
}

export const rolloutScenarios: readonly ScenarioEntry[] = [
  {
    name: 'rollout: an elected group changes under load: settings, replicas, groups, cut short, destroy',
    program: '.',
    stack: 'controller-standalone',
    configure: ({ project }, basePort) => {
      const cluster = {
        nameServers: 2,
        controllers: { mode: 'standalone', replicas: 3 },
        groups: [group('broker-a', 2)],
      }
      project.configureCluster({ ports: ports(basePort), platform: { staleRouteSeconds }, ...cluster, ...declared })
    },
    run: elected,
  },
  {
    name: 'rollout: fixed masters under load: writes go elsewhere while one restarts, live settings restart none',
    program: '.',
    stack: '2m-2s-async',
    configure: ({ project }, basePort) => {
      const platform = { staleRouteSeconds }
      project.configureCluster({ ports: ports(basePort), proxies: undefined, platform, ...declared })
    },
    run: classic,
  },
  {
    name: 'rollout: an elected group in containers is restarted under load, cut short at every operation',
    program: '.',
    stack: 'docker-controller-embedded',
    needsDocker: true,
    configure: ({ project }) => {
      const cluster = { nameServers: 1, controllers: { mode: 'embedded', replicas: 1 }, groups: [group('broker-a', 2)] }
      project.configureCluster({
        ...cluster,
        ...declared,
        platform: { docker: { subnet: freeSubnet() }, staleRouteSeconds },
      })
    },
    run: electedOnDocker,
  },
]
