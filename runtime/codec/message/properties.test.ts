import fc from 'fast-check'
import { expect, test } from 'vitest'
import { javaHashCode } from '../bytes.ts'
import {
  decodeProperties,
  encodeProperties,
  hashCodeOfUtf8,
  integerOfAscii,
  PropertyRanges,
  scanProperties,
} from './properties.ts'

test('text and map, the last separator optional', () => {
  expect([...decodeProperties('TAGS\x01TagA\x02KEYS\x01a b\x02')]).toEqual([
    ['TAGS', 'TagA'],
    ['KEYS', 'a b'],
  ])
  expect([...decodeProperties('TAGS\x01TagA')]).toEqual([['TAGS', 'TagA']])
  expect(
    encodeProperties([
      ['TAGS', 'TagA'],
      ['KEYS', 'a b'],
    ]),
  ).toBe('TAGS\x01TagA\x02KEYS\x01a b\x02')
})

test('empty names and values are passed over, the last of a repeated name counts', () => {
  expect([...decodeProperties('\x01v\x02k\x01\x02novalue\x02\x02k\x01a\x02k\x01b\x01c\x02')]).toEqual([['k', 'b\x01c']])
})

function scanned(text: string, ranges = new PropertyRanges()): Record<string, string | undefined> {
  const bytes = Buffer.from(`##${text}##`)
  scanProperties(bytes, 2, bytes.length - 4, ranges)
  const at = (start: number, length: number) =>
    start < 0 ? undefined : bytes.subarray(start, start + length).toString('utf8')
  return {
    TAGS: at(ranges.tagsStart, ranges.tagsLength),
    KEYS: at(ranges.keysStart, ranges.keysLength),
    UNIQ_KEY: at(ranges.uniqKeyStart, ranges.uniqKeyLength),
    DELAY: at(ranges.delayStart, ranges.delayLength),
    WAIT: at(ranges.waitStart, ranges.waitLength),
    TRAN_MSG: at(ranges.transactionPreparedStart, ranges.transactionPreparedLength),
  }
}

test('scan finds what the map holds, for any text', () => {
  const word = fc.constantFrom(
    'TAGS',
    'KEYS',
    'UNIQ_KEY',
    'DELAY',
    'WAIT',
    'TRAN_MSG',
    'TAGX',
    '\x01',
    '\x02',
    '',
    'é',
    '\0',
  )
  const ranges = new PropertyRanges()
  fc.assert(
    fc.property(fc.array(word, { maxLength: 20 }), (words) => {
      const text = words.join('')
      const map = decodeProperties(text)
      expect(scanned(text, ranges)).toEqual({
        TAGS: map.get('TAGS'),
        KEYS: map.get('KEYS'),
        UNIQ_KEY: map.get('UNIQ_KEY'),
        DELAY: map.get('DELAY'),
        WAIT: map.get('WAIT'),
        TRAN_MSG: map.get('TRAN_MSG'),
      })
    }),
    { numRuns: 2000 },
  )
})

test('scan notes timer properties', () => {
  const ranges = new PropertyRanges()
  const results = ['TIMER_DELAY_MS', 'TIMER_DELAY_SEC', 'TIMER_DELIVER_MS', 'TIMER_DELAY_XX'].map((name) => {
    scanned(`a\x01b\x02${name}\x015\x02`, ranges)
    return ranges.hasTimer
  })
  expect(results).toEqual([true, true, true, false])
})

test('hashes UTF-8 as Java hashes the string', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const bytes = Buffer.from(` ${text} `)
      expect(hashCodeOfUtf8(bytes, 1, bytes.length - 2)).toBe(javaHashCode(text))
    }),
  )
  expect(hashCodeOfUtf8(Buffer.from('TagA'), 0, 4)).toBe(2598919)
})

test('decimal integers', () => {
  const parse = (text: string) => integerOfAscii(Buffer.from(text), 0, text.length)
  expect(['3', '-12', '+7', '1700000000123'].map(parse)).toEqual([3, -12, 7, 1700000000123])
  expect(['', '-', '1a', ' 1'].map(parse)).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN])
})
