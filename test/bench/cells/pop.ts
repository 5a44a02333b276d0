import { type Bench, BOTH, type CellGroup } from '../bench.ts'
import { loadMaster, masterOf, runLoad } from '../load-run.ts'

const TOPIC = 'Popped'
/** More than either engine gives out while it is measured. */
const MESSAGES_PER_SECOND = 60_000

export const pop: CellGroup = {
  cells: { 'pop-ack': 'lean consumer that pops 32 at once, 4 pops in flight, and acknowledges each 1 KiB message' },
  run: (bench: Bench) =>
    bench.withClusters('a master that is popped from', BOTH, {}, async (contenders) => {
      const { seconds, smoke } = bench.settings
      let round = 0
      for (const cluster of contenders.values()) {
        await runLoad('lean-producer', { port: masterOf(cluster).port, topic: 'WarmUp', 'warm-up': 0, seconds: 3 })
      }
      await bench.rounds('pop-ack', contenders, async (cluster) => {
        const topic = `${TOPIC}${round++}`
        await cluster.createTopics([topic], 8)
        const messages = smoke ? 20_000 : MESSAGES_PER_SECOND * (seconds + 2)
        await runLoad('lean-producer', { port: masterOf(cluster).port, topic, 'warm-up': 0, seconds: 120, messages })
        return loadMaster(cluster, 'lean-popper', { topic, 'warm-up': smoke ? 0.5 : 2, seconds })
      })
    }),
}
