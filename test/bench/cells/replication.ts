import type { Cluster } from '../../compat/cluster.ts'
import type { Engine } from '../../compat/server.ts'
import { type Bench, BOTH, type CellGroup } from '../bench.ts'
import { firstSend } from '../first-send.ts'
import { loadMaster, masterOf, runLoad } from '../load-run.ts'

type Contenders = ReadonlyMap<Engine, Cluster>

const SYNC_CONF = {
  gantry: { brokerRole: 'SYNC_MASTER' },
  // Without it an Apache SYNC_MASTER acknowledges at once (docs/decisions/0004-sync-master-waits.md).
  apache: { brokerRole: 'SYNC_MASTER', inSyncReplicas: 2 },
}

export const replication: CellGroup = {
  cells: {
    'produce-async-master-slave-1024': 'lean producer, 1 KiB bodies, ASYNC_MASTER with one slave in sync',
    'produce-sync-master-slave-1024':
      'the same with SYNC_MASTER: answered once the slave has it (Apache: inSyncReplicas=2)',
  },
  run: async (bench) => {
    // All four pairs are up, so that asynchronous and synchronous rounds take turns as well.
    await bench.withClusters('ASYNC_MASTER and slave', BOTH, { withSlave: true }, (asynchronous) =>
      withSyncMasters(bench, async (synchronous) => {
        for (const contenders of [asynchronous, synchronous]) {
          for (const cluster of contenders.values()) await bringInSync(bench, cluster)
        }
        await takeTurns(bench, asynchronous, synchronous)
      }),
    )
  },
}

/** Pairs whose master, and only that, is a SYNC_MASTER. */
async function withSyncMasters(bench: Bench, use: (contenders: Contenders) => Promise<void>): Promise<void> {
  const contenders = new Map<Engine, Cluster>()
  try {
    for (const engine of BOTH) {
      const cluster = await bench.layOut(engine, true, {})
      Object.assign(masterOf(cluster).conf, SYNC_CONF[engine])
      contenders.set(engine, cluster)
      await cluster.start()
    }
    await use(contenders)
  } finally {
    for (const cluster of contenders.values()) await bench.remove(cluster)
  }
}

/** Until a message is on both: a slave that has just come up asks for nothing yet. */
async function bringInSync(bench: Bench, cluster: Cluster): Promise<void> {
  const { address, port } = masterOf(cluster)
  await firstSend(address, 'Replicated')
  await cluster.awaitInSync()
  const seconds = bench.settings.smoke ? 1 : 6
  await runLoad('lean-producer', { port, topic: 'Replicated', 'warm-up': 0, seconds })
  await cluster.awaitInSync()
}

async function takeTurns(bench: Bench, asynchronous: Contenders, synchronous: Contenders): Promise<void> {
  const { smoke, seconds, rounds } = bench.settings
  const load = { topic: 'Replicated', 'warm-up': smoke ? 0.5 : 1, seconds }
  for (let round = 1; round <= rounds; round++) {
    for (const engine of BOTH) {
      for (const [mode, contenders] of [['async', asynchronous] as const, ['sync', synchronous] as const]) {
        const cluster = contenders.get(engine)!
        await bench.measure(`produce-${mode}-master-slave-1024`, engine, round, () => {
          return loadMaster(cluster, 'lean-producer', load)
        })
        // The rest of an asynchronous round is not to be copied during the next one.
        await cluster.awaitInSync()
      }
    }
  }
}
