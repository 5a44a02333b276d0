import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

const ownerOnly = 0o600
const ownerOnlyFolder = 0o700

/** A folder that nobody but its owner looks into. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: ownerOnlyFolder })
  // The mode counts only for a folder that is new.
  chmodSync(path, ownerOnlyFolder)
}

/** Undefined when it is not there. */
export const textOf = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)

/**
 * Writes a file for its owner's eyes, in one step: who reads it never sees half of it. One that holds the text already is left alone.
 * @returns whether it has changed
 */
export function writePrivate(path: string, text: string): boolean {
  if (textOf(path) === text) {
    chmodSync(path, ownerOnly)
    return false
  }
  const temporary = `${path}.new`
  writeFileSync(temporary, text, { mode: ownerOnly })
  chmodSync(temporary, ownerOnly)
  renameSync(temporary, path)
  return true
}
