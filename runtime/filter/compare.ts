import type { Comparison } from './expression.ts'
import { compareDoubles, javaDouble, javaInt, javaLong, shortInteger } from './java-number.ts'
import type { DoubleOperand, IntegerOperand, Operand, PropertyOperand, TextOperand } from './operand.ts'
import { equalsAt } from './property-values.ts'
import { type Evaluate, Truth, truthOf } from './truth.ts'

/*
 * Comparisons by the rules of Apache RocketMQ's ComparisonExpression: the two sides are brought to one Java type, and
 * text that cannot be read as such a number makes the comparison fail. Everything that does not depend on the message is
 * decided here, once.
 */

type NumberOperand = IntegerOperand | DoubleOperand

/** Order of a value that is text against a constant; NaN when the text is no such number. */
type OrderOfText = (bytes: Uint8Array, start: number, length: number) => number

/** `operator` between two operands, unknown when a side is nothing. For all but `=`, see {@link compileEquals}. */
export function compileOrdering(operator: Comparison, left: Operand, right: Operand): Evaluate {
  if (left.kind === 'nothingAfter') return nothingUnlessFailed(left.evaluate)
  if (left.kind === 'nothing') return always(Truth.unknown)
  if (left.kind === 'property') return orderingOfProperty(operator, left, right)
  if (isNumber(left)) return orderingOfNumber(operator, left, right)
  throw new Error(`a ${left.kind} has no order`)
}

function orderingOfProperty(operator: Comparison, left: PropertyOperand, right: Operand): Evaluate {
  if (isNumber(right)) return orderOfProperty(operator, left.index, orderAgainst(right), Truth.unknown)
  if (right.kind === 'property') return orderOfProperties(operator, left.index, right.index)
  if (right.kind === 'nothing') return always(Truth.unknown)
  if (right.kind === 'nothingAfter') return ifPresent(left.index, nothingUnlessFailed(right.evaluate))
  throw new Error(`a ${right.kind} has no order`)
}

function orderingOfNumber(operator: Comparison, left: NumberOperand, right: Operand): Evaluate {
  if (isNumber(right)) return always(truthOf(holds(operator, orderOfNumbers(left, right))))
  if (right.kind === 'property') {
    return orderOfProperty(MIRRORED[operator], right.index, orderAgainst(left), Truth.unknown)
  }
  if (right.kind === 'nothing') return always(Truth.unknown)
  if (right.kind === 'nothingAfter') return nothingUnlessFailed(right.evaluate)
  throw new Error(`a ${right.kind} has no order`)
}

/**
 * `left = right`. Nothing equals nothing; nothing on the left alone is unknown, on the right alone it is no. That is
 * also what IS NULL is made of.
 */
export function compileEquals(left: Operand, right: Operand): Evaluate {
  if (isNothing(left) || isNothing(right)) return equalsNothing(left, right)
  if (left.kind === 'property') return propertyEquals(left, right)
  if (right.kind === 'property') return equalsProperty(left, right)
  if (left.kind === 'condition' || right.kind === 'condition') return equalsCondition(left, right)
  if (isNumber(left) && isNumber(right)) return always(truthOf(orderOfNumbers(left, right) === 0))
  if (isNumber(left) && right.kind === 'string') return always(equalsText(left, right))
  if (isNumber(right) && left.kind === 'string') return always(equalsText(right, left))
  if (left.kind === 'string' && right.kind === 'string') {
    return always(truthOf(left.bytes.length === right.bytes.length && equalsAt(left.bytes, 0, right.bytes)))
  }
  throw new Error(`${left.kind} = ${right.kind} is missing`)
}

type Nothing = Extract<Operand, { kind: 'nothing' | 'nothingAfter' }>

function isNothing(operand: Operand): operand is Nothing {
  return operand.kind === 'nothing' || operand.kind === 'nothingAfter'
}

/** At least one side is nothing. Both sides are worked out, the left one first. */
function equalsNothing(left: Operand, right: Operand): Evaluate {
  const isLeftThere = presence(left)
  const isRightThere = presence(right)
  return (values) => {
    const leftTruth = isLeftThere(values)
    if (leftTruth === Truth.failed) return Truth.failed
    const rightTruth = isRightThere(values)
    if (rightTruth === Truth.failed) return Truth.failed
    if (leftTruth === rightTruth) return Truth.yes
    return leftTruth === Truth.no ? Truth.unknown : Truth.no
  }
}

