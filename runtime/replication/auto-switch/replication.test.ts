import { expect, test } from 'vitest'
import { ReplicaHost, ReplicaWorld } from './testing/replica-host.ts'

async function group(
  count: number,
  config: ConstructorParameters<typeof ReplicaHost>[2] = {},
): Promise<{ world: ReplicaWorld; hosts: ReplicaHost[] }> {
  const world = new ReplicaWorld()
  const hosts = Array.from({ length: count }, (_, i) => new ReplicaHost(i + 1, world, config))
  for (const host of hosts) await host.start()
  return { world, hosts }
}

/** A master of epoch 1 with all others in its SyncStateSet. */
async function pair(config = {}, count = 2) {
  const made = await group(count, config)
  const [master, ...slaves] = made.hosts as [ReplicaHost, ...ReplicaHost[]]
  master.replication.changeToMaster(1, new Set([1]), 1)
  for (const slave of slaves) slave.follow(master, 1)
  await made.world.settle()
  let epoch = 1
  while (master.wanted) {
    const wanted = master.wanted
    master.wanted = undefined
    master.replication.setSyncStateSet(wanted, ++epoch)
    await made.world.settle()
  }
  return { ...made, master, slaves, slave: slaves[0]! }
}

test('what the master writes is on the slave in the same turn, shown when both have it, and asked to join the set', async () => {
  const { world, master, slave } = await pair()
  expect([...master.replication.syncStateSet]).toEqual([1, 2])
  master.put('one')
  master.put('two')
  master.context.clock.endOfTurn(() => {})
  await world.round()
  // Written and sent, but nobody has confirmed.
  expect([master.store.writtenOffset > 0, master.bodies()]).toEqual([true, []])
  await world.settle()
  expect(slave.logBytes()).toEqual(master.logBytes())
  expect(master.bodies()).toEqual(['one', 'two'])
  expect(master.replication.ackedByAll).toBe(master.store.writtenOffset)
  // The slave is told soon after, without another message.
  expect(slave.bodies()).toEqual([])
  await world.advance(100, [master, slave])
  expect(slave.bodies()).toEqual(['one', 'two'])
  expect(String(slave.replication.epochs)).toBe('1-0')
})

test('a master alone shows its messages at once', async () => {
  const { world, hosts } = await group(1)
  const [master] = hosts as [ReplicaHost]
  master.replication.changeToMaster(1, new Set([1]), 1)
  master.put('one')
  await world.round()
  expect(master.bodies()).toEqual(['one'])
  expect([master.replication.ackedByAll, master.replication.inSyncSlaves()]).toEqual([master.store.writtenOffset, 0])
})
