import { afterEach, expect, test } from 'vitest'
import { viewOf } from '../../codec/bytes.ts'
import type { Connection } from '../../io/network.ts'
import { encodeEpochCache, encodeHaStatus } from './auto-switch-status.ts'
import { decodeEpochs, encodeEpochs } from './epoch-file.ts'
import { EpochHistory } from './epoch-history.ts'
import {
  encodeMasterHandshake,
  encodeReport,
  encodeSlaveHandshake,
  masterFrameSize,
  readTransferHeader,
  TRANSFER_HEADER_BYTES,
  writeTransferHeader,
} from './frames.ts'
import { ReplicaHost, ReplicaWorld } from './testing/replica-host.ts'

type HostConfig = NonNullable<ConstructorParameters<typeof ReplicaHost>[2]>

let world = new ReplicaWorld()
afterEach(() => {
  world = new ReplicaWorld()
})

async function hosts(count: number, config: HostConfig = {}): Promise<ReplicaHost[]> {
  const made = Array.from({ length: count }, (_, i) => new ReplicaHost(i + 1, world, config))
  for (const host of made) await host.start()
  return made
}

/** The controllers agree to whatever the master wants. */
async function agree(master: ReplicaHost): Promise<void> {
  for (let setEpoch = 2; master.wanted; setEpoch++) {
    const { wanted } = master
    master.wanted = undefined
    master.replication.setSyncStateSet(wanted, 1000 + setEpoch)
    await world.settle()
  }
}

/** A master of epoch 1 and slaves, all in its SyncStateSet. */
async function group(config: HostConfig = {}, count = 2): Promise<[ReplicaHost, ReplicaHost, ...ReplicaHost[]]> {
  const made = (await hosts(count, config)) as [ReplicaHost, ReplicaHost, ...ReplicaHost[]]
  const [master, ...slaves] = made
  master.replication.changeToMaster(1, new Set([1]), 1)
  for (const slave of slaves) slave.follow(master, 1)
  await world.settle()
  await agree(master)
  expect(master.replication.syncStateSet.size).toBe(count)
  return made
}

interface RawTransfer {
  readonly phyOffset: number
  readonly bytes: number
  readonly epoch: number
  readonly confirmOffset: number
}

/** A slave without a log: says what it is told to, and keeps what it hears. */
class RawSlave {
  readonly transfers: RawTransfer[] = []
  handshakes = 0
  isClosed = false
  #connection: Connection | undefined
  #pending = Buffer.alloc(0)
  readonly #buffer = Buffer.alloc(1 << 16)

  constructor(port: number) {
    world.network.connect({ host: '127.0.0.1', port }, 1000, {
      opened: (connection) => {
        this.#connection = connection
      },
      readBuffer: () => this.#buffer,
      received: (count) => this.#received(count),
      drained: () => {},
      closed: () => {
        this.isClosed = true
      },
    })
  }

  async say(...frames: Buffer[]): Promise<void> {
    await world.settle()
    for (const frame of frames) this.#connection!.write(frame)
    await world.settle()
  }

