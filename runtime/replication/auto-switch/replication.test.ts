import { afterEach, expect, test } from 'vitest'
import { encodeEpochCache, encodeHaStatus } from './auto-switch-status.ts'
import { encodeReport, encodeSlaveHandshake } from './frames.ts'
import { RawSlave } from './testing/raw-peers.ts'
import { ReplicaHost, ReplicaWorld } from './testing/replica-host.ts'
import { startReplicaGroup, startReplicas } from './testing/replicas.ts'

let world = new ReplicaWorld()
afterEach(() => {
  world = new ReplicaWorld()
})

const HELLO = { brokerId: 9, syncFromLastFile: false, asyncLearner: false }

test('what the master writes is on its way in the same turn, and shown when all that count have it', async () => {
  const [master, slave] = await startReplicaGroup(world)
  expect([...master.replication.syncStateSet]).toEqual([1, 2])
  master.put('one')
  master.put('two')
  await world.round()
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

test('a confirmed offset travels by itself only when no transfer carries it, and not more often than every 5 ms', async () => {
  const [master] = await startReplicas(world, 1)
  master!.replication.changeToMaster(1, new Set([1]), 1)
  const slave = new RawSlave(world, master!.port)
  await slave.say(encodeSlaveHandshake(HELLO), encodeReport(0))
  expect(slave.transfers).toEqual([{ phyOffset: 0, bytes: 0, epoch: 1, confirmOffset: 0 }])
  slave.transfers.length = 0
  const ends: number[] = []
  for (let i = 0; i < 10; i++) {
    ends.push(master!.put(`${i}`))
    await world.settle()
    // Nothing is shown before this slave, which is about to join, has it.
    await slave.say(encodeReport(ends.at(-1)!))
    world.clock.advance(1)
    await world.settle()
  }
  const empty = slave.transfers.filter(({ bytes }) => bytes === 0)
  expect(slave.transfers.length - empty.length).toBe(10)
  expect(empty.length).toBeLessThanOrEqual(2)
  world.clock.advance(5)
  await world.settle()
  expect(slave.transfers.at(-1)).toMatchObject({ bytes: 0, confirmOffset: ends.at(-1) })
  const before = slave.transfers.length
  world.clock.advance(4000)
  await world.settle()
  expect(slave.transfers.length).toBe(before)
})

test('no transfer goes across the border of an epoch', async () => {
  const [one, two] = await startReplicaGroup(world)
  for (let i = 0; i < 5; i++) one.put(`one ${i}`)
  await world.settle()
  one.crash('process')
  two.replication.changeToMaster(2, new Set([2]), 2)
  for (let i = 0; i < 5; i++) two.put(`two ${i}`)
  await world.settle()
  const slave = new RawSlave(world, two.port)
  await slave.say(encodeSlaveHandshake(HELLO), encodeReport(0))
  const border = two.replication.epochs.last!.startOffset
  const end = two.store.writtenOffset
  expect(slave.transfers).toMatchObject([
    { phyOffset: 0, bytes: border, epoch: 1 },
    { phyOffset: border, bytes: end - border, epoch: 2 },
  ])
})

test('with SYNC_FLUSH a slave reports what is on its disk, and the master confirms what is on its own', async () => {
  const made = [1, 2].map((id) => new ReplicaHost(id, world, { flushDiskType: 'SYNC_FLUSH' }, { syncs: 'manual' }))
  for (const host of made) await host.start()
  const [master, slave] = made as [ReplicaHost, ReplicaHost]
  master.replication.changeToMaster(1, new Set([1, 2]), 1)
  slave.follow(master, 1)
  await world.settle()
  const end = master.put('one')
  await world.settle()
  expect([slave.store.writtenOffset, master.replication.ackedByAll]).toEqual([end, 0])
  slave.disk.completeSyncs()
  await world.settle()
  expect([master.replication.ackedByAll, master.store.confirmOffset]).toEqual([end, 0])
  master.disk.completeSyncs()
  await world.settle()
  expect(master.bodies()).toEqual(['one'])
  // A slave that connects with messages that are not on its disk yet makes them durable before it says that it has them.
  master.put('two')
  await world.settle()
  for (const link of master.replication.links) link.destroy()
  await world.advance(600, made)
  expect(master.replication.ackedBy(1)).toBe(0)
  slave.disk.completeSyncs()
  await world.settle()
  expect(master.replication.ackedBy(1)).toBe(master.store.writtenOffset)
})

test('a replica that has seen a newer epoch does not follow a stale master, whatever it is told', async () => {
  const [one, two, three] = (await startReplicaGroup(world, {}, 3)) as [ReplicaHost, ReplicaHost, ReplicaHost]
  two.replication.changeToMaster(2, new Set([2]), 2)
  three.follow(two, 2)
  await world.settle()
  two.put('of epoch 2')
  await world.settle()
  const log = three.logBytes()
  expect(() => three.follow(one, 1)).toThrow('epoch 1 is over: this broker knows of epoch 2')
  // Broker 1 does not know yet that it is not the one of epoch 3.
  three.follow(one, 3)
  await world.advance(3000, [one, two, three])
  expect(three.logBytes()).toEqual(log)
  expect(three.replication.connection.isOpen).toBe(false)
  one.follow(two, 2)
  await world.advance(1000, [one, two, three])
  expect(one.logBytes()).toEqual(log)
})

test('who is not master serves nobody, and lets go of those it served', async () => {
  const [master, slave] = await startReplicaGroup(world)
  expect(master.replication.links.size).toBe(1)
  const raw = new RawSlave(world, slave.port)
  await raw.say(encodeSlaveHandshake(HELLO))
  expect([raw.isClosed, raw.handshakes]).toEqual([true, 0])
  slave.replication.changeToMaster(2, new Set([2]), 2)
  master.follow(slave, 2)
  await world.settle()
  expect([master.replication.links.size, slave.replication.links.size]).toEqual([0, 1])
  expect([master.replication.role, slave.replication.role]).toEqual(['slave', 'master'])
})

test('a slave that hears of its new master first reaches it as soon as that has heard of it, too', async () => {
  const [one, two, three] = (await startReplicaGroup(world, {}, 3)) as [ReplicaHost, ReplicaHost, ReplicaHost]
  one.crash('process')
  three.follow(two, 2)
  await world.advance(50, [two, three])
  expect(three.replication.connection.isOpen).toBe(false)
  two.replication.changeToMaster(2, new Set([2]), 2)
  await world.advance(100, [two, three])
  expect(three.replication.connection.isOpen).toBe(true)
  expect(two.wanted).toEqual(new Set([2, 3]))
})

test('elected once more a master keeps its slaves, which learn the epoch', async () => {
  const [master, slave] = await startReplicaGroup(world)
  master.put('one')
  await world.settle()
  const [link] = master.replication.links
  master.replication.changeToMaster(5, new Set([1, 2]), 9)
  slave.follow(master, 5)
  await world.settle()
  expect([...master.replication.links]).toEqual([link])
  expect(String(slave.replication.epochs)).toBe(String(master.replication.epochs))
  expect(slave.replication.epochs.lastEpoch).toBe(5)
  const end = master.put('two')
  await world.settle()
  expect(master.replication.ackedByAll).toBe(end)
  // Told the same once more nothing happens.
  master.replication.changeToMaster(5, new Set([1, 2]), 9)
  expect(master.replication.epochs.lastEpoch).toBe(5)
})

test('a connection on which nothing comes of the new term of its master leads to a process that is gone', async () => {
  const [slave] = await startReplicas(world, 1)
  let connections = 0
  const silent = { readBuffer: () => Buffer.alloc(1024), received: () => {}, drained: () => {}, closed: () => {} }
  await world.network.listen({ host: '127.0.0.1', port: 20_001 }, () => {
    connections++
    return silent
  })
  const followed = { brokerId: 9, haAddress: '127.0.0.1:20001' }
  slave!.replication.changeToSlave({ ...followed, epoch: 1 })
  await world.advance(6000, [slave!])
  expect(connections).toBe(1)
  slave!.replication.changeToSlave({ ...followed, epoch: 2 })
  await world.advance(1500, [slave!])
  expect(connections).toBe(1)
  await world.advance(2000, [slave!])
  expect(connections).toBe(2)
})

test('a slave that has only introduced itself when its master is elected once more counts all the same', async () => {
  const [master] = await startReplicas(world, 1)
  master!.replication.changeToMaster(1, new Set([1]), 1)
  const slave = new RawSlave(world, master!.port)
  await slave.say(encodeSlaveHandshake(HELLO))
  master!.replication.changeToMaster(2, new Set([1]), 2)
  await slave.say(encodeReport(0))
  expect(master!.wanted).toEqual(new Set([1, 9]))
})

test('a slave that was away until its place in the log has expired drops its log and begins where the master does', async () => {
  const [master, slave] = await startReplicaGroup(world)
  master.put('zero')
  await world.advance(100, [master, slave])
  slave.stop()
  master.replication.setSyncStateSet(new Set([1]), 5000)
  for (let i = 0; i < 40; i++) master.put(`${i}:`.padEnd(700, 'x'))
  await world.settle()
  // As the cleaner does.
  const folder = '/store/commitlog'
  master.stop()
  for (const name of master.disk.list(folder).slice(0, 2)) master.disk.remove(`${folder}/${name}`)
  await master.start()
  master.replication.changeToMaster(2, new Set([1]), 5001)
  await slave.start()
  slave.follow(master, 2)
  await world.advance(2000, [master, slave])
  expect([slave.store.minOffset, slave.store.writtenOffset]).toEqual([16_384, master.store.writtenOffset])
  expect(slave.logBytes()).toEqual(master.logBytes())
  expect(slave.bodies()).toEqual(master.bodies())
  expect(slave.replication.epochs.lastEpoch).toBe(2)
})

test('the answers about replication are those of official brokers', async () => {
  const [master, slave] = await startReplicaGroup(world)
  const end = master.put('one')
  await world.advance(100, [master, slave])
  const status = JSON.parse(encodeHaStatus(master.replication, master.store.writtenOffset, 0).toString())
  const [connection] = status.haConnectionInfo
  expect(connection).toEqual({
    addr: connection.addr,
    diff: 0,
    inSync: true,
    slaveAckOffset: end,
    transferFromWhere: end,
    transferredByteInSecond: 0,
  })
  expect(status).toEqual({
    haClientRuntimeInfo: {
      lastReadTimestamp: 0,
      lastWriteTimestamp: 0,
      masterFlushOffset: 0,
      maxOffset: 0,
      transferredByteInSecond: 0,
    },
    haConnectionInfo: [connection],
    inSyncSlaveNums: 1,
    master: true,
    masterCommitLogMaxOffset: end,
  })
  const ofSlave = JSON.parse(encodeHaStatus(slave.replication, slave.store.writtenOffset, 7).toString())
  expect(ofSlave).toMatchObject({
    haClientRuntimeInfo: { masterAddr: master.haAddress, masterFlushOffset: 7, maxOffset: end },
    haConnectionInfo: [],
    inSyncSlaveNums: 0,
    master: false,
    masterCommitLogMaxOffset: 0,
  })
  master.replication.changeToMaster(3, new Set([1]), 3)
  const owner = { clusterName: 'C', brokerName: 'B', brokerId: 0 }
  expect(encodeEpochCache(master.replication, owner, end).toString()).toBe(
    `{"brokerId":0,"brokerName":"B","clusterName":"C","epochList":[{"endOffset":${end},"epoch":1,"startOffset":0},` +
      `{"endOffset":9223372036854775807,"epoch":3,"startOffset":${end}}],"maxOffset":${end}}`,
  )
})

test('a replica that dies while the controllers are asked for it holds nothing up for ever', async () => {
  const [master, slave] = (await startReplicas(world, 2)) as [ReplicaHost, ReplicaHost]
  master.replication.changeToMaster(1, new Set([1]), 1)
  slave.follow(master, 1)
  await world.settle()
  expect(master.wanted).toEqual(new Set([1, 2]))
  // The answer is lost: perhaps it is a member now, and can be elected.
  master.wanted = undefined
  slave.crash('process')
  const end = master.put('one')
  await world.advance(5_000, [master])
  expect(master.store.confirmOffset).toBeLessThan(end)
  // The controllers say no to this either way, and so tell what they hold.
  expect(master.wanted).toEqual(new Set([1]))
  master.replication.syncStateSetRefused(1)
  expect(master.store.confirmOffset).toBe(end)
})
