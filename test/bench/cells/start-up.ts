import type { Cluster } from '../../compat/cluster.ts'
import type { Engine } from '../../compat/server.ts'
import { type Bench, BOTH, type CellGroup } from '../bench.ts'
import { firstSend } from '../first-send.ts'
import { masterOf, pause, pidOf, runLoad } from '../load-run.ts'
import { memoryOf } from '../process-figures.ts'

const MIB = 1024 * 1024

/** From the launch of the master to its first success. */
async function timeStart(cluster: Cluster): Promise<number> {
  const master = masterOf(cluster)
  const started = master.start()
  const [ms] = await Promise.all([firstSend(master.address, 'FirstSend'), started])
  return ms
}

async function withCluster(bench: Bench, engine: Engine, use: (cluster: Cluster) => Promise<void>): Promise<void> {
  const cluster = await bench.layOut(engine, false, {})
  try {
    await cluster.namesrv.start()
    await use(cluster)
  } finally {
    await bench.remove(cluster)
  }
}

export const startUp: CellGroup = {
  cells: {
    'start-up': 'from the launch of a broker with an empty store to the first successful send; the NameServer is up',
    'idle-memory': 'broker and NameServer some seconds after their start, without clients',
  },
  run: async (bench) => {
    const settleMs = bench.settings.smoke ? 1000 : 15_000
    // The engine's launcher compiles its modules on the very first start of an installation and keeps the result.
    await withCluster(bench, 'gantry', async (cluster) => {
      await timeStart(cluster)
    })
    for (let round = 1; round <= bench.settings.rounds; round++) {
      for (const engine of BOTH) {
        await withCluster(bench, engine, async (cluster) => {
          await bench.measure('start-up', engine, round, async () => ({ durationMs: await timeStart(cluster) }))
          if (round === 1) {
            await bench.measure('idle-memory', engine, round, async () => {
              if (masterOf(cluster).pid === undefined) await masterOf(cluster).start()
              await pause(settleMs)
              const namesrv = memoryOf(pidOf(cluster.namesrv))
              return { ...memoryOf(pidOf(masterOf(cluster))), namesrvRssMiB: namesrv.rssMiB }
            })
          }
        })
      }
    }
  },
}

async function recover(bench: Bench, cell: string, engine: Engine, round: number, sizeMiB: number): Promise<void> {
  if (!bench.settings.wanted(cell)) return
  await withCluster(bench, engine, async (cluster) => {
    const master = masterOf(cluster)
    await master.start()
    const size = 65_536
    const messages = (sizeMiB * MIB) / size
    const { port } = master
    await runLoad('lean-producer', { port, topic: 'Recovery', size, 'warm-up': 0, seconds: 300, messages })
    await master.stop('SIGKILL')
    await bench.measure(cell, engine, round, async () => {
      return { durationMs: await timeStart(cluster), storeMiB: sizeMiB }
    })
  })
}

export const recovery: CellGroup = {
  cells: {
    'recovery-256m': 'kill -9 right after 256 MiB of 64 KiB messages: from the launch to the first successful send',
    'recovery-2g': 'the same with 2 GiB',
  },
  run: async (bench) => {
    // A smoke run writes a second's worth of data, which takes the same path.
    const scale = bench.settings.smoke ? 1 / 8 : 1
    const rounds = bench.settings.smoke ? 1 : Math.min(2, bench.settings.rounds)
    for (let round = 1; round <= rounds; round++) {
      for (const engine of BOTH) {
        for (const [cell, sizeMiB] of [['recovery-256m', 256] as const, ['recovery-2g', 2048] as const]) {
          try {
            await recover(bench, cell, engine, round, sizeMiB * scale)
          } catch (error) {
            bench.fail(cell, engine, round, error)
          }
        }
      }
    }
  },
}
