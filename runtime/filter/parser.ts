import {
  asCondition,
  type Comparison,
  type Condition,
  type Expression,
  isLiteral,
  type Literal,
  type TextTest,
} from './expression.ts'
import { FilterSyntaxError } from './filter-syntax-error.ts'
import { type Token, tokenize } from './tokens.ts'

/*
 * The grammar of Apache RocketMQ's SelectorParser.jj, with the checks its expression classes make:
 *
 *   or          and { OR and }
 *   and         equality { AND equality }
 *   equality    comparison { = comparison | <> comparison | IS [NOT] NULL }
 *   comparison  unary { > unary | >= unary | < unary | <= unary | [NOT] BETWEEN unary AND unary
 *                     | [NOT] IN ( string {, string} ) | [NOT] CONTAINS string | [NOT] STARTSWITH string
 *                     | [NOT] ENDSWITH string }
 *   unary       + unary | - unary | NOT unary | string | number | TRUE | FALSE | NULL | name | ( or )
 *
 * The original stops where it can read no further and forgets the rest: of `a = 1 b = 2` it keeps `a = 1`, of
 * `a LIKE 'x%'` it keeps `a`. Here what follows a whole expression is an error.
 */

/** Longer expressions are refused: one is evaluated for every message. */
const TEXT_LENGTH_MAX = 65_536
/** Parentheses, signs, NOTs and comparisons inside one another. */
const DEPTH_MAX = 400

type NumberLiteral = Extract<Literal, { kind: 'integer' | 'double' }>

const LONG_MAX = 2n ** 63n - 1n
/** Java's Double.MIN_VALUE. What is smaller, 0.0 included, the original refuses. */
const DOUBLE_MIN = 5e-324
const TEXT_TESTS: ReadonlySet<string> = new Set(['CONTAINS', 'STARTSWITH', 'ENDSWITH'])
const ORDERINGS: ReadonlySet<string> = new Set(['>', '>=', '<', '<='])
const AFTER_NOT = ['BETWEEN', 'IN', 'CONTAINS', 'STARTSWITH', 'ENDSWITH']

