import type { PropertyValues } from './property-values.ts'

/**
 * What a condition comes to for one message. `failed` is an exception in the original, as for `a > 5` when a is `x`:
 * whatever stands around it, the message does not match, unless AND or OR was decided before.
 */
export const Truth = { no: 0, yes: 1, unknown: 2, failed: 3 } as const

export type Truth = (typeof Truth)[keyof typeof Truth]

/** A compiled condition. */
export type Evaluate = (values: PropertyValues) => Truth

export function truthOf(value: boolean): Truth {
  return value ? Truth.yes : Truth.no
}
