import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver } from '../compat/driver.ts'
import { createTopic } from '../compat/remoting.ts'
import { waitUntil } from '../compat/server.ts'
import { openClient, routedMaster } from '../failover/group-state.ts'
import { SteadyClients } from '../failover/steady-clients.ts'
import { type ClusterChange, changeIn, GAP_MAX_MS } from './changes.ts'
import { ChangingCluster } from './changing-cluster.ts'
import { figuresOf, type Row } from './figures.ts'

const TOPIC = 'Orders'
const QUEUES = 4
const EVERY_MS = 10
const QUIET_MS = 2_000
/** Clients look at routes every 30 s: what an old route leads to is seen within that. */
const AFTERWARDS_MS = 33_000
const CONSUMED_WITHIN_MS = 60_000
const ROUTED_WITHIN_MS = 30_000

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Makes a change under the load of official clients with their usual settings. */
export async function tryChange(anywhere: ClusterChange, driver: Driver, baseDir: string): Promise<Row> {
  const dir = join(baseDir, `${anywhere.topology}-${anywhere.name}`.replaceAll(/\W+/g, '-'))
  mkdirSync(dir, { recursive: true })
  const change = changeIn(anywhere, dir)
  const cluster = await ChangingCluster.start(join(dir, 'cluster'), change.from)
  try {
    return await underLoad(change, cluster, driver, dir)
  } finally {
    await cluster.stop()
  }
}

async function underLoad(change: ClusterChange, cluster: ChangingCluster, driver: Driver, dir: string): Promise<Row> {
  await createTopics(cluster)
  const clients = await SteadyClients.start({
    driver,
    dir,
    namesrvAddr: nameServersFor(cluster, change).join(';'),
    topic: TOPIC,
    everyMs: EVERY_MS,
  })
  // A consumer that finds no route when it starts looks for one again after half a minute.
  await waitUntil('the consumer gets messages', CONSUMED_WITHIN_MS, () => clients.deliveries().length > 0)
  await pause(QUIET_MS)
  const startedMs = Date.now()
  const faults = await make(change, cluster)
  const tookMs = Date.now() - startedMs
  await pause(AFTERWARDS_MS)
  const endMs = Date.now()
  await clients.stop(CONSUMED_WITHIN_MS)
  const figures = figuresOf(clients.ledger(), clients.deliveries(), startedMs, endMs)
  return {
    ...figures,
    change: `${change.topology}: ${change.name}`,
    tookMs,
    faults: [...faults, ...faultsIn(change, figures)],
  }
}

/** What clients are given: with others to come only where none of those that are there stays. */
function nameServersFor(cluster: ChangingCluster, { to }: ClusterChange): string[] {
  const [before, after] = [cluster.nameServers, cluster.nameServersOf(to)]
  return before.some((address) => after.includes(address)) ? before : [...before, ...after]
}

/** Has the tool make the change. @returns what it did wrong */
async function make({ to, allow, isKilled }: ClusterChange, cluster: ChangingCluster): Promise<string[]> {
  try {
    if (isKilled) {
      const kills = await cluster.changeKilledAtEachStep(to, allow)
      return kills === 0 ? ['the tool was never killed'] : []
    }
    return faultsInReport(await cluster.change(to, allow))
  } catch (error) {
    return [(error as Error).message]
  }
}

function faultsIn(change: ClusterChange, { lost, sendGapMs }: Pick<Row, 'lost' | 'sendGapMs'>): string[] {
  const { topology, gapMaxMs = GAP_MAX_MS } = change
  const faults = lost.length === 0 ? [] : [`${lost.length} acknowledged messages are lost, the first ${lost[0]}`]
  if (topology === 'controller' && sendGapMs > gapMaxMs) faults.push(`nothing was acknowledged for ${sendGapMs} ms`)
  return faults
}

/** The tool itself says how long nobody sent or got anything. */
const faultsInReport = (printed: string): string[] =>
  /As the brokers saw it.* \d+ messages were sent, with \d+\.\d s at most between two/.test(printed)
    ? []
    : ['the report does not say what went on meanwhile']

async function createTopics({ nameServers, groups }: ChangingCluster): Promise<void> {
  const client = openClient()
  try {
    for (const group of groups) {
      let master: string | undefined
      await waitUntil(`${group} has a master`, ROUTED_WITHIN_MS, async () => {
        master = await routedMaster(client, nameServers[0]!, group)
        return master !== undefined
      })
      await createTopic(master!, TOPIC, QUEUES)
    }
  } finally {
    client.close()
  }
}
