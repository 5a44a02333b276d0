import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildJavaClient } from '../compat/toolchain.ts'
import { makeApacheHome } from './apache-home.ts'
import { sendAndConsumeOutside } from './official-client.ts'
import { changesOf, namesOf, type Scenario } from './scenario.ts'
import type { ScenarioEntry } from './scenario-entry.ts'

/*
 * Every topology as processes of this machine, on both engines: an official client sends and consumes, what is killed is
 * shown and repaired, a second up finds nothing to do, destroy leaves the data and nothing else.
 */

interface Topology {
  readonly stack: string
  /** Ids, sorted. */
  readonly nodes: readonly string[]
}

const pairs = ['broker-a-0', 'broker-a-1', 'broker-b-0', 'broker-b-1', 'namesrv-0', 'namesrv-1']

const classics: readonly Topology[] = [
  { stack: 'single-master', nodes: ['broker-a-0', 'namesrv-0'] },
  { stack: '2m-noslave', nodes: ['broker-a-0', 'broker-b-0', 'namesrv-0', 'namesrv-1'] },
  { stack: '2m-2s-async', nodes: [...pairs, 'proxy-0'] },
  { stack: '2m-2s-sync', nodes: pairs },
]

const triples = ['a', 'b'].flatMap((group) => [0, 1, 2].map((replica) => `broker-${group}-${replica}`))
const numbered = (kind: string, count: number) => Array.from({ length: count }, (_, index) => `${kind}-${index}`)

const electing: readonly Topology[] = [
  { stack: 'controller-embedded', nodes: [...triples, ...numbered('namesrv', 3)] },
  { stack: 'controller-standalone', nodes: [...triples, ...numbered('controller', 3), ...numbered('namesrv', 2)] },
]

/** A topic for each time that a client sends: a new consumer group reads a topic from its start. */
const topics = ['first', 'again'].map((name) => ({ name, queues: 4 }))

const ofGantry = ({ project }: Scenario, basePort: number): void => {
  const ports = { nameServer: basePort, broker: basePort + 1035, controller: basePort + 20, proxyGrpc: basePort + 30 }
  project.configureCluster({ ports, topics, consumerGroups: [{ name: 'billing' }] })
}

const ofApache = (scenario: Scenario, basePort: number): void => {
  ofGantry(scenario, basePort)
  const apacheHome = join(scenario.project.root, 'rocketmq')
  scenario.project.configureCluster({
    engine: 'apache',
    proxies: undefined,
    // It refuses single sends on a busy machine otherwise.
    brokerConfig: { waitTimeMillsInSendQueue: 5000 },
    runtime: { javaOptions: ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'] },
    platform: { process: { apacheHome, apacheHeap: '256m' } },
  })
}

/** Processes of this machine that were started with a path below a folder. */
function processesOn(folder: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return words.some((word) => word.includes(folder)) ? [`${pid} ${words.join(' ')}`] : []
    } catch (error) {
      // It has ended since.
      if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
      throw error
    }
  })
}

async function throughItsLife(scenario: Scenario, { stack, nodes }: Topology): Promise<void> {
  await buildJavaClient()
  const startMs = performance.now()
  const { outputs } = await scenario.run('up')
  process.stdout.write(`     ${stack} serves after ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`)
  const before = scenario.processes()
  assert.deepEqual([...before.keys()], nodes)
  const namesrvAddr = String(outputs['namesrvAddr'])
  await sendAndConsumeOutside(namesrvAddr, 'first')
  assert.deepEqual(changesOf(await scenario.run('up')), [], 'a second up changes nothing')
  assert.deepEqual(changesOf(await scenario.run('refresh')), [], 'nor is there anything to refresh')

  scenario.kill('broker-a-0')
  assert.deepEqual(namesOf(await scenario.run('refresh'), 'refresh'), [`${stack}-broker-a-0`])
  assert.deepEqual(namesOf(await scenario.run('up'), 'update'), [`${stack}-broker-a-0`])
  const after = scenario.processes()
  const restarted = [...after].filter(([node, ref]) => before.get(node)?.pid !== ref.pid).map(([node]) => node)
  assert.deepEqual([...after.keys()], nodes)
  assert.deepEqual(restarted, ['broker-a-0'], 'the others were left alone')
  await sendAndConsumeOutside(namesrvAddr, 'again')

  await scenario.run('destroy')
  assert.deepEqual(processesOn(scenario.project.root), [])
  assert.deepEqual(scenario.folders(), nodes, 'data stays')
}

/** There are other scenarios of the same clusters. */
const isBeyondCi = ({ stack }: Topology, engine: 'gantry' | 'apache'): boolean =>
  engine === 'apache' ? stack !== '2m-2s-sync' : ['2m-noslave', '2m-2s-async'].includes(stack)

const entry = (topology: Topology, engine: 'gantry' | 'apache'): ScenarioEntry => ({
  name: `${topology.stack} on ${engine} as processes: official client, kill, repair, destroy`,
  program: '.',
  stack: topology.stack,
  configure: engine === 'apache' ? ofApache : ofGantry,
  isBeyondCi: isBeyondCi(topology, engine),
  run: async (scenario) => {
    if (engine === 'apache') await makeApacheHome(join(scenario.project.root, 'rocketmq'))
    await throughItsLife(scenario, topology)
  },
})

export const topologyScenarios: readonly ScenarioEntry[] = [
  ...[...classics, ...electing].map((topology) => entry(topology, 'gantry')),
  ...classics.map(({ stack, nodes }) => {
    // Apache's proxy is not part of what is looked at here.
    return entry({ stack, nodes: nodes.filter((node) => !node.startsWith('proxy')) }, 'apache')
  }),
]
