import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { LoopNetwork } from '../../test/sim/loop-network.ts'
import { ManualClock } from '../../test/sim/manual-clock.ts'
import { Bulkhead } from './bulkhead.ts'
import type { Connection, ConnectionEvents } from './network.ts'

const HERE = { host: '127.0.0.1', port: 7000 }

function setUp() {
  const clock = new ManualClock()
  const network = new LoopNetwork()
  const broken: unknown[] = []
  return { clock, network, broken, bulkhead: new Bulkhead(clock, network, (error) => broken.push(error)) }
}

function events(some: Partial<ConnectionEvents> = {}): ConnectionEvents {
  return { readBuffer: () => Buffer.alloc(64), received() {}, drained() {}, closed() {}, ...some }
}

/** A peer outside. */
async function peer(network: LoopNetwork, port: number) {
  const seen = { closed: false, connection: undefined as Connection | undefined, bytes: 0 }
  network.connect({ host: '127.0.0.1', port }, 1000, {
    ...events({
      received: (count) => {
        seen.bytes += count
      },
      closed: () => {
        seen.closed = true
      },
    }),
    opened: (connection) => {
      seen.connection = connection
    },
  })
  await setImmediate()
  return seen
}

test('as long as nothing breaks it lets everything pass', async () => {
  const { clock, network, bulkhead, broken } = setUp()
  const fired: string[] = []
  bulkhead.clock.after(10, () => fired.push('after'))
  bulkhead.clock.every(10, () => fired.push('every'))
  bulkhead.clock.endOfTurn(() => fired.push('turn'))
  const { port } = (
    await bulkhead.network.listen(HERE, (connection) =>
      events({ received: () => void connection.write(Buffer.from('yes')) }),
    )
  ).address
  const outside = await peer(network, port)
  outside.connection!.write(Buffer.from('there?'))
  while (network.deliver()) await setImmediate()
  clock.finishTurn()
  clock.advance(20)
  expect(fired.sort()).toEqual(['after', 'every', 'every', 'turn'])
  expect([outside.bytes, broken]).toEqual([3, []])
})

test('an error of a timer closes it: no timer fires any more, its connections end, its port is free', async () => {
  const { clock, network, bulkhead, broken } = setUp()
  const fired: string[] = []
  let told = 0
  await bulkhead.network.listen(HERE, () => events({ closed: () => told++ }))
  const outside = await peer(network, HERE.port)
  bulkhead.clock.every(10, () => fired.push('other'))
  bulkhead.clock.after(15, () => {
    throw new Error('a bug')
  })
  clock.advance(100)
  while (network.deliver()) await setImmediate()
  expect([fired, broken, outside.closed, told]).toEqual([['other'], [new Error('a bug')], true, 0])
  expect((await network.listen(HERE, () => events())).address).toEqual(HERE)
})

test('so does an error in an event of a connection, on either side; it is told once', async () => {
  const { network, bulkhead, broken } = setUp()
  const throwing = () => {
    throw new Error('a bug')
  }
  await bulkhead.network.listen(HERE, () => events({ received: throwing, closed: throwing }))
  const one = await peer(network, HERE.port)
  const two = await peer(network, HERE.port)
  one.connection!.write(Buffer.from('x'))
  two.connection!.write(Buffer.from('x'))
  while (network.deliver()) await setImmediate()
  expect([broken.length, one.closed, two.closed]).toEqual([1, true, true])

  const other = setUp()
  await other.network.listen(HERE, () => events())
  other.bulkhead.network.connect(HERE, 1000, { ...events(), opened: throwing })
  await setImmediate()
  expect(other.broken).toEqual([new Error('a bug')])
})

test('what comes after it was closed goes nowhere', async () => {
  const { network, bulkhead, broken } = setUp()
  await network.listen(HERE, () => events())
  bulkhead.close()
  let opened = 0
  bulkhead.network.connect(HERE, 1000, { ...events(), opened: () => opened++ })
  await setImmediate()
  const listener = await bulkhead.network.listen({ ...HERE, port: 0 }, () => events())
  const outside = await peer(network, listener.address.port)
  expect([opened, outside.connection, broken]).toEqual([0, undefined, []])
})
