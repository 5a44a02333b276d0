import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { setInt64, viewOf } from '../../codec/bytes.ts'
import type { Address, Connection } from '../../io/network.ts'
import { RealClock } from '../../io/real-clock.ts'
import { RealNetwork } from '../../io/real-network.ts'
import { createNetContext } from '../../net/net-context.ts'
import { silentLogger } from '../../observe/logger.ts'
import { FrameStream } from '../link/frame-stream.ts'
import type { ReplicatedLog } from '../replicated-log.ts'
import { HaMaster } from './ha-master.ts'
import { HaSlave } from './ha-slave.ts'
import type { ReplicationOptions } from './replication-options.ts'
import { TransferReceiver } from './transfer-receiver.ts'

/** A log without a store: bytes from `minOffset`. */
class MemoryLog implements ReplicatedLog {
  minOffset: number
  bytes = Buffer.alloc(0)
  readonly #changed: (() => void)[] = []

  constructor(minOffset = 0) {
    this.minOffset = minOffset
  }
  get writtenOffset(): number {
    return this.bytes.length === 0 ? 0 : this.minOffset + this.bytes.length
  }
  append(text: string | Buffer): void {
    this.bytes = Buffer.concat([this.bytes, Buffer.from(text)])
    for (const wake of this.#changed.splice(0)) wake()
  }
  readRaw(phyOffset: number, maxBytes: number) {
    const start = phyOffset - this.minOffset
    if (start < 0 || start >= this.bytes.length) return undefined
    return { bytes: this.bytes, start, length: Math.min(maxBytes, this.bytes.length - start) }
  }
  appendReplicated(bytes: Uint8Array, start: number, length: number, phyOffset: number): void {
    if (this.bytes.length === 0) this.minOffset = phyOffset
    expect(phyOffset).toBe(this.minOffset + this.bytes.length)
    this.append(Buffer.from(bytes.subarray(start, start + length)))
  }
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#changed.push(resolve))
  }
}

const options: ReplicationOptions = {
  haSendHeartbeatInterval: 5000,
  haHousekeepingInterval: 20_000,
  haTransferBatchSize: 32 * 1024,
  haMaxGapNotInSync: 1000,
}

