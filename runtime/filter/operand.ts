import type { Expression } from './expression.ts'
import { INT_MAX, INT_MIN } from './java-number.ts'
import type { Evaluate } from './truth.ts'

/** A whole number constant. Java compares in int, long or double; text is read as what stands on the other side. */
export interface IntegerOperand {
  readonly kind: 'integer'
  readonly isLong: boolean
  readonly value: bigint
  /** The value as a double. */
  readonly number: number
}

export interface DoubleOperand {
  readonly kind: 'double'
  readonly number: number
}

export interface PropertyOperand {
  readonly kind: 'property'
  /** Its place in the expression's PropertyValues. */
  readonly index: number
}

export interface TextOperand {
  readonly kind: 'string'
  readonly bytes: Uint8Array
}

/** One side of a comparison, as it is known before there is a message. */
export type Operand =
  | IntegerOperand
  | DoubleOperand
  | TextOperand
  | PropertyOperand
  | { readonly kind: 'condition'; readonly evaluate: Evaluate }
  | { readonly kind: 'nothing' }
  /** Nothing, unless working the condition out fails. */
  | { readonly kind: 'nothingAfter'; readonly evaluate: Evaluate }

/** What compiling needs to know of its surroundings. */
export interface Compiling {
  condition(expression: Expression): Evaluate
  /** The place of a property's name. */
  property(name: string): number
}

export function operandOf(expression: Expression, compiling: Compiling): Operand {
  switch (expression.kind) {
    case 'integer':
      return integerOperand(expression.value)
    case 'double':
      return { kind: 'double', number: expression.value }
    case 'string':
      return { kind: 'string', bytes: Buffer.from(expression.value) }
    case 'property':
      return { kind: 'property', index: compiling.property(expression.name) }
    case 'null':
      return { kind: 'nothing' }
    case 'negate':
      return negated(operandOf(expression.of, compiling))
    default:
      return { kind: 'condition', evaluate: compiling.condition(expression) }
  }
}

/** Numbers change their sign; of everything else, properties that hold a number included, nothing is left. */
function negated(operand: Operand): Operand {
  switch (operand.kind) {
    case 'integer':
      return integerOperand(-operand.value, operand.isLong)
    case 'double':
      return { kind: 'double', number: -operand.number }
    case 'condition':
    case 'nothingAfter':
      return { kind: 'nothingAfter', evaluate: operand.evaluate }
    default:
      return { kind: 'nothing' }
  }
}

function integerOperand(value: bigint, isLong = value > INT_MAX || value < INT_MIN): IntegerOperand {
  return { kind: 'integer', isLong, value, number: Number(value) }
}
