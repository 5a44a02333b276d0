import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatJson } from '../../codec/json/write-json.ts'
import { objectText, TextCache, valueText } from './object-text.ts'

test('a table put together from its parts is the text of the whole', () => {
  const value = fc.record({ name: fc.string(), count: fc.integer(), tags: fc.array(fc.string()), more: fc.object() })
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), (table) => {
      const cache = new TextCache(2)
      const entries = () => Object.entries(table).map(([name, item]) => [name, cache.of(item)] as const)
      const whole = formatJson({ version: { counter: 1 }, zTable: new Map(Object.entries(table)) })
      const text = () =>
        objectText(
          [['version', valueText({ counter: 1 }, 1)] as const, ['zTable', objectText(entries(), 1)] as const],
          0,
        )
      expect(text()).toBe(whole)
      expect(text()).toBe(whole)
    }),
  )
})
