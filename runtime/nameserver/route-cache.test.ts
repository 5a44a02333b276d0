import { expect, test } from 'vitest'
import { RouteCache } from './route-cache.ts'

const bytes = (count: number) => Buffer.alloc(count)

test('keeps an answer per topic and dialect until the topic or a group changes', () => {
  const cache = new RouteCache()
  const [standard, fastjson, other] = [bytes(1), bytes(2), bytes(3)]
  cache.put('T', 'standard', standard)
  cache.put('T', 'fastjson', fastjson)
  cache.put('U', 'standard', other)
  expect([cache.get('T', 'standard'), cache.get('T', 'fastjson')]).toEqual([standard, fastjson])
  cache.topicChanged('T')
  expect([cache.get('T', 'standard'), cache.get('T', 'fastjson'), cache.get('U', 'standard')]).toEqual([
    undefined,
    undefined,
    other,
  ])
  cache.groupsChanged()
  expect(cache.get('U', 'standard')).toBeUndefined()
})

test('forgets the oldest answers above its limit', () => {
  const cache = new RouteCache(10)
  cache.put('A', 'standard', bytes(4))
  cache.put('B', 'standard', bytes(4))
  // The same topic again takes no more room.
  cache.put('B', 'standard', bytes(4))
  cache.put('C', 'standard', bytes(6))
  const kept = () => ['A', 'B', 'C', 'D'].filter((topic) => cache.get(topic, 'standard'))
  expect(kept()).toEqual(['B', 'C'])
  cache.put('D', 'standard', bytes(11))
  expect(kept()).toEqual([])
})