/** @throws FilterSyntaxError */
export function parseExpression(text: string): Condition {
  if (text.length > TEXT_LENGTH_MAX) {
    const reason = `it has ${text.length} characters, at most ${TEXT_LENGTH_MAX} are allowed`
    throw new FilterSyntaxError(TEXT_LENGTH_MAX, reason)
  }
  return new Parser(tokenize(text), text).parse()
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #text: string
  #next = 0
  #depth = 0

  constructor(tokens: readonly Token[], text: string) {
    this.#tokens = tokens
    this.#text = text
  }

  parse(): Condition {
    const start = this.#peek()
    const condition = this.#condition(this.#or(), start)
    const rest = this.#peek()
    if (rest.kind === 'end' || this.#isLastComment(rest)) return condition
    throw new FilterSyntaxError(rest.position, trailing(rest))
  }

  /** A comment needs a line's end after it; one that the expression ends with does without. */
  #isLastComment({ position }: Token): boolean {
    return this.#text.startsWith('--', position)
  }

  #or(): Expression {
    return this.#chain('OR', 'any', () => this.#and())
  }

  #and(): Expression {
    return this.#chain('AND', 'all', () => this.#equality())
  }

  #chain(keyword: string, kind: 'all' | 'any', part: () => Expression): Expression {
    let start = this.#peek()
    const first = part()
    if (!this.#isKeyword(keyword)) return first
    const parts = [this.#condition(first, start)]
    while (this.#takeKeyword(keyword)) {
      start = this.#peek()
      parts.push(this.#condition(part(), start))
    }
    return { kind, parts }
  }

  #equality(): Expression {
    const start = this.#peek()
    let left = this.#comparison()
    const depth = this.#depth
    for (;;) {
      if (this.#takeSymbol('=')) left = this.#equals(left, start)
      else if (this.#takeSymbol('<>')) left = { kind: 'not', of: this.#equals(left, start) }
      else if (this.#takeKeyword('IS')) left = this.#isNull(left)
      else break
      this.#deeper(start)
    }
    this.#depth = depth
    return left
  }

  #equals(left: Expression, leftStart: Token): Condition {
    const rightStart = this.#peek()
    const right = this.#comparison()
    checkEqualsNull(left, leftStart)
    checkEqualsNull(right, rightStart)
    if (left.kind === 'boolean' && isLiteral(right) && right.kind !== 'boolean') {
      throw new FilterSyntaxError(rightStart.position, `${shown(left)} cannot be compared with ${shown(right)}`)
    }
    return { kind: 'compare', operator: '=', left, right }
  }

  #isNull(of: Expression): Condition {
    const isNegated = this.#takeKeyword('NOT')
    if (!this.#takeKeyword('NULL')) this.#fail('expected NULL or NOT NULL after IS')
    const isNull: Condition = { kind: 'compare', operator: '=', left: of, right: { kind: 'null' } }
    return isNegated ? { kind: 'not', of: isNull } : isNull
  }

  #comparison(): Expression {
    const start = this.#peek()
    let left = this.#unary()
    const depth = this.#depth
    for (;;) {
      const next = this.#comparisonAfter(left, start)
      if (next === undefined) break
      left = next
      this.#deeper(start)
    }
    this.#depth = depth
    return left
  }

  /** What makes of `left` a larger comparison, undefined if nothing of the kind follows. */
  #comparisonAfter(left: Expression, start: Token): Condition | undefined {
    const token = this.#peek()
    if (token.kind === 'symbol' && ORDERINGS.has(token.text)) {
      this.#next++
      const rightStart = this.#peek()
      return ordering(token.text as Comparison, left, start, this.#unary(), rightStart)
    }
    if (token.kind !== 'keyword') return undefined
    const isNegated = token.text === 'NOT' && this.#isTestAfterNot()
    if (isNegated) this.#next++
    const { text } = this.#peek()
    if (TEXT_TESTS.has(text)) {
      this.#next++
      return { kind: 'text', test: text as TextTest, of: left, part: this.#string(), isNegated }
    }
    if (this.#takeKeyword('BETWEEN')) return this.#between(left, start, isNegated)
    if (this.#takeKeyword('IN')) return this.#in(left, start, isNegated)
    return undefined
  }

  #isTestAfterNot(): boolean {
    const token = this.#tokens[this.#next + 1]
    return token?.kind === 'keyword' && AFTER_NOT.includes(token.text)
  }

  #between(value: Expression, start: Token, isNegated: boolean): Condition {
    const lowStart = this.#peek()
    const low = this.#unary()
    if (!this.#takeKeyword('AND')) this.#fail('expected AND and the upper limit of BETWEEN')
    const highStart = this.#peek()
    const high = this.#unary()
    if (isNegated) {
      return {
        kind: 'any',
        parts: [ordering('<', value, start, low, lowStart), ordering('>', value, start, high, highStart)],
      }
    }
    const parts = [ordering('>=', value, start, low, lowStart), ordering('<=', value, start, high, highStart)]
    if (isNumber(low) && isNumber(high) && isGreater(low, high)) {
      const reason = `the lower limit ${shown(low)} of BETWEEN is greater than the upper limit ${shown(high)}`
      throw new FilterSyntaxError(lowStart.position, reason)
    }
    return { kind: 'all', parts }
  }

  #in(of: Expression, start: Token, isNegated: boolean): Condition {
    if (of.kind !== 'property') throw new FilterSyntaxError(start.position, 'only a property can be IN a list')
    if (!this.#takeSymbol('(')) this.#fail('expected ( and a list of strings after IN')
    const texts = [this.#string()]
    while (this.#takeSymbol(',')) texts.push(this.#string())
    if (!this.#takeSymbol(')')) this.#fail('expected , or ) in a list of strings')
    return { kind: 'in', of, texts, isNegated }
  }

  #unary(): Expression {
    const start = this.#peek()
    const depth = this.#depth
    this.#deeper(start)
    const expression = this.#signed()
    this.#depth = depth
    return expression
  }

  #signed(): Expression {
    if (this.#takeSymbol('+')) return this.#unary()
    if (this.#takeSymbol('-')) return { kind: 'negate', of: this.#unary() }
    if (this.#takeKeyword('NOT')) {
      const start = this.#peek()
      return { kind: 'not', of: this.#condition(this.#unary(), start) }
    }
    if (this.#takeSymbol('(')) {
      const inner = this.#or()
      if (!this.#takeSymbol(')')) this.#fail('expected an operator or )')
      return inner
    }
    return this.#simple()
  }

  #simple(): Expression {
    const token = this.#peek()
    switch (token.kind) {
      case 'string':
        this.#next++
        return { kind: 'string', value: token.text }
      case 'integer':
        this.#next++
        return integer(token)
      case 'decimal':
        this.#next++
        return decimal(token)
      case 'name':
        this.#next++
        return { kind: 'property', name: token.text }
      default:
        if (this.#takeKeyword('TRUE')) return { kind: 'boolean', value: true }
        if (this.#takeKeyword('FALSE')) return { kind: 'boolean', value: false }
        if (this.#takeKeyword('NULL')) return { kind: 'null' }
        return this.#fail('expected a property, a number or a string')
    }
  }

  #string(): string {
    const token = this.#peek()
    if (token.kind !== 'string') this.#fail('expected a string in single quotes')
    this.#next++
    return token.text
  }

  #condition(expression: Expression, start: Token): Condition {
    const condition = asCondition(expression)
    if (condition !== undefined) return condition
    throw new FilterSyntaxError(start.position, 'what begins here is a value, expected a condition')
  }

  #peek(): Token {
    return this.#tokens[this.#next]!
  }

  #isKeyword(text: string): boolean {
    const token = this.#peek()
    return token.kind === 'keyword' && token.text === text
  }

  #takeKeyword(text: string): boolean {
    if (!this.#isKeyword(text)) return false
    this.#next++
    return true
  }

  #takeSymbol(text: string): boolean {
    const token = this.#peek()
    if (token.kind !== 'symbol' || token.text !== text) return false
    this.#next++
    return true
  }

  #deeper(at: Token): void {
    if (++this.#depth <= DEPTH_MAX) return
    throw new FilterSyntaxError(at.position, `more than ${DEPTH_MAX} expressions inside one another`)
  }

  #fail(expected: string): never {
    const token = this.#peek()
    if (token.kind === 'illegal') throw new FilterSyntaxError(token.position, token.text)
    const found = token.kind === 'end' ? 'the expression ends' : `found ${written(token)}`
    throw new FilterSyntaxError(token.position, `${expected}, ${found}`)
  }
}

function ordering(
  operator: Comparison,
  left: Expression,
  leftStart: Token,
  right: Expression,
  rightStart: Token,
): Condition {
  checkOrdered(left, leftStart)
  checkOrdered(right, rightStart)
  return { kind: 'compare', operator, left, right }
}

/** Only numbers and properties have an order. */
function checkOrdered(expression: Expression, start: Token): void {
  if (isNumber(expression) || expression.kind === 'property' || expression.kind === 'negate') return
  const what = isLiteral(expression) ? shown(expression) : 'the condition that begins here'
  throw new FilterSyntaxError(start.position, `${what} cannot be compared by order, only numbers can`)
}

function checkEqualsNull(expression: Expression, start: Token): void {
  if (expression.kind !== 'null') return
  throw new FilterSyntaxError(start.position, 'nothing equals NULL; write IS NULL or IS NOT NULL')
}

function isGreater(low: NumberLiteral, high: NumberLiteral): boolean {
  if (low.kind === 'integer' && high.kind === 'integer') return low.value > high.value
  return Number(low.value) > Number(high.value)
}

function isNumber(expression: Expression): expression is NumberLiteral {
  return expression.kind === 'integer' || expression.kind === 'double'
}

function integer(token: Token): Literal {
  const value = BigInt(/[lL]$/.test(token.text) ? token.text.slice(0, -1) : token.text)
  if (value <= LONG_MAX) return { kind: 'integer', value }
  throw new FilterSyntaxError(token.position, `${token.text} is greater than ${LONG_MAX}`)
}

function decimal(token: Token): Literal {
  const value = Number(token.text)
  if (value > Number.MAX_VALUE) {
    throw new FilterSyntaxError(token.position, `${token.text} is greater than ${Number.MAX_VALUE}`)
  }
  if (value < DOUBLE_MIN) {
    const reason = `${token.text} is less than ${DOUBLE_MIN}, the least decimal number; zero is written 0`
    throw new FilterSyntaxError(token.position, reason)
  }
  return { kind: 'double', value }
}

function shown(literal: Literal): string {
  switch (literal.kind) {
    case 'null':
      return 'NULL'
    case 'string':
      return `'${literal.value.replaceAll("'", "''")}'`
    case 'boolean':
      return literal.value ? 'TRUE' : 'FALSE'
    default:
      return String(literal.value)
  }
}

function written(token: Token): string {
  return token.kind === 'string' ? `'${token.text.replaceAll("'", "''")}'` : token.text
}

function trailing(token: Token): string {
  if (token.kind === 'illegal') return token.text
  if (/^like$/i.test(token.text)) return 'there is no LIKE; use CONTAINS, STARTSWITH or ENDSWITH'
  return `expected AND, OR or the end of the expression, found ${written(token)}`
}
