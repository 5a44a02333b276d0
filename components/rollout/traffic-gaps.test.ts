import { expect, it } from 'vitest'
import { TrafficGaps } from './traffic-gaps.ts'

it('measures from one message to the next, over all brokers together', () => {
  const gaps = new TrafficGaps()
  gaps.add('a', { stored: 100, fetched: 90 }, 0)
  gaps.add('b', { stored: 0, fetched: 0 }, 0)
  expect(gaps.whole(5000)).toEqual({ stored: 0, fetched: 0 })
  gaps.add('a', { stored: 110, fetched: 95 }, 100)
  gaps.add('b', { stored: 7, fetched: 0 }, 400)
  gaps.add('a', { stored: 110, fetched: 96 }, 900)
  expect(gaps.whole(1000)).toEqual({ stored: 17, fetched: 6, sendGapMs: 600, fetchGapMs: 800 })
})

it('goes on counting a broker that has restarted', () => {
  const gaps = new TrafficGaps()
  gaps.add('a', { stored: 100, fetched: 100 }, 0)
  gaps.add('a', { stored: 101, fetched: 100 }, 100)
  gaps.add('a', { stored: 0, fetched: 0 }, 1500)
  gaps.add('a', { stored: 3, fetched: 2 }, 1600)
  expect(gaps.whole(1700)).toEqual({ stored: 4, fetched: 2, sendGapMs: 1500, fetchGapMs: 100 })
})

it('tells parts apart; a gap that is open when a part begins counts from its own beginning', () => {
  const gaps = new TrafficGaps()
  gaps.add('a', { stored: 0, fetched: 0 }, 0)
  gaps.add('a', { stored: 1, fetched: 1 }, 1000)
  gaps.add('a', { stored: 2, fetched: 2 }, 3000)
  gaps.beginPart()
  gaps.add('a', { stored: 9, fetched: 3 }, 3500)
  expect(gaps.part(3600)).toEqual({ stored: 7, fetched: 1, sendGapMs: 500, fetchGapMs: 500 })
  expect(gaps.whole(3600)).toMatchObject({ stored: 9, sendGapMs: 2000 })
})