/** Yes when the operand is something, no when it is nothing. */
function presence(operand: Operand): Evaluate {
  switch (operand.kind) {
    case 'nothing':
      return always(Truth.no)
    case 'nothingAfter': {
      const { evaluate } = operand
      return (values) => (evaluate(values) === Truth.failed ? Truth.failed : Truth.no)
    }
    case 'property': {
      const { index } = operand
      return (values) => truthOf(values.start(index) >= 0)
    }
    case 'condition': {
      const { evaluate } = operand
      return (values) => {
        const truth = evaluate(values)
        return truth === Truth.failed ? Truth.failed : truthOf(truth !== Truth.unknown)
      }
    }
    default:
      return always(Truth.yes)
  }
}

function propertyEquals({ index }: PropertyOperand, right: Operand): Evaluate {
  if (isNumber(right)) return orderOfProperty('=', index, orderAgainst(right), Truth.unknown)
  if (right.kind === 'string') return textEquals(index, right, Truth.unknown)
  if (right.kind === 'property') return propertiesEqual(index, right.index)
  if (right.kind !== 'condition') throw new Error(`property = ${right.kind} is missing`)
  const { evaluate } = right
  return (values) => {
    const start = values.start(index)
    const truth = evaluate(values)
    if (truth === Truth.failed) return Truth.failed
    if (truth === Truth.unknown) return start < 0 ? Truth.yes : Truth.no
    if (start < 0) return Truth.unknown
    return truthOf(isTrueText(values.bytes, start, values.length(index)) === (truth === Truth.yes))
  }
}

function equalsProperty(left: Operand, { index }: PropertyOperand): Evaluate {
  if (isNumber(left)) return orderOfProperty('=', index, orderAgainst(left), Truth.no)
  if (left.kind === 'string') return textEquals(index, left, Truth.no)
  if (left.kind !== 'condition') throw new Error(`${left.kind} = property is missing`)
  const { evaluate } = left
  // The original casts the truth value to text here, which fails.
  return (values) => {
    const truth = evaluate(values)
    if (truth === Truth.failed) return Truth.failed
    const isThere = values.start(index) >= 0
    if (truth === Truth.unknown) return isThere ? Truth.unknown : Truth.yes
    return isThere ? Truth.failed : Truth.no
  }
}

/** A condition on at least one side, on the other another one or a constant. */
function equalsCondition(left: Operand, right: Operand): Evaluate {
  if (left.kind === 'condition' && right.kind === 'condition') return conditionsEqual(left.evaluate, right.evaluate)
  if (left.kind === 'condition') {
    // A truth value is never a number; against text the original fails.
    const other = right.kind === 'string' ? Truth.failed : Truth.no
    return whenKnown(left.evaluate, Truth.unknown, () => other)
  }
  if (right.kind !== 'condition') throw new Error(`${left.kind} = ${right.kind} is missing`)
  if (left.kind !== 'string') return whenKnown(right.evaluate, Truth.no, () => Truth.no)
  const isTrue = isTrueText(left.bytes, 0, left.bytes.length)
  return whenKnown(right.evaluate, Truth.no, (truth) => truthOf(isTrue === (truth === Truth.yes)))
}

function conditionsEqual(left: Evaluate, right: Evaluate): Evaluate {
  return (values) => {
    const leftTruth = left(values)
    if (leftTruth === Truth.failed) return Truth.failed
    const rightTruth = right(values)
    if (rightTruth === Truth.failed) return Truth.failed
    if (leftTruth === rightTruth) return Truth.yes
    return leftTruth === Truth.unknown ? Truth.unknown : Truth.no
  }
}

function whenKnown(evaluate: Evaluate, unknown: Truth, known: (truth: Truth) => Truth): Evaluate {
  return (values) => {
    const truth = evaluate(values)
    if (truth === Truth.failed) return Truth.failed
    return truth === Truth.unknown ? unknown : known(truth)
  }
}

