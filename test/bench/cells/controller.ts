import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type ControllerCluster, layOutControllerCluster } from '../../compat/controller-cluster.ts'
import type { Engine } from '../../compat/server.ts'
import { type Bench, BOTH, type CellGroup, tell } from '../bench.ts'
import type { BrokerGroupsResult } from '../load/broker-groups.ts'
import { pause, pidOf, runLoad } from '../load-run.ts'
import { memoryOf } from '../process-figures.ts'

const GROUPS = 10_000
const SMOKE_GROUPS = 200

/** Three controllers of an engine; the brokers are played. */
async function withQuorum(bench: Bench, engine: Engine, use: (quorum: ControllerCluster) => Promise<void>) {
  const name = `quorum-${engine}`
  const quorum = await layOutControllerCluster({
    name,
    dir: bench.dir,
    engines: { namesrv: engine, controller: engine, broker: engine },
    controllerCount: 3,
    replicaCount: 0,
  })
  try {
    tell(`starting three controllers of ${engine}`)
    for (const controller of quorum.controllers) await controller.start()
    await use(quorum)
  } finally {
    for (const controller of quorum.controllers) await controller.stop('SIGKILL')
    rmSync(join(bench.dir, name), { recursive: true, force: true })
  }
}

export const controller: CellGroup = {
  cells: {
    'controller-idle-memory': 'the leader of three controllers some seconds after their start, without brokers',
    'controller-10000-groups':
      '10,000 brokers, each a group, send a heartbeat a second to each of three controllers and poll the leader every five: the leader',
  },
  run: async (bench) => {
    const groups = bench.settings.smoke ? SMOKE_GROUPS : GROUPS
    for (const engine of BOTH) {
      await withQuorum(bench, engine, async (quorum) => {
        const leader = await quorum.awaitLeader()
        await bench.measure('controller-idle-memory', engine, 1, async () => {
          await pause(bench.settings.smoke ? 500 : 10_000)
          return memoryOf(pidOf(leader))
        })
        await bench.measure('controller-10000-groups', engine, 1, async () => {
          const result = await runLoad<BrokerGroupsResult>('broker-groups', {
            controllers: quorum.controllers.map(({ address }) => address).join(','),
            groups,
            connections: 50,
            'warm-up': bench.settings.smoke ? 1 : 5,
            seconds: 2 * bench.settings.seconds,
            pids: quorum.controllers.map(pidOf).join(','),
          })
          const at = quorum.controllers.indexOf(await quorum.awaitLeader())
          return { cores: result.cpuSeconds[at]! / result.seconds, ...memoryOf(pidOf(quorum.controllers[at]!)) }
        })
      })
    }
  },
}
