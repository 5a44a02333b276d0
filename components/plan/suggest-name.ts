import { nearestName } from '../../runtime/config/nearest-name.ts'

/** A sentence that names the nearest known name, or lists the known ones when none is near. */
export const suggestName = (name: string, known: readonly string[]): string => {
  const near = nearestName(name, known)
  if (near !== undefined) return `Did you mean ${JSON.stringify(near)}?`
  if (known.length === 0) return 'Remove it.'
  return `Known here: ${known.join(', ')}.`
}