function textEquals(index: number, { bytes: wanted }: TextOperand, missing: Truth): Evaluate {
  return (values) => {
    const start = values.start(index)
    if (start < 0) return missing
    return truthOf(values.length(index) === wanted.length && equalsAt(values.bytes, start, wanted))
  }
}

function propertiesEqual(left: number, right: number): Evaluate {
  return (values) => {
    const leftStart = values.start(left)
    const rightStart = values.start(right)
    if (leftStart < 0) return rightStart < 0 ? Truth.yes : Truth.unknown
    if (rightStart < 0) return Truth.no
    const length = values.length(left)
    if (length !== values.length(right)) return Truth.no
    const { bytes } = values
    for (let i = 0; i < length; i++) if (bytes[leftStart + i] !== bytes[rightStart + i]) return Truth.no
    return Truth.yes
  }
}

function orderOfProperty(operator: Comparison, index: number, orderOf: OrderOfText, missing: Truth): Evaluate {
  return (values) => {
    const start = values.start(index)
    if (start < 0) return missing
    const order = orderOf(values.bytes, start, values.length(index))
    return Number.isNaN(order) ? Truth.failed : truthOf(holds(operator, order))
  }
}

/** Two texts are compared as doubles. */
function orderOfProperties(operator: Comparison, left: number, right: number): Evaluate {
  return (values) => {
    const leftStart = values.start(left)
    const rightStart = values.start(right)
    if (leftStart < 0 || rightStart < 0) return Truth.unknown
    const leftNumber = javaDouble(values.bytes, leftStart, values.length(left))
    const rightNumber = javaDouble(values.bytes, rightStart, values.length(right))
    if (leftNumber === undefined || rightNumber === undefined) return Truth.failed
    return truthOf(holds(operator, compareDoubles(leftNumber, rightNumber)))
  }
}

function equalsText(number: NumberOperand, { bytes }: TextOperand): Truth {
  const order = orderAgainst(number)(bytes, 0, bytes.length)
  return Number.isNaN(order) ? Truth.failed : truthOf(order === 0)
}

function orderAgainst(constant: NumberOperand): OrderOfText {
  if (constant.kind === 'double') {
    const { number } = constant
    return (bytes, start, length) => {
      const value = javaDouble(bytes, start, length)
      return value === undefined ? Number.NaN : compareDoubles(value, number)
    }
  }
  const { value: exact, number } = constant
  if (!constant.isLong) {
    return (bytes, start, length) => Math.sign(javaInt(bytes, start, length) - number)
  }
  return (bytes, start, length) => {
    const short = shortInteger(bytes, start, length)
    const value = Number.isNaN(short) ? javaLong(bytes, start, length) : short
    if (value === undefined) return Number.NaN
    return value < exact ? -1 : value > exact ? 1 : 0
  }
}

function orderOfNumbers(left: NumberOperand, right: NumberOperand): number {
  if (left.kind === 'double' || right.kind === 'double') return compareDoubles(left.number, right.number)
  return left.value < right.value ? -1 : left.value > right.value ? 1 : 0
}

const MIRRORED: Readonly<Record<Comparison, Comparison>> = { '=': '=', '>': '<', '>=': '<=', '<': '>', '<=': '>=' }

function holds(operator: Comparison, order: number): boolean {
  switch (operator) {
    case '=':
      return order === 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
    case '<':
      return order < 0
    default:
      return order <= 0
  }
}

function isNumber(operand: Operand): operand is NumberOperand {
  return operand.kind === 'integer' || operand.kind === 'double'
}

/** `true` in any case is true, every other text is not (Boolean.valueOf). */
function isTrueText(bytes: Uint8Array, start: number, length: number): boolean {
  return length === TRUE.length && TRUE.every((byte, i) => (bytes[start + i]! | 0x20) === byte)
}

const TRUE = Buffer.from('true')

function always(truth: Truth): Evaluate {
  return () => truth
}

function nothingUnlessFailed(evaluate: Evaluate): Evaluate {
  return (values) => (evaluate(values) === Truth.failed ? Truth.failed : Truth.unknown)
}

function ifPresent(index: number, evaluate: Evaluate): Evaluate {
  return (values) => (values.start(index) < 0 ? Truth.unknown : evaluate(values))
}
