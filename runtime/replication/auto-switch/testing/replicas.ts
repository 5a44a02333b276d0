import { expect } from 'vitest'
import { ReplicaHost, type ReplicaWorld } from './replica-host.ts'

type HostConfig = NonNullable<ConstructorParameters<typeof ReplicaHost>[2]>

/** Replicas that run and have no role yet. */
export async function startReplicas(
  world: ReplicaWorld,
  count: number,
  config: HostConfig = {},
): Promise<ReplicaHost[]> {
  const made = Array.from({ length: count }, (_, i) => new ReplicaHost(i + 1, world, config))
  for (const host of made) await host.start()
  return made
}

/** The controllers agree to whatever the master wants. */
async function agree(world: ReplicaWorld, master: ReplicaHost): Promise<void> {
  for (let setEpoch = 2; master.wanted; setEpoch++) {
    const { wanted } = master
    master.wanted = undefined
    master.replication.setSyncStateSet(wanted, 1000 + setEpoch)
    await world.settle()
  }
}

/** A master of epoch 1 and slaves, all in its SyncStateSet. */
export async function startReplicaGroup(
  world: ReplicaWorld,
  config: HostConfig = {},
  count = 2,
): Promise<[ReplicaHost, ReplicaHost, ...ReplicaHost[]]> {
  const made = (await startReplicas(world, count, config)) as [ReplicaHost, ReplicaHost, ...ReplicaHost[]]
  const [master, ...slaves] = made
  master.replication.changeToMaster(1, new Set([1]), 1)
  for (const slave of slaves) slave.follow(master, 1)
  await world.settle()
  await agree(world, master)
  expect(master.replication.syncStateSet.size).toBe(count)
  return made
}
