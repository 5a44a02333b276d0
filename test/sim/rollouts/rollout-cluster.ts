import { Cluster } from '../scenarios/cluster.ts'
import type { Shape } from '../scenarios/shape.ts'
import type { World } from '../world/world.ts'
import { Fleet } from './fleet.ts'
import { type FleetConfig, planOf } from './fleet-config.ts'
import { Rollouts } from './rollouts.ts'

/** A cluster as its plan says, and what changes it. */
export function rolloutCluster(world: World, shape: Shape): { readonly cluster: Cluster; readonly rollouts: Rollouts } {
  const config = shape.controllers > 0 ? electedConfig(world, shape) : classicConfig(world, shape)
  let fleet!: Fleet
  const cluster = new Cluster(world, shape, (made) => {
    fleet = new Fleet(made)
    const plan = planOf(config)
    for (const node of plan.nodes) fleet.install(node)
    made.controllerAddresses = plan.controllerAddr.split(';').filter((address) => address !== '')
  })
  cluster.consumer.commitsAgain = true
  return { cluster, rollouts: new Rollouts(cluster, fleet, config) }
}

const hostsOf = (kind: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${kind}-${i}`)

function classicConfig(world: World, { isSyncFlush }: Shape): FleetConfig {
  const replicas = world.between(1, 3)
  return {
    nameServers: hostsOf('ns', 2),
    controllers: undefined,
    groups: hostsOf('b', world.between(1, 2)).map((_, number) => ({
      name: `b${number}`,
      hosts: hostsOf(`b${number}`, replicas),
      replication: replicas > 1 && world.chance(50) ? 'sync' : 'async',
      flush: isSyncFlush ? 'sync' : 'async',
      settings: {},
    })),
    settings: {},
  }
}

function electedConfig(world: World, { isSyncFlush }: Shape): FleetConfig {
  const count = world.pick([1, 3])!
  const isEmbedded = world.chance(40)
  return {
    nameServers: hostsOf('ns', isEmbedded ? Math.max(count, 2) : 2),
    controllers: isEmbedded ? { mode: 'embedded', count } : { mode: 'standalone', hosts: hostsOf('ct', count) },
    groups: hostsOf('b', world.chance(30) ? 2 : 1).map((_, number) => ({
      name: `b${number}`,
      hosts: hostsOf(`b${number}`, 3),
      replication: 'sync',
      flush: isSyncFlush ? 'sync' : 'async',
      settings: {},
    })),
    settings: { controllerHeartBeatTimeoutMills: 2000, haMaxTimeSlaveNotCatchup: 2000 },
  }
}
