import { z } from 'zod'
import type { ConfigPath } from '../config-problem.ts'

/** Removes optional, default and the like: what remains says what the value itself looks like. */
const unwrap = (schema: z.core.$ZodType): z.core.$ZodType => {
  let inner = schema
  for (;;) {
    if (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      inner = inner.def.innerType
    } else return inner
  }
}

const step = (schema: z.core.$ZodType, key: string | number): z.core.$ZodType | undefined => {
  const inner = unwrap(schema)
  if (inner instanceof z.ZodObject) return inner.shape[key]
  if (inner instanceof z.ZodArray) return inner.element
  if (inner instanceof z.ZodRecord) return inner.valueType
  if (inner instanceof z.ZodUnion) {
    for (const option of inner.options) {
      const found = step(option, key)
      if (found) return found
    }
  }
  return undefined
}

/** The keys an object at `path` may have; empty when no object is expected there. */
export const keysAt = (schema: z.core.$ZodType, path: ConfigPath): readonly string[] => {
  let current: z.core.$ZodType | undefined = schema
  for (const key of path) {
    current = current && step(current, key)
  }
  const inner = current && unwrap(current)
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
}
