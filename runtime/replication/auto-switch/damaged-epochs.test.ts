import { afterEach, expect, test } from 'vitest'
import { decodeEpochs, encodeEpochs } from './epoch-file.ts'
import { ReplicaWorld } from './testing/replica-host.ts'
import { startReplicaGroup, startReplicas } from './testing/replicas.ts'

let world = new ReplicaWorld()
afterEach(() => {
  world = new ReplicaWorld()
})

test('a replica whose epoch file was damaged follows, but is no master', async () => {
  const [master, slave] = await startReplicaGroup(world)
  for (let i = 0; i < 3; i++) {
    master.put(`of epoch ${i}`)
    await world.settle()
    master.replication.changeToMaster(2 + i, new Set([1, 2]), 10 + i)
    await world.settle()
  }
  master.put('of epoch 4')
  await world.advance(100, [master, slave])
  slave.stop()
  slave.disk.writeFile('/store/epochFileCheckpoint', Buffer.from('4\n1\n1-0\n'))
  await slave.start()
  expect(() => slave.replication.changeToMaster(9, new Set([2]), 20)).toThrow(
    'the epoch file /store/epochFileCheckpoint was damaged: from offset',
  )
  slave.follow(master, 5)
  await world.advance(1000, [master, slave])
  expect(slave.logBytes()).toEqual(master.logBytes())
  expect(String(slave.replication.epochs)).toBe(String(master.replication.epochs))
  slave.replication.changeToMaster(9, new Set([2]), 20)
  expect(slave.bodies()).toEqual(master.bodies())
})

test("a log from before there was a controller is compared with the master's before it counts", async () => {
  const [master, slave] = await startReplicaGroup(world)
  for (let i = 0; i < 100; i++) master.put(`message ${i}`)
  await world.advance(100, [master, slave])
  slave.stop()
  for (let i = 100; i < 150; i++) master.put(`message ${i}`)
  await world.settle()
  master.stop()
  for (const { disk } of [master, slave]) {
    for (const path of ['/store/epochFileCheckpoint', '/store/epochFileCheckpoint.bak']) disk.remove(path)
  }
  await master.start()
  await slave.start()
  const { writtenOffset } = slave.store
  master.replication.changeToMaster(1, new Set([1]), 1)
  slave.follow(master, 1)
  await world.settle()
  expect(slave.store.writtenOffset).toBeGreaterThan(writtenOffset)
  await world.advance(1000, [master, slave])
  expect(slave.logBytes()).toEqual(master.logBytes())
  expect(String(slave.replication.epochs)).toBe(String(master.replication.epochs))
  expect(master.wanted).toEqual(new Set([1, 2]))
})

test('an epoch file of another broker is refused, unless it could be of this log', async () => {
  const [master, slave] = await startReplicaGroup(world)
  for (const body of ['one', 'two', 'three']) master.put(body)
  await world.advance(100, [master, slave])
  const border = slave.store.borderOffset
  slave.stop()
  const path = '/store/epochFileCheckpoint'
  const right = decodeEpochs(slave.disk.readFile(path))
  slave.disk.writeFile(path, encodeEpochs(right.begin(2, border - 1)))
  await expect(slave.start()).rejects.toThrow(
    `epoch file ${path} says that epoch 2 begins at offset ${border - 1}, but no message of this log begins there`,
  )
  slave.crash('process')
  // Behind the end: what was written there may have been lost with the power.
  slave.disk.writeFile(path, encodeEpochs(right.begin(2, border + 100)))
  await slave.start()
  master.replication.changeToMaster(2, new Set([1]), 10)
  slave.follow(master, 2)
  await world.advance(1000, [master, slave])
  expect(slave.logBytes()).toEqual(master.logBytes())
  expect(String(slave.replication.epochs)).toBe(String(master.replication.epochs))
})

test('a damaged epoch file is written anew once the log is known to be right, and not before', async () => {
  const [master, slave] = await startReplicaGroup(world)
  master.put('one')
  await world.advance(100, [master, slave])
  slave.stop()
  const path = '/store/epochFileCheckpoint'
  const right = slave.disk.readFile(path)
  slave.disk.writeFile(path, Buffer.from('2\n5\n1-0\n'))
  slave.disk.writeFile(`${path}.bak`, encodeEpochs(decodeEpochs(right).begin(2, 10_000)))
  await slave.start()
  await world.advance(61_000, [slave])
  expect(slave.disk.readFile(path).toString()).toBe('2\n5\n1-0\n')
  slave.follow(master, 1)
  await world.advance(1000, [master, slave])
  expect(slave.disk.readFile(path)).toEqual(right)
})

test('a disk that refuses the cut ends the connection; the next attempt cuts', async () => {
  const [one, two] = await startReplicaGroup(world)
  one.put('one')
  await world.settle()
  two.stop()
  await world.settle()
  one.put('only here')
  await world.settle()
  await two.start()
  two.replication.changeToMaster(2, new Set([2]), 2)
  one.disk.fail({ nth: 1, code: 'EIO', operations: ['truncate'], path: /commitlog/ })
  one.follow(two, 2)
  await world.settle()
  expect(one.replication.connection.isOpen).toBe(false)
  await world.advance(1000, [one, two])
  expect(one.logBytes()).toEqual(two.logBytes())
})

test('epochs whose messages have expired are forgotten', async () => {
  const [master] = await startReplicas(world, 1)
  for (let epoch = 1; epoch <= 4; epoch++) {
    master!.replication.changeToMaster(epoch, new Set([1]), epoch)
    for (let i = 0; i < 12; i++) master!.put('x'.repeat(700))
    await world.settle()
  }
  master!.stop()
  for (const name of master!.disk.list('/store/commitlog').slice(0, 3)) {
    master!.disk.remove(`/store/commitlog/${name}`)
  }
  await master!.start()
  await world.advance(61_000, [master!])
  expect(String(master!.replication.epochs)).toMatch(/^2-\d+ 3-\d+ 4-\d+$/)
})
