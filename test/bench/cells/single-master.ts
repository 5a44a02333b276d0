import type { Cluster } from '../../compat/cluster.ts'
import type { Engine } from '../../compat/server.ts'
import { type Bench, BOTH, type CellGroup } from '../bench.ts'
import { loadMaster, loadMasterBothWays, loadOfficially, masterOf, runLoad } from '../load-run.ts'

/*
 * Cells on one ASYNC_MASTER with ASYNC_FLUSH. Both engines' brokers stay up through a group, so that rounds take turns and
 * Java's compiler has done its work; the one that is not measured idles.
 */

type Contenders = ReadonlyMap<Engine, Cluster>

const LARGE_BODY_BYTES = 65_536

/** Java's compiler needs thousands of messages before it is worth measuring. */
async function warmUp(bench: Bench, contenders: Contenders): Promise<void> {
  for (const cluster of contenders.values()) {
    const seconds = bench.settings.smoke ? 1 : 6
    await runLoad('lean-producer', { port: masterOf(cluster).port, topic: 'WarmUp', 'warm-up': 0, seconds })
  }
}

function windowOf(bench: Bench, bodyBytes: number): { 'warm-up': number; seconds: number } {
  // Large bodies fill the disk with up to a gigabyte a second.
  const secondsMax = bodyBytes >= LARGE_BODY_BYTES ? 3 : Number.POSITIVE_INFINITY
  return { 'warm-up': bench.settings.smoke ? 0.5 : 1, seconds: Math.min(bench.settings.seconds, secondsMax) }
}

async function produceCells(bench: Bench, sizes: readonly number[], contenders: Contenders) {
  for (const size of sizes) {
    await bench.rounds(`produce-${size}`, contenders, (cluster) => {
      return loadMaster(cluster, 'lean-producer', { topic: `Produce${size}`, size, ...windowOf(bench, size) })
    })
  }
}

export const singleMaster: CellGroup = {
  cells: {
    'produce-128': 'lean producer, 1 connection, 64 in flight, 128 B bodies, 8 queues',
    'produce-1024': 'the same with 1 KiB bodies',
    'produce-4096': 'the same with 4 KiB bodies',
    'consume-hot': 'lean consumer, 8 pulls in flight, reads the newest 10 MiB of 1 KiB messages over and over',
    'consume-cold': 'the same from older messages of the same topic, which the engine itself holds no longer',
    'produce-consume-1024': 'lean producer and tailing lean consumer; written plus read messages per CPU-second',
    'latency-200': 'end to end at 200 messages/s of 1 KiB, from just before the send to the arrival',
    'official-produce-1024': 'official benchmark producer, 64 threads, 1 KiB bodies',
    'official-produce-consume-1024': 'the same while the official benchmark consumer (20 threads) reads',
    // Last, for what it writes.
    [`produce-${LARGE_BODY_BYTES}`]: 'lean producer, 1 connection, 64 in flight, 64 KiB bodies',
  },
  run: (bench) =>
    bench.withClusters('a single master', BOTH, {}, async (contenders) => {
      await warmUp(bench, contenders)
      await produceCells(bench, [128, 1024, 4096], contenders)
      await consumeCells(bench, contenders)
      await bothWaysCells(bench, contenders)
      await officialCells(bench, contenders)
      await produceCells(bench, [LARGE_BODY_BYTES], contenders)
    }),
}

/** Topics are there before a consumer asks for their ends. */
async function createTopic(contenders: Contenders, topic: string): Promise<void> {
  for (const cluster of contenders.values()) await cluster.createTopics([topic], 8)
}

async function bothWaysCells(bench: Bench, contenders: Contenders): Promise<void> {
  const { smoke, seconds, wanted } = bench.settings
  if (wanted('produce-consume-1024')) await createTopic(contenders, 'ProduceConsume')
  await bench.rounds('produce-consume-1024', contenders, (cluster) => {
    return loadMasterBothWays(cluster, { topic: 'ProduceConsume', 'warm-up': 1, seconds })
  })
  if (wanted('latency-200')) await createTopic(contenders, 'Latency')
  const window = { 'warm-up': 1, seconds: smoke ? seconds : 2 * seconds }
  await bench.rounds('latency-200', contenders, (cluster) => {
    return loadMaster(cluster, 'latency-probe', { topic: 'Latency', ...window })
  })
}

async function officialCells(bench: Bench, contenders: Contenders): Promise<void> {
  for (const withConsumer of [false, true]) {
    const name = withConsumer ? 'official-produce-consume-1024' : 'official-produce-1024'
    if (!bench.settings.wanted(name)) continue
    await createTopic(contenders, name)
    // The official programs tell their figures after ten seconds; messages are counted at the broker.
    const times = bench.settings.smoke ? { warmUpSeconds: 4, seconds: 2 } : { warmUpSeconds: 10, seconds: 10 }
    await bench.rounds(name, contenders, (cluster) => {
      return loadOfficially(cluster, { topic: name, size: 1024, ...times, withConsumer })
    })
  }
}

/** Messages per queue: well inside the engine's own window of recent messages, and well before it. */
const HOT_SPAN = 1000
const COLD_SKIP = 4000

async function consumeCells(bench: Bench, contenders: Contenders): Promise<void> {
  const { smoke, seconds, wanted } = bench.settings
  if (!wanted('consume-hot') && !wanted('consume-cold')) return
  const coldSpan = smoke ? 2000 : 40_000
  const messages = 8 * (COLD_SKIP + coldSpan + HOT_SPAN)
  for (const cluster of contenders.values()) {
    const { port } = masterOf(cluster)
    await runLoad('lean-producer', { port, topic: 'Consume', 'warm-up': 0, seconds: 120, messages })
  }
  const window = { topic: 'Consume', 'warm-up': smoke ? 0.5 : 1, seconds }
  await bench.rounds('consume-hot', contenders, (cluster) => {
    return loadMaster(cluster, 'lean-consumer', { ...window, span: HOT_SPAN })
  })
  await bench.rounds('consume-cold', contenders, (cluster) => {
    return loadMaster(cluster, 'lean-consumer', { ...window, 'skip-newest': COLD_SKIP, span: coldSpan })
  })
}

export const syncFlush: CellGroup = {
  cells: { 'produce-sync-flush-1024': 'lean producer, 1 KiB bodies, flushDiskType=SYNC_FLUSH' },
  run: (bench) => {
    const conf = { flushDiskType: 'SYNC_FLUSH' }
    return bench.withClusters(
      'a SYNC_FLUSH master',
      BOTH,
      { conf: { gantry: conf, apache: conf } },
      async (contenders) => {
        await warmUp(bench, contenders)
        await bench.rounds('produce-sync-flush-1024', contenders, (cluster) => {
          return loadMaster(cluster, 'lean-producer', { topic: 'SyncFlush', ...windowOf(bench, 1024) })
        })
      },
    )
  },
}
