import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { drainGroup } from '../../components/rollout/drain.ts'
import { withLiveCluster } from '../../components/rollout/live-cluster.ts'
import { waitUntil } from '../compat/server.ts'
import { SteadyClients } from '../failover/steady-clients.ts'
import { figuresOf, tableOf } from '../rollout/figures.ts'
import { controllerRole } from './conf.ts'
import { layOutDledger, withKeptTables } from './dledger-upgrade.ts'
import { layOutPair } from './pair.ts'
import { Side } from './side.ts'
import { awaitInSet, GROUP, TOPIC, type UpgradeParts } from './upgrade-world.ts'

const AREA = 'DLedger 4.9 -> controller mode (gantry), under load'
const EVERY_MS = 10
const CONSUMED_WITHIN_MS = 60_000
const DRAINED_WITHIN_MS = 180_000
/**
 * Consumers drop the queues of a group that is gone when they have asked for routes (every 30 s) and shared out queues again (every
 * 20 s). Those that still have them go on at offsets of before: a new queue sends them to its end, past what is in it.
 */
const FORGOTTEN_MS = 60_000
/** Clients look at routes every 30 s: what an old route leads to is seen within that. */
const AFTERWARDS_MS = 33_000

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** The same while official clients send and consume: another group, under controllers already, takes the writes meanwhile. */
export async function dledgerUnderLoad(parts: UpgradeParts): Promise<void> {
  const { report } = parts
  await report.attempt(AREA, 'upgrade', async () => {
    const dir = join(parts.dir, 'dledger-load')
    const side = await Side.withStandalone(dir, 'side', 'apache-4.9', 'gantry')
    await side.start()
    const { namesrv, controllerAddr } = side
    const dledger = await layOutDledger(dir, namesrv.address)
    await Promise.all(dledger.brokers.map((broker) => broker.start()))
    await dledger.createTopic(await dledger.awaitMaster('a DLedger leader', 120_000), TOPIC)
    const other = await layOutPair(dir, 'other', 'gantry', namesrv.address, () => controllerRole(controllerAddr))
    await other.start(TOPIC)

    const load = join(dir, 'load')
    mkdirSync(load)
    const { driver } = parts
    const clients = await SteadyClients.start({
      ...{ driver, dir: load, namesrvAddr: namesrv.address, topic: TOPIC, everyMs: EVERY_MS },
    })
    await waitUntil('the consumer gets messages of both groups', CONSUMED_WITHIN_MS, () => {
      return new Set(clients.ledger().acked.map(({ queue }) => queue.split('/')[0])).size > 1
    })
    const startMs = Date.now()
    const addresses = { cluster: 'MatrixCluster', nameServers: [namesrv.address], controllers: [] }
    const { drained, left } = await withLiveCluster(addresses, (cluster) =>
      drainGroup(cluster, { group: GROUP, deadlineMs: DRAINED_WITHIN_MS }),
    )
    report.check(AREA, 'the DLedger group is drained', drained, left.join('; '))
    await dledger.stop('SIGTERM')
    await pause(FORGOTTEN_MS)
    const pair = await withKeptTables(dir, side, dledger)
    const [first, second] = pair.brokers
    await first.start()
    await pair.awaitMaster('online', 60_000)
    await second.start()
    await awaitInSet(controllerAddr, 2)
    const doneMs = Date.now()
    await pause(AFTERWARDS_MS)
    const endMs = Date.now()
    await clients.stop(CONSUMED_WITHIN_MS)
    const figures = figuresOf(clients.ledger(), clients.deliveries(), startMs, endMs)
    const row = { ...figures, change: AREA, tookMs: doneMs - startMs, faults: [] }
    console.log(tableOf([row]))
    report.check(AREA, 'nothing that was acknowledged is lost', figures.lost.length === 0, figures.lost.join('; '))
    const isTaken = clients
      .ledger()
      .acked.some(({ queue, startMs: sentMs }) => sentMs > doneMs && queue.includes(GROUP))
    report.check(AREA, 'the group takes its share again', isTaken, 'nothing was sent to it')
    await pair.stop()
    await other.stop()
    await side.stop()
  })
}
