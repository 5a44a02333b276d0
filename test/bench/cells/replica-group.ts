import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type ControllerCluster, layOutControllerCluster } from '../../compat/controller-cluster.ts'
import type { Engine, Server } from '../../compat/server.ts'
import { type Bench, BOTH, type CellGroup, tell } from '../bench.ts'
import { firstSend } from '../first-send.ts'
import { loadServer } from '../load-run.ts'

const TOPIC = 'Replicas'
/** Cell by the number of replicas. */
const CELLS = { 1: 'produce-1-replica-1024', 3: 'produce-3-replicas-1024' } as const
const SIZES = [1, 3] as const

export const replicaGroup: CellGroup = {
  cells: {
    [CELLS[1]]: 'lean producer, 1 KiB bodies, controller mode, allAckInSyncStateSet=true, a group of one',
    [CELLS[3]]: 'the same with three replicas in sync: answered once all have it',
  },
  run: async (bench) => {
    for (const engine of BOTH) {
      await withGroups(bench, engine, async (groups) => {
        const { smoke, seconds, rounds } = bench.settings
        const load = { topic: TOPIC, 'warm-up': smoke ? 0.5 : 2, seconds }
        for (let round = 1; round <= rounds; round++) {
          for (const [size, group] of groups) {
            const master = await masterOf(group)
            await bench.measure(CELLS[size], engine, round, () => loadServer(master, 'lean-producer', load))
          }
        }
      })
    }
  },
}

async function withGroups(
  bench: Bench,
  engine: Engine,
  use: (groups: ReadonlyMap<(typeof SIZES)[number], ControllerCluster>) => Promise<void>,
): Promise<void> {
  if (!Object.values(CELLS).some((cell) => bench.settings.wanted(cell))) return
  const groups = new Map<(typeof SIZES)[number], ControllerCluster>()
  const dirs: string[] = []
  try {
    for (const size of SIZES) {
      const name = `replicas-${size}-${engine}`
      const group = await layOutControllerCluster({
        name,
        dir: bench.dir,
        engines: { namesrv: engine, controller: engine, broker: engine },
        controllerCount: 1,
        replicaCount: size,
        brokerConf: { mappedFileSizeCommitLog: 1024 * 1024 * 1024, controllerHeartBeatTimeoutMills: 30_000 },
        env: { RMQ_HEAP: '1g', RMQ_GC: '-XX:+UseG1GC', RMQ_JVM: '' },
      })
      dirs.push(join(bench.dir, name))
      groups.set(size, group)
      tell(`starting a group of ${size} of ${engine}`)
      await group.start()
      await firstSend((await masterOf(group)).address, TOPIC)
    }
    await use(groups)
  } finally {
    for (const { namesrv, controllers, brokers } of groups.values()) {
      for (const server of [...brokers, ...controllers, namesrv]) await server.stop('SIGKILL')
    }
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
  }
}

async function masterOf(group: ControllerCluster): Promise<Server> {
  const { masterId } = await group.awaitGroup('a master', 60_000, (state) => state.masterId !== undefined)
  return group.brokers[Number(masterId) - 1]!
}
