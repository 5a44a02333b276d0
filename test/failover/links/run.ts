// Links cut between real processes: node test/failover/links/run.ts [--only PATTERN] [--keep]
// NameServers with controllers and the replicas of a group, each on a host of its own (a network namespace), while official
// Java clients send and consume. Needs Linux, root, iproute2, Java and Maven. The last line is `N passed, N failed`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Driver } from '../../compat/driver.ts'
import { createTopic } from '../../compat/remoting.ts'
import { buildJavaClient, fetchApache, missingTools } from '../../compat/toolchain.ts'
import { SteadyClients } from '../steady-clients.ts'
import { CUTS } from './cuts.ts'
import { HostNetwork } from './host-network.ts'
import { brokerOf, LinkCluster } from './link-cluster.ts'
import { LinkTrial, QUEUES, STUBBORN_TOPIC, TOPIC } from './link-trial.ts'

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, keep: { type: 'boolean', default: false } },
})
const missing = missingTools(['java', 'mvn'])
if (missing.length > 0) {
  console.error(`${missing.join('\n')}\n0 passed, ${missing.length} failed`)
  process.exit(1)
}
const pattern = new RegExp(values.only)
const cuts = CUTS.filter(({ name }) => pattern.test(name))
if (cuts.length === 0) {
  console.error(`--only ${values.only}: no cut has such a name`)
  process.exit(2)
}

const dir = mkdtempSync(join(tmpdir(), 'gantry-links-'))
const EVERY_MS = 20
const POLL_MS = 1_000
const SEND_TIMEOUT_MS = 1_000
let passed = 0
let failed = 0
let driver: Driver | undefined
let network: HostNetwork | undefined
let cluster: LinkCluster | undefined

async function cleanUp(): Promise<void> {
  await driver?.close()
  await cluster?.stop()
  network?.remove()
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(130)))
}

function count(what: string, faults: readonly string[]): void {
  if (faults.length === 0) passed++
  else failed++
  console.log(`${faults.length === 0 ? 'ok  ' : 'FAIL'} ${what}`)
  for (const fault of faults) console.log(`       ${fault}`)
}

try {
  await fetchApache()
  await buildJavaClient()
  network = HostNetwork.make(['n0', 'n1', 'n2', 'b0', 'b1', 'b2'], process.pid)
  cluster = await LinkCluster.start(network, dir)
  const master = brokerOf(await cluster.master())
  await createTopic(master, TOPIC, QUEUES)
  await createTopic(master, STUBBORN_TOPIC, 1)
  const home = join(dir, 'driver')
  mkdirSync(home)
  driver = new Driver('JSON', home)
  const namesrvAddr = cluster.nameServers.join(';')
  const clients = await SteadyClients.start({
    ...{ driver, dir, namesrvAddr, topic: TOPIC },
    ...{ everyMs: EVERY_MS, pollMs: POLL_MS, timeoutMs: SEND_TIMEOUT_MS },
  })
  const trial = new LinkTrial(cluster, clients)
  for (const cut of cuts) {
    const { gapMs, lastAckMs, faults } = await trial.run(cut)
    const until = cut.master === 'may stay' ? '' : `; who was master acknowledged until ${lastAckMs} ms after it`
    count(`${cut.name}: longest gap ${gapMs} ms${until}`, faults)
  }
  const { faults } = await trial.end()
  const { acked, failed: failedSends } = clients.ledger()
  count(`nothing lost, moved or out of order: ${acked.length} sends acknowledged, ${failedSends.length} failed`, faults)
} catch (error) {
  count('the run', [error instanceof Error ? (error.stack ?? error.message) : String(error)])
} finally {
  await cleanUp()
}
if (failed === 0 && !values.keep) rmSync(dir, { recursive: true })
else console.log(`files kept in ${dir}`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
