import { expect, test } from 'vitest'
import type { Channel } from '../../net/channel.ts'
import { type BrokerGroup, newGroup, withReplica } from '../state/broker-group.ts'
import { LiveTable } from './live-table.ts'
import { TICK_MS } from './uptime.ts'

const GRACE_MS = 10_000

const channel = (id: number) => ({ id, attachment: undefined }) as unknown as Channel

const replica = (brokerId: number) => ({ brokerId, address: `h:${brokerId}`, registerCheckCode: String(brokerId) })
const group: BrokerGroup = withReplica(newGroup('c', 'g', replica(1)), replica(2))

/** A table on which `passed` lets time pass as the controller's timer does. */
function table() {
  const live = new LiveTable(0)
  let now = 0
  return {
    live,
    passed(ms: number): string[] {
      const gone: string[] = []
      for (const end = now + ms; now < end; ) {
        now += TICK_MS
        gone.push(...live.tick(now).map((broker) => `${broker.brokerId}@${now}`))
      }
      return gone
    },
    /** The process does not run. */
    stopped(ms: number): void {
      now += ms
    },
  }
}

function heard(live: LiveTable, brokerId: number, on: Channel, timeoutMs = 1000): boolean {
  const broker = live.find('g', brokerId) ?? live.add('g', brokerId)
  broker.timeoutMs = timeoutMs
  return live.heard(broker, on)
}

test('a silent broker is gone after its own timeout, by at most two ticks late', () => {
  const { live, passed } = table()
  heard(live, 1, channel(1), 1000)
  heard(live, 2, channel(2), 3000)
  expect(passed(1000)).toEqual([])
  expect(passed(100)).toEqual(['1@1050'])
  expect(live.lifeOf('g', 1)).toBe('gone')
  expect(passed(3000)).toEqual(['2@3050'])
})

test('a process that was stopped takes nobody for gone before it has read what they have sent meanwhile', () => {
  const { live, passed, stopped } = table()
  heard(live, 1, channel(1), 1000)
  passed(800)
  stopped(60_000)
  expect(passed(50)).toEqual([])
  expect(heard(live, 1, channel(1), 1000)).toBe(false)
  expect(passed(1000)).toEqual([])
})

test('a broker that has not been heard of is unheard at first, and gone after the time of grace', () => {
  const { live, passed } = table()
  expect([live.lifeOf('g', 1), live.lifeOf('nobody', 1)]).toEqual(['unheard', 'unheard'])
  passed(GRACE_MS - TICK_MS)
  expect([live.lifeOf('g', 1), live.isGraceEnding]).toEqual(['unheard', false])
  passed(TICK_MS)
  expect([live.lifeOf('g', 1), live.isGraceEnding]).toEqual(['gone', true])
  passed(TICK_MS)
  expect(live.isGraceEnding).toBe(false)
})

test('a controller that hears nobody may be cut off: the next one that is heard begins a time of grace', () => {
  const { live, passed } = table()
  const [one, two] = [channel(1), channel(2)]
  heard(live, 1, one)
  heard(live, 2, two)
  passed(GRACE_MS)
  live.closed(one)
  expect(live.lifeOf('g', 1)).toBe('gone')
  live.closed(two)
  heard(live, 2, channel(3))
  expect([live.lifeOf('g', 1), live.lifeOf('g', 2)]).toEqual(['unheard', 'alive'])
})

test('brokers of one process share its connection and go with it', () => {
  const { live } = table()
  const shared = channel(1)
  heard(live, 1, shared)
  heard(live, 2, shared)
  expect(live.closed(shared).map(({ brokerId }) => brokerId)).toEqual([1, 2])
  expect(live.closed(shared)).toEqual([])
  expect([live.aliveCount, shared.attachment]).toEqual([0, new Set()])
})

test('the end of a former connection is not that of the broker', () => {
  const { live } = table()
  const [former, present] = [channel(1), channel(2)]
  heard(live, 1, former)
  expect(heard(live, 1, present)).toBe(false)
  expect(live.closed(former)).toEqual([])
  expect(live.lifeOf('g', 1)).toBe('alive')
  expect(live.closed(present).map(({ brokerId }) => brokerId)).toEqual([1])
})

test('brokers that are not in the books any more are forgotten', () => {
  const { live } = table()
  const [one, two] = [channel(1), channel(2)]
  heard(live, 1, one)
  heard(live, 2, two)
  live.keep('g', { ...group, replicas: [replica(2)] })
  expect([live.find('g', 1), live.aliveCount, one.attachment]).toEqual([undefined, 1, undefined])
  live.keep('g', undefined)
  expect([live.find('g', 2), live.aliveCount]).toEqual([undefined, 0])
  live.keep('nobody', undefined)
})

test('what is known of each replica of a group', () => {
  const { live } = table()
  heard(live, 1, channel(1))
  Object.assign(live.find('g', 1)!, { epoch: 3, maxOffset: 500, priority: 7 })
  expect(live.reports(group)).toEqual([
    { brokerId: 1, life: 'alive', epoch: 3, maxOffset: 500, priority: 7 },
    { brokerId: 2, life: 'unheard', epoch: -1, maxOffset: -1, priority: 2 ** 31 - 1 },
  ])
})
