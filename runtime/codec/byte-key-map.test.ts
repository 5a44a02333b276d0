import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteKeyMap } from './byte-key-map.ts'

test('finds by bytes inside a larger buffer what was set by name', () => {
  const map = new ByteKeyMap<number>()
  map.set('TopicA', 1)
  map.set('TopicÄ', 2)
  const bytes = Buffer.from('xxTopicÄyyTopicA')
  expect(map.getBytes(bytes, 2, 7)).toBe(2)
  expect(map.getBytes(bytes, 11, 6)).toBe(1)
  expect(map.getBytes(bytes, 11, 5)).toBe(undefined)
  expect(map.getBytes(bytes, 0, 0)).toBe(undefined)
})

test('agrees with a Map under any sequence of sets and deletes', () => {
  const step = fc.tuple(fc.boolean(), fc.string({ unit: 'grapheme', maxLength: 3 }), fc.nat())
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const model = new Map<string, number>()
      const map = new ByteKeyMap<number>()
      for (const [isSet, name, value] of steps) {
        if (isSet) {
          model.set(name, value)
          map.set(name, value)
        } else expect(map.delete(name)).toBe(model.delete(name))
        const key = Buffer.from(name)
        expect(map.getBytes(key, 0, key.length)).toBe(model.get(name))
      }
      expect([...map.keys()]).toEqual([...model.keys()])
      expect([...map.values()]).toEqual([...model.values()])
      for (const name of model.keys()) {
        const key = Buffer.from(name)
        expect(map.getBytes(key, 0, key.length)).toBe(model.get(name))
      }
    }),
  )
})