  #received(count: number): void {
    this.#pending = Buffer.concat([this.#pending, this.#buffer.subarray(0, count)])
    const view = () => viewOf(this.#pending)
    for (;;) {
      const size = masterFrameSize(view(), 0, this.#pending.length)
      if (size === 0 || size > this.#pending.length) return
      const header = { phyOffset: 0, epoch: 0, epochStartOffset: 0, confirmOffset: 0 }
      if (view().getInt32(0) === 1) this.handshakes++
      else {
        readTransferHeader(view(), 0, header)
        const { phyOffset, epoch, confirmOffset } = header
        this.transfers.push({ phyOffset, bytes: size - TRANSFER_HEADER_BYTES, epoch, confirmOffset })
      }
      this.#pending = this.#pending.subarray(size)
    }
  }
}

const HELLO = { brokerId: 9, syncFromLastFile: false, asyncLearner: false }

test('what the master writes is on its way in the same turn, and shown when all that count have it', async () => {
  const [master, slave] = await group()
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
  const [master] = await hosts(1)
  master!.replication.changeToMaster(1, new Set([1]), 1)
  const slave = new RawSlave(master!.port)
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
  const [one, two] = await group()
  for (let i = 0; i < 5; i++) one.put(`one ${i}`)
  await world.settle()
  one.crash('process')
  two.replication.changeToMaster(2, new Set([2]), 2)
  for (let i = 0; i < 5; i++) two.put(`two ${i}`)
  await world.settle()
  const slave = new RawSlave(two.port)
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
  const [one, two, three] = (await group({}, 3)) as [ReplicaHost, ReplicaHost, ReplicaHost]
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
  const [master, slave] = await group()
  expect(master.replication.links.size).toBe(1)
  const raw = new RawSlave(slave.port)
  await raw.say(encodeSlaveHandshake(HELLO))
  expect([raw.isClosed, raw.handshakes]).toEqual([true, 0])
  slave.replication.changeToMaster(2, new Set([2]), 2)
  master.follow(slave, 2)
  await world.settle()
  expect([master.replication.links.size, slave.replication.links.size]).toEqual([0, 1])
  expect([master.replication.role, slave.replication.role]).toEqual(['slave', 'master'])
})

test('a slave that hears of its new master first reaches it as soon as that has heard of it, too', async () => {
  const [one, two, three] = (await group({}, 3)) as [ReplicaHost, ReplicaHost, ReplicaHost]
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
  const [master, slave] = await group()
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
  const [slave] = await hosts(1)
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
  const [master] = await hosts(1)
  master!.replication.changeToMaster(1, new Set([1]), 1)
  const slave = new RawSlave(master!.port)
  await slave.say(encodeSlaveHandshake(HELLO))
  master!.replication.changeToMaster(2, new Set([1]), 2)
  await slave.say(encodeReport(0))
  expect(master!.wanted).toEqual(new Set([1, 9]))
})

test('a slave that was away until its place in the log has expired drops its log and begins where the master does', async () => {
  const [master, slave] = await group()
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

test('one connection per broker: the newer counts; nobody is its own slave', async () => {
  const [master] = await group()
  const first = new RawSlave(master.port)
  await first.say(encodeSlaveHandshake(HELLO), encodeReport(0))
  const second = new RawSlave(master.port)
  await second.say(encodeSlaveHandshake(HELLO), encodeReport(0))
  expect([first.isClosed, second.isClosed]).toEqual([true, false])
  const own = new RawSlave(master.port)
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
  const [master, slave] = await group()
  const raw = new RawSlave(master.port)
  await raw.say(...frames)
  expect(raw.isClosed).toBe(true)
  const end = master.put('one')
  await world.settle()
  expect([slave.store.writtenOffset, master.replication.inSyncSlaves()]).toEqual([end, 1])
})

test('an official slave that introduces itself twice before it reports is answered once', async () => {
  const [master] = await group()
  const raw = new RawSlave(master.port)
  await raw.say(encodeSlaveHandshake(HELLO), encodeSlaveHandshake(HELLO))
  expect([raw.handshakes, raw.isClosed]).toEqual([1, false])
})

/** A master that says what it is told to. */
async function rawMaster(port: number, answer: () => Buffer[]): Promise<{ closed: number }> {
  const state = { closed: 0 }
  await world.network.listen({ host: '127.0.0.1', port }, (connection) => {
    const buffer = Buffer.alloc(1024)
    return {
      readBuffer: () => buffer,
      received: () => {
        for (const frame of answer()) connection.write(frame)
      },
      drained: () => {},
      closed: () => {
        state.closed++
      },
    }
  })
  return state
}

function transfer(
  phyOffset: number,
  epoch: number,
  epochStartOffset: number,
  body: Uint8Array = Buffer.alloc(0),
): Buffer {
  const frame = Buffer.alloc(TRANSFER_HEADER_BYTES + body.length)
  writeTransferHeader(viewOf(frame), 0, { phyOffset, epoch, epochStartOffset, confirmOffset: 0 }, body.length)
  frame.set(body, TRANSFER_HEADER_BYTES)
  return frame
}

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
  const [slave] = await hosts(1)
  const later = [...frames]
  const state = await rawMaster(777, () => later.splice(0, later[0] === MEET ? 1 : later.length))
  slave!.replication.changeToSlave({ brokerId: 5, haAddress: '127.0.0.1:777', epoch: 4 })
  await world.settle()
  expect(state.closed).toBe(1)
  expect([slave!.store.writtenOffset, slave!.store.confirmOffset]).toEqual([0, 0])
})

test('an official master without messages says offset -1, and labels the last transfer of an epoch with the next one', async () => {
  const [from] = await hosts(1)
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
  await rawMaster(778, () => said.shift() ?? [])
  slave.replication.changeToSlave({ brokerId: 5, haAddress: '127.0.0.1:778', epoch: 6 })
  await world.settle()
  expect(slave.logBytes()).toEqual(log)
  expect(slave.replication.epochs.lastEpoch).toBe(6)
  expect(slave.replication.epochs.last!.startOffset).toBe(border)
})

test('a replica whose epoch file was damaged follows, but is no master', async () => {
  const [master, slave] = await group()
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
  const [master, slave] = await group()
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
  const [master, slave] = await group()
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
  const [master, slave] = await group()
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
  const [one, two] = await group()
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
  const [master] = await hosts(1)
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

test('the answers about replication are those of official brokers', async () => {
  const [master, slave] = await group()
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
  const [master, slave] = (await hosts(2)) as [ReplicaHost, ReplicaHost]
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
