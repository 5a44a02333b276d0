import { afterEach, expect, test } from 'vitest'
import { EpochHistory } from './epoch-history.ts'
import { encodeMasterHandshake, encodeReport, encodeSlaveHandshake } from './frames.ts'
import { RawSlave, rawMaster, transfer } from './testing/raw-peers.ts'
import { ReplicaHost, ReplicaWorld } from './testing/replica-host.ts'
import { startReplicaGroup, startReplicas } from './testing/replicas.ts'

let world = new ReplicaWorld()
afterEach(() => {
  world = new ReplicaWorld()
})

const HELLO = { brokerId: 9, syncFromLastFile: false, asyncLearner: false }

test('one connection per broker: the newer counts; nobody is its own slave', async () => {
  const [master] = await startReplicaGroup(world)
  const first = new RawSlave(world, master.port)
  await first.say(encodeSlaveHandshake(HELLO), encodeReport(0))
  const second = new RawSlave(world, master.port)
  await second.say(encodeSlaveHandshake(HELLO), encodeReport(0))
  expect([first.isClosed, second.isClosed]).toEqual([true, false])
  const own = new RawSlave(world, master.port)
  await own.say(encodeSlaveHandshake({ ...HELLO, brokerId: 1 }))
  expect([own.isClosed, own.handshakes]).toEqual([true, 0])
})

test.each([
  ['text of another protocol', [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
  ['a report before the handshake', [encodeReport(0)]],
  ['an offset we never had', [encodeSlaveHandshake(HELLO), encodeReport(10_000)]],
  ['no offset', [encodeSlaveHandshake(HELLO), Buffer.from('000000028fffffffffffffff', 'hex')]],
  ['no broker id', [Buffer.from('0000000100000000ffffffffffffffff', 'hex')]],
])('%s on the replication port closes that connection and acknowledges nothing', async (_what, frames) => {
  const [master, slave] = await startReplicaGroup(world)
  const raw = new RawSlave(world, master.port)
  await raw.say(...frames)
  expect(raw.isClosed).toBe(true)
  const end = master.put('one')
  await world.settle()
  expect([slave.store.writtenOffset, master.replication.inSyncSlaves()]).toEqual([end, 1])
})

test('an official slave that introduces itself twice before it reports is answered once', async () => {
  const [master] = await startReplicaGroup(world)
  const raw = new RawSlave(world, master.port)
  await raw.say(encodeSlaveHandshake(HELLO), encodeSlaveHandshake(HELLO))
  expect([raw.handshakes, raw.isClosed]).toEqual([1, false])
})

const MEET = encodeMasterHandshake({
  maxPhyOffset: 0,
  lastEpoch: 4,
  epochs: new EpochHistory([{ epoch: 4, startOffset: 0 }]),
})

test.each([
  ['messages before they have met', [transfer(0, 4, 0)]],
  ['an epoch that is over', [MEET, transfer(0, 4, 0), transfer(0, 3, 0)]],
  ['an epoch that has not begun', [MEET, transfer(0, 5, 900, Buffer.alloc(100))]],
  ['an epoch that began elsewhere', [MEET, transfer(0, 4, 0), transfer(0, 4, 5)]],
  ['bytes that are no message', [MEET, transfer(0, 4, 0, Buffer.alloc(100, 7))]],
  ['no frames at all', [Buffer.from('HTTP/1.1 400 Bad Request\r\n')]],
  ['epochs without end', [Buffer.from('000000017ffffffc00000000000000000000000000000000', 'hex')]],
])('a master that sends %s is left, and nothing of it is kept', async (_what, frames) => {
  const [slave] = await startReplicas(world, 1)
  const later = [...frames]
  const state = await rawMaster(world, 777, () => later.splice(0, later[0] === MEET ? 1 : later.length))
  slave!.replication.changeToSlave({ brokerId: 5, haAddress: '127.0.0.1:777', epoch: 4 })
  await world.settle()
  expect(state.closed).toBe(1)
  expect([slave!.store.writtenOffset, slave!.store.confirmOffset]).toEqual([0, 0])
})

test('an official master without messages says offset -1, and labels the last transfer of an epoch with the next one', async () => {
  const [from] = await startReplicas(world, 1)
  from!.replication.changeToMaster(1, new Set([1]), 1)
  const border = from!.put('one')
  from!.commit()
  const end = from!.put('two')
  from!.commit()
  const log = from!.logBytes()
  const slave = new ReplicaHost(2, world)
  await slave.start()
  const epochs = new EpochHistory([
    { epoch: 4, startOffset: 0 },
    { epoch: 6, startOffset: border },
  ])
  const meet = encodeMasterHandshake({ maxPhyOffset: end, lastEpoch: 6, epochs })
  const said = [
    [meet],
    [
      transfer(-1, 4, 0),
      transfer(0, 6, border, log.subarray(0, border)),
      transfer(border, 6, border, log.subarray(border)),
    ],
  ]
  await rawMaster(world, 778, () => said.shift() ?? [])
  slave.replication.changeToSlave({ brokerId: 5, haAddress: '127.0.0.1:778', epoch: 6 })
  await world.settle()
  expect(slave.logBytes()).toEqual(log)
  expect(slave.replication.epochs.lastEpoch).toBe(6)
  expect(slave.replication.epochs.last!.startOffset).toBe(border)
})
