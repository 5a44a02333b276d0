/** Edits (insert, delete, replace one character) that turn `a` into `b`. */
const editDistance = (a: string, b: string): number => {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replace = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(replace, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}

/**
 * The known name a mistyped one was probably meant to be: fewest edits, letter case ignored, the first of equals.
 * `undefined` when none is closer than half of the word, since a far-fetched hint misleads.
 */
export const nearestName = (name: string, known: Iterable<string>): string | undefined => {
  const wanted = name.toLowerCase()
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 2))
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > bestDistance) continue
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance < bestDistance || (distance === bestDistance && best === undefined)) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** A sentence that names the nearest known name, or lists the known ones when none is near. */
export const suggestName = (name: string, known: readonly string[]): string => {
  const near = nearestName(name, known)
  if (near !== undefined) return `Did you mean ${JSON.stringify(near)}?`
  if (known.length === 0) return 'Remove it.'
  return `Known here: ${known.join(', ')}.`
}
