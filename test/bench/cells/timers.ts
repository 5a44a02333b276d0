import type { Cluster } from '../../compat/cluster.ts'
import { type Bench, BOTH, type CellGroup } from '../bench.ts'
import type { Figures } from '../figures.ts'
import { loadMaster, masterOf, pause, pidOf } from '../load-run.ts'
import { memoryOf } from '../process-figures.ts'

const PENDING = 1_000_000
const DELIVERED_PER_SECOND = 10_000
const TOPIC = 'Timed'
/** Those that only wait are due then, over an hour. */
const FAR_SECONDS = 6 * 3600
const NEAR_SECONDS = 8
const SETTLE_MS = 5_000

function scale(bench: Bench): { pending: number; perSecond: number } {
  const divisor = bench.settings.smoke ? 100 : 1
  return { pending: PENDING / divisor, perSecond: DELIVERED_PER_SECOND / divisor }
}

/** Figures of the sends; memory is what it grew by. */
async function fill(bench: Bench, cluster: Cluster, messages: number): Promise<Figures> {
  const master = masterOf(cluster)
  const before = memoryOf(pidOf(master))
  const options = { topic: TOPIC, messages, lead: FAR_SECONDS, spread: 3600, seconds: 300, 'warm-up': 0 }
  const figures = await loadMaster(cluster, 'lean-timers', options)
  await pause(bench.settings.smoke ? 500 : SETTLE_MS)
  const after = memoryOf(pidOf(master))
  return { ...figures, rssMiB: after.rssMiB - before.rssMiB, rssAnonMiB: after.rssAnonMiB - before.rssAnonMiB }
}

export const timers: CellGroup = {
  cells: {
    'timers-pending':
      'a million messages that wait for times between 6 and 7 hours ahead: sends, and what memory grows by',
    'timers-deliver': 'ten thousand messages a second come due, beside those: how late each is in its queue',
  },
  run: async (bench) => {
    const { pending, perSecond } = scale(bench)
    const { seconds } = bench.settings
    await bench.withClusters('a master with timers', BOTH, {}, async (contenders) => {
      // Once: what waits stays.
      for (const [engine, cluster] of contenders) {
        await bench.measure('timers-pending', engine, 1, () => fill(bench, cluster, pending))
      }
      let round = 0
      await bench.rounds('timers-deliver', contenders, (cluster) => {
        const topic = `${TOPIC}${round++}`
        const options = {
          topic,
          messages: perSecond * seconds,
          lead: NEAR_SECONDS + seconds,
          spread: seconds,
          read: true as const,
        }
        return loadMaster(cluster, 'lean-timers', { ...options, seconds: 4 * seconds + NEAR_SECONDS, 'warm-up': 0 })
      })
    })
  },
}
