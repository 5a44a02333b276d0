import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeProperties } from '../codec/message/properties.ts'
import { FilterSyntaxError } from './filter-syntax-error.ts'
import { SqlFilter } from './sql-filter.ts'
import { arbitraryExpression, arbitraryMessage } from './testing/arbitrary-expression.ts'
import { EXPRESSIONS, type Properties, TRAILED } from './testing/expression-table.ts'

interface Golden {
  readonly messages: readonly Properties[]
  readonly rows: readonly { expression: string; results?: string; error?: string }[]
}

const golden: Golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden/expressions.json'), 'utf8'))

const LETTERS = 'NYUF'

function letters(filter: SqlFilter, messages: readonly Properties[]): string {
  return messages
    .map((message) => {
      // As in a record: other bytes stand before and after.
      const text = Buffer.from(encodeProperties(Object.entries(message)))
      const bytes = Buffer.concat([Buffer.from('a\x015\x02'), text, Buffer.from('a\x01x\x02')])
      return LETTERS[filter.evaluate(bytes, 4, text.length)]
    })
    .join('')
}

function judged(expression: string, messages: readonly Properties[]): string {
  try {
    return letters(new SqlFilter(expression), messages)
  } catch (error) {
    if (error instanceof FilterSyntaxError) return 'refused'
    throw error
  }
}

test('every expression comes to what the real filter makes of it, for every message', () => {
  const different = golden.rows
    .filter(({ expression }) => !TRAILED.includes(expression))
    .map(({ expression, results }) => ({
      expression,
      real: results ?? 'refused',
      ours: judged(expression, golden.messages),
    }))
    .filter(({ real, ours }) => real !== ours)
  expect(different).toEqual([])
  expect(golden.rows.map(({ expression }) => expression)).toEqual(EXPRESSIONS)
})

test('what the real filter passes over behind an expression is refused', () => {
  const rows = golden.rows.filter(({ expression }) => TRAILED.includes(expression))
  expect(rows.map(({ expression, results }) => [expression, results !== undefined])).toEqual(
    rows.map(({ expression }) => [expression, true]),
  )
  expect(rows.map(({ expression }) => judged(expression, golden.messages))).toEqual(rows.map(() => 'refused'))
  expect(rows.length).toBe(TRAILED.length)
})

test.each([
  ['', 1, 'expected a property, a number or a string, the expression ends'],
  ["a = 'x", 5, 'the string that begins here has no end; a quote inside a string is written twice'],
  ['a = "x"', 5, "strings stand in single quotes ('), names in none"],
  ['a == 5', 4, 'expected a property, a number or a string, found ='],
  ['a ! 5', 3, '"!" has no meaning in an expression'],
  ['a = 5 /* b', 7, 'the comment that begins here has no end'],
  ["a LIKE 'x%'", 3, 'there is no LIKE; use CONTAINS, STARTSWITH or ENDSWITH'],
  ['a = 5 b = 6', 7, 'expected AND, OR or the end of the expression, found b'],
  ['a = NULL', 5, 'nothing equals NULL; write IS NULL or IS NOT NULL'],
  ["a > 'x'", 5, "'x' cannot be compared by order, only numbers can"],
  ['a > (b = 5)', 5, 'the condition that begins here cannot be compared by order, only numbers can'],
  ['a = 5 AND 7', 11, 'what begins here is a value, expected a condition'],
  ['TRUE = 5', 8, 'TRUE cannot be compared with 5'],
  ['a BETWEEN 7 AND 3', 11, 'the lower limit 7 of BETWEEN is greater than the upper limit 3'],
  ['a BETWEEN 7', 12, 'expected AND and the upper limit of BETWEEN, the expression ends'],
  ['a IN 5', 6, 'expected ( and a list of strings after IN, found 5'],
  ['a IN (5)', 7, 'expected a string in single quotes, found 5'],
  ["a IN ('5'", 10, 'expected , or ) in a list of strings, the expression ends'],
  ["5 IN ('5')", 1, 'only a property can be IN a list'],
  ['(a = 5', 7, 'expected an operator or ), the expression ends'],
  ['a IS 5', 6, 'expected NULL or NOT NULL after IS, found 5'],
  ['a = 9223372036854775808', 5, '9223372036854775808 is greater than 9223372036854775807'],
  ['a > 0.0', 5, '0.0 is less than 5e-324, the least decimal number; zero is written 0'],
  ['a > 1e400', 5, '1e400 is greater than 1.7976931348623157e+308'],
])('%s is refused with the place and the reason', (expression, at, reason) => {
  expect(() => new SqlFilter(expression)).toThrow(`illegal SQL92 expression, at character ${at}: ${reason}`)
})

