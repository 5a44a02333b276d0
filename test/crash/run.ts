import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { RemotingClient } from '../../runtime/net/remoting-client.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'
import { type Cluster, layOutCluster } from '../compat/cluster.ts'
import { type Server, stopAllServers } from '../compat/server.ts'
import { SeededRandom } from '../sim/seeded-random.ts'
import { Load, QUEUES, TOPIC } from './load.ts'
import { MODES, type Mode } from './modes.ts'
import { contentOf, judge } from './verify.ts'

/*
 * Kills processes with SIGKILL at random moments under load, starts them again, and at the end looks for every message
 * that was acknowledged. `node test/crash/run.ts [--kills 50] [--seed N]`; the last line is `N passed, N failed`.
 */

interface Row {
  readonly mode: string
  readonly kills: number
  readonly sent: number
  readonly acked: number
  readonly other: string
  readonly lost: number
  readonly moved: number
  readonly 'slave differs': string
}

const { values } = parseArgs({ options: { kills: { type: 'string', default: '50' }, seed: { type: 'string' } } })
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const random = new SeededRandom(seed)
const killsPerMode = Math.ceil(Number(values.kills) / MODES.length)
const between = (low: number, high: number): number => low + random.below(high - low)
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function runMode(mode: Mode, dir: string): Promise<Row> {
  const ids = Array.from({ length: 1 + mode.slaves }, (_, id) => id)
  const cluster = await layOutCluster({
    name: mode.name.replaceAll(/\W+/g, '-'),
    dir,
    namesrvEngine: 'gantry',
    brokers: ids.map((id) => ({ group: 'broker-a', id, engine: 'gantry' as const })),
    conf: {},
  })
  for (const broker of cluster.brokers) {
    const role = broker.conf['brokerRole']
    Object.assign(broker.conf, mode.conf)
    if (role === 'SLAVE') broker.conf['brokerRole'] = 'SLAVE'
  }
  await cluster.start()
  await cluster.createTopics([TOPIC], QUEUES)
  await cluster.awaitInSync()
  const context = createNetContext(new RealClock(), new RealNetwork(), silentLogger)
  const client = new RemotingClient(context, { connectTimeoutMs: 500 })
  const master = cluster.broker('broker-a')
  const load = new Load(client, master.address)
  load.start()
  try {
    await killAndRestart(mode, cluster)
  } finally {
    await load.stop()
  }
  await cluster.awaitInSync()
  const content = await contentOf(client, master.address)
  const differing: string[] = []
  for (const slave of cluster.brokers.filter((broker) => broker !== master)) {
    const copy = await contentOf(client, slave.address)
    if (JSON.stringify(copy) !== JSON.stringify(content)) differing.push(slave.name)
  }
  client.close()
  await cluster.stop()
  const other = [...load.otherAnswers].map(([code, count]) => `${count}x code ${code}`).join(', ')
  return {
    mode: mode.name,
    kills: killsPerMode,
    sent: load.sent,
    acked: load.acked.length,
    other: other || '-',
    ...judge(load.acked, content),
    'slave differs': mode.slaves === 0 ? '-' : differing.join(' ') || 'no',
  }
}

async function killAndRestart(mode: Mode, cluster: Cluster): Promise<void> {
  const servers: Server[] = [cluster.namesrv, ...cluster.brokers]
  for (let kill = 1; kill <= killsPerMode; kill++) {
    await pause(between(50, 900))
    // The brokers hold the data: they are killed three times out of four.
    const victim = random.below(4) === 0 ? servers[0]! : servers[1 + random.below(servers.length - 1)]!
    await victim.stop('SIGKILL')
    await pause(between(0, 300))
    await victim.start()
    process.stderr.write(`\r${mode.name}: kill ${kill} of ${killsPerMode} (${victim.name})          `)
  }
  process.stderr.write('\n')
  // A slave's registration tells it who its master is; after a kill of the NameServer that takes a moment.
  for (const broker of cluster.brokers) await cluster.awaitRegistered(broker)
}

const dir = mkdtempSync(join(tmpdir(), 'gantry-crash-'))
const rows: Row[] = []
let problem: unknown
try {
  process.stdout.write(`seed ${seed}\n`)
  for (const mode of MODES) rows.push(await runMode(mode, dir))
} catch (error) {
  problem = error
} finally {
  await stopAllServers()
}
console.table(rows)
const bad = rows.filter(
  (row) => row.lost > 0 || row.moved > 0 || row.acked === 0 || !/^(-|no)$/.test(row['slave differs']),
)
if (problem)
  process.stdout.write(
    `stopped by: ${problem instanceof Error ? problem.stack : String(problem)}\nfiles kept in ${dir}\n`,
  )
else rmSync(dir, { recursive: true })
const failed = bad.length + (problem ? 1 : 0)
process.stdout.write(`${rows.length - bad.length} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
