import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { silentLogger } from '../../observe/logger.ts'
import type { SubscriptionData } from '../clients/subscription.ts'
import { CompiledFilters } from './compiled-filters.ts'
import { isDead } from './consumer-filter.ts'
import { ConsumerFilters } from './consumer-filters.ts'

const PATH = '/store/config/consumerFilter.json'
const START_MS = 1_800_000_000_000

function filtersOn(disk: SimDisk, clock = new ManualClock(START_MS)): ConsumerFilters {
  const settings = { filterDataCleanTimeSpan: 1000, maxErrorRateOfBloomFilter: 20, expectConsumerNumUseFilter: 64 }
  const compiled = new CompiledFilters()
  const filters = new ConsumerFilters({
    disk,
    path: PATH,
    clock,
    logger: silentLogger,
    compiled,
    settings: { current: settings },
  })
  filters.load()
  return filters
}

function sql(topic: string, subString: string, subVersion: number, expressionType = 'SQL92'): SubscriptionData {
  return {
    topic,
    subString,
    subVersion,
    expressionType,
    tagsSet: new Set(),
    codeSet: new Set(),
    classFilterMode: false,
  }
}

test("the real broker's file is read, and written back as it was but for who is alive", () => {
  const text = readFileSync(join(import.meta.dirname, 'golden/consumerFilter.json'), 'utf8')
  const disk = new SimDisk()
  disk.makeFolder('/store/config')
  disk.writeFile(PATH, Buffer.from(text))
  const filters = filtersOn(disk)
  const filter = filters.get('TopicA', 'group1')!
  expect([filter.expression, filter.clientVersion]).toEqual(["a > 5 AND b = 'x'", 1_700_000_000_000])
  const message = Buffer.from('a\x019\x02b\x01x\x02')
  expect(filter.compiled?.matches(message, 0, message.length)).toBe(true)
  // Nobody is connected yet: all are dead, and alive again when their consumers come back.
  expect(isDead(filters.get('TopicB', 'group2')!)).toBe(true)
  filters.register('group2', [
    sql('TopicA', 'a IS NULL', 1_700_000_000_001),
    sql('TopicB', "b IN ('x')", 1_700_000_000_002),
  ])
  filters.state.save()
  expect(disk.readFile(PATH).toString()).toBe(text)
})

test('the Bloom positions are those the real broker gave', () => {
  const disk = new SimDisk()
  const filters = filtersOn(disk)
  filters.register('group1', [sql('TopicA', 'a > 5', 1)])
  const { bloomFilterData } = filters.get('TopicA', 'group1')!
  expect([bloomFilterData?.bitNum, [...(bloomFilterData?.bitPos ?? [])]]).toEqual([216, [54, 47, 34]])
})

test('of two versions of a filter the later one counts, whatever order they come in', () => {
  const filters = filtersOn(new SimDisk())
  const shown = () => {
    const filter = filters.get('T', 'g')
    return filter && [filter.expression, filter.clientVersion, isDead(filter)]
  }
  filters.register('g', [sql('T', 'a > 1', 10)])
  filters.register('g', [sql('T', 'a > 2', 9)])
  expect(shown()).toEqual(['a > 1', 10, false])
  filters.register('g', [sql('T', 'a > 3', 11)])
  expect(shown()).toEqual(['a > 3', 11, false])
  filters.unregister('g')
  expect(shown()).toEqual(['a > 3', 11, true])
  filters.register('g', [sql('T', 'a > 3', 11)])
  expect(shown()).toEqual(['a > 3', 11, false])
  filters.unregister('g')
  filters.register('g', [sql('T', 'a > 3', 12)])
  expect(shown()).toEqual(['a > 3', 12, false])
  // The group subscribes to other topics only.
  filters.register('g', [sql('U', 'a > 3', 12)])
  expect([shown(), filters.get('U', 'g')?.expression]).toEqual([['a > 3', 12, true], 'a > 3'])
  // By tags there is nothing to keep.
  filters.register('g', [sql('V', 'A || B', 1, 'TAG'), sql('W', '', 1)])
  expect([filters.get('V', 'g'), filters.get('W', 'g')]).toEqual([undefined, undefined])
})

test('what cannot be compiled is not kept, and takes the place of nothing that can', () => {
  const filters = filtersOn(new SimDisk())
  filters.register('g', [sql('T', 'a >', 1), sql('U', 'a', 1, 'JSON')])
  expect([filters.get('T', 'g'), filters.get('U', 'g')]).toEqual([undefined, undefined])
  filters.register('g', [sql('T', 'a > 1', 2)])
  filters.register('g', [sql('T', 'a >', 3)])
  expect(filters.get('T', 'g')).toBeUndefined()
})

test('filters of consumers gone for long are forgotten', () => {
  const clock = new ManualClock(START_MS)
  const filters = filtersOn(new SimDisk(), clock)
  filters.register('g', [sql('T', 'a > 1', 1)])
  filters.register('h', [sql('T', 'a > 1', 1)])
  filters.unregister('g')
  clock.advance(999)
  filters.expire()
  expect(filters.get('T', 'g')?.expression).toBe('a > 1')
  clock.advance(1)
  filters.expire()
  expect([filters.get('T', 'g'), filters.get('T', 'h')?.expression]).toEqual([undefined, 'a > 1'])
})