const opened: { close(): void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

function context() {
  return createNetContext(new RealClock(), new RealNetwork(), silentLogger)
}

async function master(log: MemoryLog): Promise<{ master: HaMaster; address: Address; changed: () => Promise<void> }> {
  const ha = new HaMaster(context(), log, options)
  const address = await ha.listen({ host: '127.0.0.1', port: 0 })
  opened.push(ha)
  const waiting: (() => void)[] = []
  ha.onProgress(() => {
    for (const wake of waiting.splice(0)) wake()
  })
  return { master: ha, address, changed: () => new Promise((resolve) => waiting.push(resolve)) }
}

function follow(log: MemoryLog, address: Address): HaSlave {
  const slave = new HaSlave(context(), log, options)
  slave.setMaster(`${address.host}:${address.port}`)
  slave.start()
  opened.push({ close: () => slave.stop() })
  return slave
}

test('an empty slave gets everything the master has, later batches too, and acknowledges them', async () => {
  const log = new MemoryLog(4096)
  log.append(Buffer.alloc(100_000, 'a'))
  const { master: ha, address, changed } = await master(log)
  const copy = new MemoryLog()
  follow(copy, address)
  await copy.until(() => copy.writtenOffset === log.writtenOffset)
  expect(copy.minOffset).toBe(4096)
  log.append('more')
  ha.pushAll()
  await copy.until(() => copy.writtenOffset === log.writtenOffset)
  while (ha.ackedBy(1) < log.writtenOffset) await changed()
  expect(copy.bytes.equals(log.bytes)).toBe(true)
  expect(ha.ackedBy(2)).toBe(0)
  expect(ha.inSyncSlaves(log.writtenOffset)).toBe(1)
  expect(ha.inSyncSlaves(log.writtenOffset + options.haMaxGapNotInSync)).toBe(0)
})

test('a slave that comes back goes on where it stopped; with two slaves the slower one counts for both', async () => {
  const log = new MemoryLog()
  log.append('0123456789')
  const { master: ha, address, changed } = await master(log)
  const first = new MemoryLog()
  follow(first, address)
  await first.until(() => first.writtenOffset === 10)
  const second = new MemoryLog()
  second.append('01234')
  follow(second, address)
  await second.until(() => second.writtenOffset === 10)
  log.append('!')
  ha.pushAll()
  while (ha.ackedBy(2) < 11) await changed()
  for (const link of ha.links) link.destroy()
  log.append('abcdef')
  await Promise.all([first, second].map((copy) => copy.until(() => copy.writtenOffset === 17)))
  expect(first.bytes.toString()).toBe('0123456789!abcdef')
  expect(second.bytes.toString()).toBe('0123456789!abcdef')
})

/** A slave by hand: reports when it is told to. */
function connect(address: Address): Promise<{ report(offset: number): void }> {
  return new Promise((resolve, reject) => {
    const report = (connection: Connection) => (offset: number) => {
      const bytes = Buffer.alloc(8)
      setInt64(viewOf(bytes), 0, offset)
      connection.write(bytes)
    }
    context().network.connect(address, 1000, {
      opened: (connection) => {
        opened.push({ close: () => connection.destroy() })
        resolve({ report: report(connection) })
      },
      readBuffer: () => Buffer.alloc(64),
      received: () => {},
      drained: () => {},
      closed: (error) => reject(error),
    })
  })
}

test('a slave whose old connection still stands counts once; two of one machine count when both have reported', async () => {
  const log = new MemoryLog()
  log.append('0123456789')
  const { master: ha, address, changed } = await master(log)
  const old = await connect(address)
  old.report(10)
  while (ha.ackedBy(1) < 10) await changed()
  const anew = await connect(address)
  anew.report(10)
  while (ha.links.size < 2 || ha.ackedBy(1) < 10) await changed()
  expect(ha.ackedBy(2)).toBe(0)
  expect(ha.inSyncSlaves(10)).toBe(1)
  old.report(10)
  while (ha.ackedBy(2) < 10) await changed()
  expect(ha.inSyncSlaves(10)).toBe(2)
})

test('a slave with more than its master is refused instead of letting the logs grow apart', async () => {
  const log = new MemoryLog()
  log.append('short')
  const { master: ha, address, changed } = await master(log)
  const longer = new MemoryLog()
  longer.append('longer than the master')
  follow(longer, address)
  await changed()
  expect(ha.links.size).toBe(0)
  log.append('and now the master has grown beyond the slave')
  expect(longer.bytes.toString()).toBe('longer than the master')
})

/** What a slave asks for, by itself; resolves to whether the master serves it. */
function ask(address: Address, offset: number): Promise<boolean> {
  const bytes = Buffer.alloc(8)
  setInt64(viewOf(bytes), 0, offset)
  return new Promise((resolve) => {
    context().network.connect(address, 1000, {
      opened: (connection) => {
        opened.push({ close: () => connection.destroy() })
        connection.write(bytes)
      },
      readBuffer: () => Buffer.alloc(64),
      received: () => resolve(true),
      drained: () => {},
      closed: () => resolve(false),
    })
  })
}

test('a slave that was ahead stays refused when the master has grown past it', async () => {
  const log = new MemoryLog()
  log.append('short')
  const { address } = await master(log)
  expect(await ask(address, 22)).toBe(false)
  log.append('and now the master has grown beyond the slave')
  expect(await ask(address, 22)).toBe(false)
  expect(await ask(address, 5)).toBe(true)
})

test('a slave that hears of another master while it calls the first follows the second', async () => {
  const old = new MemoryLog()
  old.append('old master')
  const first = await master(old)
  const log = new MemoryLog()
  log.append('new master!')
  const second = await master(log)
  const copy = new MemoryLog()
  const slave = follow(copy, first.address)
  slave.setMaster(`${second.address.host}:${second.address.port}`)
  await copy.until(() => copy.bytes.length > 0)
  expect(copy.bytes.toString()).toBe('new master!')
})

test.each([
  ['text of another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a negative offset', Buffer.alloc(8, 0xff)],
  ['an offset we never had', Buffer.from([0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 99])],
])('%s on the replication port closes that connection and acknowledges nothing', async (_what, bytes) => {
  const log = new MemoryLog()
  log.append('0123456789')
  const { master: ha, address, changed } = await master(log)
  context().network.connect(address, 1000, {
    opened: (connection) => connection.write(bytes),
    readBuffer: () => Buffer.alloc(64),
    received: () => {},
    drained: () => {},
    closed: () => {},
  })
  while (ha.links.size === 0) await new Promise(setImmediate)
  while (ha.links.size > 0) await changed()
  expect(ha.ackedBy(1)).toBe(0)
})

/** One transfer as a master lays it out. */
function transfer(phyOffset: number, body: Buffer): Buffer {
  const frame = Buffer.alloc(12 + body.length)
  setInt64(viewOf(frame), 0, phyOffset)
  frame.writeInt32BE(body.length, 8)
  body.copy(frame, 12)
  return frame
}

test('transfers are appended whole however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 700 }), { minLength: 1, maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }),
      (bodies, cuts) => {
        const log = new MemoryLog()
        const receiver = new FrameStream(new TransferReceiver(log), 64)
        let offset = 0
        const stream = Buffer.concat(
          bodies.map((body) => {
            const frame = transfer(offset, Buffer.from(body))
            offset += body.length
            return frame
          }),
        )
        for (let at = 0, i = 0; at < stream.length; i++) {
          const buffer = receiver.readBuffer()
          const count = Math.min(cuts[i % cuts.length]!, buffer.length, stream.length - at)
          buffer.set(stream.subarray(at, at + count))
          receiver.received(count)
          at += count
        }
        expect(log.bytes.equals(Buffer.concat(bodies))).toBe(true)
      },
    ),
  )
})

test('a transfer that does not continue our log, or of an impossible size, is refused', () => {
  const feed = (frame: Buffer): void => {
    const log = new MemoryLog()
    log.append('12345')
    const receiver = new FrameStream(new TransferReceiver(log))
    receiver.readBuffer().set(frame)
    receiver.received(frame.length)
  }
  expect(() => feed(transfer(6, Buffer.from('x')))).toThrow(
    'master sends offset 6, our log ends at 5: the two logs differ',
  )
  const huge = transfer(5, Buffer.alloc(0))
  huge.writeInt32BE(0x7fffffff, 8)
  expect(() => feed(huge)).toThrow('the master announces a transfer of 2147483647 bytes')
})
