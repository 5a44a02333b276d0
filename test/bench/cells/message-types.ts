import type { Cluster } from '../../compat/cluster.ts'
import type { Engine } from '../../compat/server.ts'
import { type Bench, BOTH, type CellGroup } from '../bench.ts'
import { loadMaster, masterOf, runLoad } from '../load-run.ts'

/*
 * What is more than sending and reading, on one ASYNC_MASTER with ASYNC_FLUSH.
 */

const FILTERED = 'Filtered'
/** Values of the property that is filtered by: one message in so many matches. */
const VALUES = 100
const CONF = { enablePropertyFilter: 'true' }

export const messageTypes: CellGroup = {
  cells: {
    'transactions-64': 'lean producer of transactions, 64 in flight, 1 KiB bodies: half message and commit',
    'filtered-consume':
      'lean consumer with the SQL92 filter `a = 7`, which one message in 100 matches; messages looked at',
  },
  run: (bench) =>
    bench.withClusters('a master with filters', BOTH, { conf: { gantry: CONF, apache: CONF } }, async (contenders) => {
      await transactions(bench, contenders)
      await filtered(bench, contenders)
    }),
}

async function transactions(bench: Bench, contenders: ReadonlyMap<Engine, Cluster>): Promise<void> {
  const { smoke, seconds, wanted } = bench.settings
  if (!wanted('transactions-64')) return
  for (const cluster of contenders.values()) {
    await cluster.createTopics(['Transactions'], 8)
    await runLoad('lean-transactions', { ...at(cluster), topic: 'Transactions', 'warm-up': 0, seconds: smoke ? 1 : 6 })
  }
  await bench.rounds('transactions-64', contenders, (cluster) => {
    return loadMaster(cluster, 'lean-transactions', { topic: 'Transactions', 'warm-up': 1, seconds })
  })
}

async function filtered(bench: Bench, contenders: ReadonlyMap<Engine, Cluster>): Promise<void> {
  const { smoke, seconds, wanted } = bench.settings
  if (!wanted('filtered-consume')) return
  const span = smoke ? 2_000 : 40_000
  for (const cluster of contenders.values()) {
    await cluster.createTopics([FILTERED], 8)
    const load = { ...at(cluster), topic: FILTERED, size: 128, 'property-values': VALUES }
    await runLoad('lean-producer', { ...load, 'warm-up': 0, seconds: 120, messages: 8 * (span + 1_000) })
  }
  const window = { topic: FILTERED, 'warm-up': 1, seconds, span, sql: 'a = 7' }
  await bench.rounds('filtered-consume', contenders, (cluster) => loadMaster(cluster, 'lean-consumer', window))
}

const at = (cluster: Cluster): { port: number } => ({ port: masterOf(cluster).port })
