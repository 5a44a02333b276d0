import fc from 'fast-check'
import type { Properties } from './expression-table.ts'

/*
 * Random expressions, most of them legal, and random messages for them. Names and values are few, so that they meet.
 */

const VALUES = ['x', '5', '-5', '5.5', '+5', '1e1', '3000000000', 'true', 'abc', 'b', '', "it's", 'NaN', '0x1p3', ' 7 ']

const name = fc.constantFrom('a', 'b', 'c', 'missing')
const text = fc.constantFrom(...VALUES).map((value) => `'${value.replaceAll("'", "''")}'`)
const number = fc.constantFrom(
  '0',
  '5',
  '7',
  '10L',
  '3000000000',
  '9223372036854775807',
  '5.5',
  '.5',
  '1e1',
  '2147483647',
)
const order = fc.constantFrom('>', '>=', '<', '<=')
const equality = fc.constantFrom('=', '<>')
const not = fc.constantFrom('', 'NOT ')

const { condition } = fc.letrec<{ value: string; ordered: string; condition: string }>((tie) => ({
  ordered: fc.oneof(
    { weight: 5, arbitrary: name },
    { weight: 5, arbitrary: number },
    { weight: 1, arbitrary: tie('value').map((value) => `- ${value}`) },
  ),
  value: fc.oneof(
    { maxDepth: 3 },
    { weight: 6, arbitrary: name },
    { weight: 3, arbitrary: number },
    { weight: 3, arbitrary: text },
    { weight: 1, arbitrary: fc.constantFrom('TRUE', 'FALSE') },
    { weight: 1, arbitrary: tie('value').map((value) => `- ${value}`) },
    { weight: 2, arbitrary: tie('condition').map((inner) => `(${inner})`) },
  ),
  condition: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    fc.tuple(tie('ordered'), order, tie('ordered')).map((parts) => parts.join(' ')),
    fc.tuple(tie('value'), equality, tie('value')).map((parts) => parts.join(' ')),
    fc.tuple(tie('value'), fc.constantFrom('IS NULL', 'IS NOT NULL')).map((parts) => parts.join(' ')),
    fc.tuple(name, not, fc.array(text, { minLength: 1, maxLength: 12 })).map(([of, no, texts]) => {
      return `${of} ${no}IN (${texts.join(', ')})`
    }),
    fc
      .tuple(tie('value'), not, fc.constantFrom('CONTAINS', 'STARTSWITH', 'ENDSWITH'), text)
      .map(([of, no, test, part]) => `${of} ${no}${test} ${part}`),
    fc
      .tuple(tie('ordered'), not, tie('ordered'), tie('ordered'))
      .map(([of, no, low, high]) => `${of} ${no}BETWEEN ${low} AND ${high}`),
    fc.tuple(tie('condition'), fc.constantFrom('AND', 'OR'), tie('condition')).map((parts) => parts.join(' ')),
    tie('condition').map((inner) => `NOT (${inner})`),
    fc.constantFrom('a', 'TRUE', 'FALSE', 'NULL'),
  ),
}))

export const arbitraryExpression: fc.Arbitrary<string> = condition

export const arbitraryMessage: fc.Arbitrary<Properties> = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'd'),
  fc.constantFrom(...VALUES.filter((value) => value !== '')),
)
