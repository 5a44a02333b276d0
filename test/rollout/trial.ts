import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver } from '../compat/driver.ts'
import { createTopic } from '../compat/remoting.ts'
import { waitUntil } from '../compat/server.ts'
import { openClient, routedMaster } from '../failover/group-state.ts'
import { SteadyClients } from '../failover/steady-clients.ts'
import { type ClusterChange, GAP_MAX_MS } from './changes.ts'
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
export async function tryChange(change: ClusterChange, driver: Driver, baseDir: string): Promise<Row> {
  const dir = join(baseDir, `${change.topology}-${change.name}`.replaceAll(/\W+/g, '-'))
  mkdirSync(dir, { recursive: true })
  const cluster = await ChangingCluster.start(join(dir, 'cluster'), change.from)
  await createTopics(cluster)
  const clients = await SteadyClients.start({
    driver,
    dir,
    namesrvAddr: cluster.nameServers.join(';'),
    topic: TOPIC,
    everyMs: EVERY_MS,
  })
  await pause(QUIET_MS)
  const startedMs = Date.now()
  const faults: string[] = []
  await cluster.change(change.to, change.allow).catch((error: Error) => faults.push(error.message))
  const tookMs = Date.now() - startedMs
  await pause(AFTERWARDS_MS)
  const endMs = Date.now()
  await clients.stop(CONSUMED_WITHIN_MS)
  await cluster.stop()
  const figures = figuresOf(clients.ledger(), clients.deliveries(), startedMs, endMs)
  return {
    ...figures,
    change: `${change.topology}: ${change.name}`,
    tookMs,
    faults: [...faults, ...faultsIn(change, figures)],
  }
}

function faultsIn({ topology }: ClusterChange, { lost, sendGapMs }: Pick<Row, 'lost' | 'sendGapMs'>): string[] {
  const faults = lost.length === 0 ? [] : [`${lost.length} acknowledged messages are lost, the first ${lost[0]}`]
  if (topology === 'controller' && sendGapMs > GAP_MAX_MS) faults.push(`nothing was acknowledged for ${sendGapMs} ms`)
  return faults
}

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
