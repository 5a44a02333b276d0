/** Leaves out what is undefined. */
export function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

/** The same at every depth. */
export type DeeplyGiven<T> = T extends readonly (infer Each)[]
  ? DeeplyGiven<Each>[]
  : T extends object
    ? { [K in keyof T]: DeeplyGiven<Exclude<T[K], undefined>> }
    : T

/** Leaves out what is undefined, at every depth. */
export function deeplyGiven<T>(value: T): DeeplyGiven<T> {
  if (Array.isArray(value)) return value.map(deeplyGiven) as never
  if (typeof value !== 'object' || value === null) return value as never
  const present = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(present.map(([key, inner]) => [key, deeplyGiven(inner)])) as never
}
