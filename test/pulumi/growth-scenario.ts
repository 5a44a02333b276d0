import assert from 'node:assert/strict'
import { withClient } from './cluster-client.ts'
import { changesOf, type Scenario } from './scenario.ts'
import type { ScenarioEntry } from './scenario-entry.ts'

const groups = (names: readonly string[], more: Record<string, unknown> = {}) =>
  names.map((name) => ({ name, ...more }))

const both = ['broker-a', 'broker-b']

/** What is changed in the stack file, step by step, as docs/topologies says. */
const steps: readonly (readonly [topology: string, change: Record<string, unknown>, processes: number])[] = [
  ['single-master', { nameServers: 1, groups: groups(['broker-a']) }, 2],
  ['2m-noslave', { nameServers: 2, groups: groups(both) }, 4],
  ['2m-2s-async', { groups: groups(both, { replicas: 2 }) }, 6],
  ['2m-2s-sync', { groups: groups(both, { replicas: 2, replication: 'sync' }) }, 6],
  [
    'controller-embedded',
    {
      nameServers: 3,
      controllers: { mode: 'embedded', replicas: 3 },
      groups: groups(both, { replicas: 3, replication: 'sync' }),
    },
    9,
  ],
]

/** One stack that becomes each of the next topologies: what was sent in the first one is there in the last. */
async function grows(scenario: Scenario): Promise<void> {
  for (const [topology, change, processes] of steps) {
    scenario.project.configureCluster(change)
    const startMs = performance.now()
    const { outputs } = await scenario.run('up')
    process.stdout.write(`     ${topology} after ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`)
    assert.equal(scenario.processes().size, processes, topology)
    await withClient(String(outputs['namesrvAddr']), async (client) => {
      const { queues, masters } = await client.route('orders')
      assert.deepEqual(Object.keys(queues).sort(), both.slice(0, topology === 'single-master' ? 1 : 2), topology)
      const master = masters.get('broker-a') ?? ''
      if (topology === 'single-master') assert.equal(await client.sendAndRead('orders', 'first'), 'first')
      assert.equal(await client.read('orders', master, 0), 'first', topology)
      assert.equal(await client.sendAndRead('orders', topology), topology)
    })
    assert.deepEqual(changesOf(await scenario.run('up')), [], topology)
  }
  await scenario.run('destroy')
  assert.equal(scenario.processes().size, 0)
}

export const growthScenario: ScenarioEntry = {
  name: 'a stack grows from one broker to elected masters, topology by topology, and keeps its messages',
  program: '.',
  stack: 'single-master',
  configure: ({ project }, basePort) => {
    const ports = { nameServer: basePort, broker: basePort + 1035, controller: basePort + 20 }
    project.configureCluster({ ports, topics: [{ name: 'orders', queues: 4 }] })
  },
  run: grows,
}
