import { compileEquals, compileOrdering } from './compare.ts'
import type { Condition, TextTest } from './expression.ts'
import { type Compiling, type Operand, operandOf } from './operand.ts'
import { parseExpression } from './parser.ts'
import { equalsAt, PropertyValues } from './property-values.ts'
import { type Evaluate, Truth, truthOf } from './truth.ts'

/**
 * An SQL92 expression over message properties, compiled: per message it reads the property text once and decodes nothing
 * but decimal numbers. Agrees with Apache RocketMQ's rocketmq-filter (golden/expressions.json) on every expression both
 * take.
 */
export class SqlFilter {
  readonly #evaluate: Evaluate
  readonly #values: PropertyValues

  /** @throws FilterSyntaxError */
  constructor(expression: string) {
    const names: string[] = []
    const condition = parseExpression(expression)
    this.#evaluate = compile(condition, names)
    this.#values = new PropertyValues(names)
  }

  /** Whether a message is wanted whose properties stand at `start` of `bytes`, as in its record. */
  matches(bytes: Uint8Array, start: number, length: number): boolean {
    return this.evaluate(bytes, start, length) === Truth.yes
  }

  evaluate(bytes: Uint8Array, start: number, length: number): Truth {
    this.#values.locate(bytes, start, length)
    return this.#evaluate(this.#values)
  }
}

function compile(condition: Condition, names: string[]): Evaluate {
  const compiling: Compiling = {
    condition: (expression) => compileCondition(expression as Condition, compiling),
    property: (name) => {
      const known = names.indexOf(name)
      return known >= 0 ? known : names.push(name) - 1
    },
  }
  return compileCondition(condition, compiling)
}

function compileCondition(condition: Condition, compiling: Compiling): Evaluate {
  switch (condition.kind) {
    case 'all':
      return all(condition.parts.map((part) => compileCondition(part, compiling)))
    case 'any':
      return any(condition.parts.map((part) => compileCondition(part, compiling)))
    case 'not':
      return not(compileCondition(condition.of, compiling))
    case 'compare': {
      const left = operandOf(condition.left, compiling)
      const right = operandOf(condition.right, compiling)
      return condition.operator === '=' ? compileEquals(left, right) : compileOrdering(condition.operator, left, right)
    }
    case 'truthOf': {
      // A property is text, and text is not TRUE.
      const index = compiling.property(condition.of.name)
      return (values) => (values.start(index) < 0 ? Truth.unknown : Truth.no)
    }
    case 'in':
      return inTexts(compiling.property(condition.of.name), condition.texts, condition.isNegated)
    case 'text':
      return textTest(condition.test, operandOf(condition.of, compiling), condition.part, condition.isNegated)
    case 'boolean': {
      const truth = truthOf(condition.value)
      return () => truth
    }
    case 'null':
      return () => Truth.unknown
  }
}

function all(parts: readonly Evaluate[]): Evaluate {
  return (values) => {
    let result: Truth = Truth.yes
    for (let i = 0; i < parts.length; i++) {
      const truth = parts[i]!(values)
      if (truth === Truth.no || truth === Truth.failed) return truth
      if (truth === Truth.unknown) result = Truth.unknown
    }
    return result
  }
}

function any(parts: readonly Evaluate[]): Evaluate {
  return (values) => {
    let result: Truth = Truth.no
    for (let i = 0; i < parts.length; i++) {
      const truth = parts[i]!(values)
      if (truth === Truth.yes || truth === Truth.failed) return truth
      if (truth === Truth.unknown) result = Truth.unknown
    }
    return result
  }
}

function not(evaluate: Evaluate): Evaluate {
  return (values) => {
    const truth = evaluate(values)
    if (truth === Truth.yes) return Truth.no
    return truth === Truth.no ? Truth.yes : truth
  }
}

/** From so many on, a list is looked up by the first bytes of the value instead of compared one by one. */
const LIST_COMPARED_MAX = 8

function inTexts(index: number, texts: readonly string[], isNegated: boolean): Evaluate {
  const wanted = texts.map((text) => Buffer.from(text))
  const isIn = wanted.length <= LIST_COMPARED_MAX ? oneOf(wanted) : hashed(wanted)
  return (values) => {
    const start = values.start(index)
    if (start < 0) return Truth.unknown
    return truthOf(isIn(values.bytes, start, values.length(index)) !== isNegated)
  }
}

type IsIn = (bytes: Uint8Array, start: number, length: number) => boolean

function oneOf(wanted: readonly Uint8Array[]): IsIn {
  return (bytes, start, length) => {
    for (let i = 0; i < wanted.length; i++) {
      if (wanted[i]!.length === length && equalsAt(bytes, start, wanted[i]!)) return true
    }
    return false
  }
}

function hashed(wanted: readonly Uint8Array[]): IsIn {
  const byHash = new Map<number, Uint8Array[]>()
  for (const text of wanted) {
    const hash = hashOf(text, 0, text.length)
    const same = byHash.get(hash)
    if (same) same.push(text)
    else byHash.set(hash, [text])
  }
  const tests = new Map<number, IsIn>()
  for (const [hash, same] of byHash) tests.set(hash, oneOf(same))
  return (bytes, start, length) => tests.get(hashOf(bytes, start, length))?.(bytes, start, length) ?? false
}

function hashOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0
  for (let i = start; i < start + length; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0
  return hash
}

/** Of nothing, of what is no text and for an empty part the answer is no, negated or not. */
function textTest(test: TextTest, operand: Operand, part: string, isNegated: boolean): Evaluate {
  if (part === '') return () => Truth.no
  const wanted = Buffer.from(part)
  const isFound = TEXT_TESTS[test]
  if (operand.kind === 'string') {
    const truth = truthOf(isFound(operand.bytes, 0, operand.bytes.length, wanted) !== isNegated)
    return () => truth
  }
  if (operand.kind === 'property') {
    const { index } = operand
    return (values) => {
      const start = values.start(index)
      if (start < 0) return Truth.no
      return truthOf(isFound(values.bytes, start, values.length(index), wanted) !== isNegated)
    }
  }
  if (operand.kind !== 'condition' && operand.kind !== 'nothingAfter') return () => Truth.no
  const { evaluate } = operand
  return (values) => (evaluate(values) === Truth.failed ? Truth.failed : Truth.no)
}

type IsFound = (bytes: Uint8Array, start: number, length: number, wanted: Uint8Array) => boolean

/** UTF-8 is searched as bytes: no character's bytes begin inside another's. */
const TEXT_TESTS: Readonly<Record<TextTest, IsFound>> = {
  STARTSWITH: (bytes, start, length, wanted) => wanted.length <= length && equalsAt(bytes, start, wanted),
  ENDSWITH: (bytes, start, length, wanted) =>
    wanted.length <= length && equalsAt(bytes, start + length - wanted.length, wanted),
  CONTAINS: (bytes, start, length, wanted) => {
    const last = start + length - wanted.length
    for (let at = start; at <= last; at++) {
      if (bytes[at] === wanted[0] && equalsAt(bytes, at, wanted)) return true
    }
    return false
  },
}
