/** A text that two values share exactly when they hold the same, whatever the order of their keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

/** Whether two plain values (as JSON has them) are equal; a key that holds undefined counts as absent. */
export const isSameValue = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b)