test('what is nested too deep or too long is refused, not run out of stack on', () => {
  const nested = (depth: number) => `${'('.repeat(depth)}a = 5${')'.repeat(depth)}`
  expect(judged(nested(390), [{ a: '5' }])).toBe('Y')
  expect(() => new SqlFilter(nested(100_000 / 4))).toThrow('more than 400 expressions inside one another')
  expect(() => new SqlFilter(`a ${'= b '.repeat(500)}`)).toThrow('more than 400 expressions inside one another')
  expect(() => new SqlFilter(`a = '${'x'.repeat(70_000)}'`)).toThrow('at most 65536 are allowed')
  // A long chain of conditions is none.
  const chain = Array.from({ length: 5000 }, (_, i) => `a = '${i}'`).join(' OR ')
  expect(judged(chain.slice(0, 65_000).replace(/ OR [^R]*$/, ''), [{ a: '7' }, { a: 'z' }])).toBe('YN')
})

test('whatever the text, it is compiled or refused with a place inside it', () => {
  const word = fc.constantFrom(
    'a',
    '5',
    "'x'",
    '(',
    ')',
    'AND',
    'NOT',
    'IN',
    'IS',
    'NULL',
    '=',
    '<',
    ',',
    '-',
    '--',
    '/*',
    "'",
  )
  const text = fc.oneof(
    fc.string(),
    fc.array(word).map((words) => words.join(' ')),
    arbitraryExpression,
  )
  fc.assert(
    fc.property(text, arbitraryMessage, (expression, message) => {
      try {
        expect(LETTERS).toContain(letters(new SqlFilter(expression), [message]))
      } catch (error) {
        if (!(error instanceof FilterSyntaxError)) throw error
        expect(error.position).toBeGreaterThanOrEqual(0)
        expect(error.position).toBeLessThanOrEqual(expression.length)
      }
    }),
    { numRuns: 2000 },
  )
})

test('laws that hold for any legal expression and message', () => {
  const legal = arbitraryExpression.filter((expression) => judged(expression, [{}]) !== 'refused')
  const opposite: Record<string, string> = { Y: 'N', N: 'Y', U: 'U', F: 'F' }
  fc.assert(
    fc.property(legal, arbitraryMessage, (expression, message) => {
      const value = judged(expression, [message])
      expect(judged(`NOT (${expression})`, [message])).toBe(opposite[value])
      expect(judged(`(${expression}) AND TRUE`, [message])).toBe(value)
      expect(judged(`(${expression}) OR FALSE`, [message])).toBe(value)
      expect(judged(`FALSE AND (${expression})`, [message])).toBe('N')
      expect(judged(` /* c */ ${expression} -- it's the end`, [message])).toBe(value)
    }),
    { numRuns: 1000 },
  )
})

test('of a property that stands there twice the last value counts; what has no value is not there', () => {
  const judge = (expression: string, text: string) => {
    const bytes = Buffer.from(text)
    return LETTERS[new SqlFilter(expression).evaluate(bytes, 0, bytes.length)]
  }
  expect(judge("a = '2'", 'a\x011\x02a\x012')).toBe('Y')
  expect(judge("a = '1'", 'a\x011\x02a\x01\x02')).toBe('Y')
  expect(judge('a IS NULL', 'a\x01\x02a\x02\x011\x02\x02aa\x011\x02')).toBe('Y')
  expect(judge("a = '1\x01b'", 'a\x011\x01b\x02')).toBe('Y')
})
