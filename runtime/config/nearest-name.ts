/** More different than this is another word, not a slip of the fingers. */
const DISTANCE_MAX = 4

/**
 * The name most probably meant: the same but for case, else the one fewest edits away, if it is near at all. Of
 * names equally near one that was only cut short is preferred.
 */
export function nearestName(wanted: string, names: Iterable<string>): string | undefined {
  const folded = wanted.toLowerCase()
  let nearest: string | undefined
  let nearestDistance = Math.min(DISTANCE_MAX, Math.floor(wanted.length / 2)) + 1
  for (const name of names) {
    const candidate = name.toLowerCase()
    if (candidate === folded) return name
    if (Math.abs(candidate.length - folded.length) > nearestDistance) continue
    const distance = editDistance(folded, candidate) - (candidate.startsWith(folded) ? 0.5 : 0)
    if (distance < nearestDistance) {
      nearest = name
      nearestDistance = distance
    }
  }
  return nearest
}

/** How many characters to insert, remove, replace or swap with their neighbour to get from one text to the other. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const current = [i]
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1]
      let distance = Math.min(current[j - 1]! + 1, last[j]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        distance = Math.min(distance, beforeLast[j - 2]! + 1)
      }
      current.push(distance)
    }
    beforeLast = last
    last = current
  }
  return last[to.length]!
}
