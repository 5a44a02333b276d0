/*
 * An SQL92 expression as a tree. Four kinds of values occur: numbers (Java's int, long and double, by how they are
 * written), strings, truth values, and nothing (null). Properties are strings or nothing.
 */

export type Comparison = '=' | '>' | '>=' | '<' | '<='
export type TextTest = 'CONTAINS' | 'STARTSWITH' | 'ENDSWITH'

export type Literal =
  /** An int or a long: a long has more than 32 bits. */
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'double'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }

/** What is true, false or unknown. TRUE, FALSE and NULL are literals of this kind too. */
export type Condition =
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'all' | 'any'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  /** A property where a condition is expected. */
  | { readonly kind: 'truthOf'; readonly of: Property }
  | { readonly kind: 'in'; readonly of: Property; readonly texts: readonly string[]; readonly isNegated: boolean }
  | {
      readonly kind: 'text'
      readonly test: TextTest
      readonly of: Expression
      readonly part: string
      readonly isNegated: boolean
    }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }

interface Property {
  readonly kind: 'property'
  readonly name: string
}

interface Negation {
  readonly kind: 'negate'
  readonly of: Expression
}

export type Expression = Literal | Condition | Property | Negation

export function isLiteral(expression: Expression): expression is Literal {
  switch (expression.kind) {
    case 'integer':
    case 'double':
    case 'string':
    case 'boolean':
    case 'null':
      return true
    default:
      return false
  }
}

/** Undefined for what cannot be one: numbers, strings, negations. */
export function asCondition(expression: Expression): Condition | undefined {
  switch (expression.kind) {
    case 'property':
      return { kind: 'truthOf', of: expression }
    case 'integer':
    case 'double':
    case 'string':
    case 'negate':
      return undefined
    default:
      return expression
  }
}
