import { createHash } from 'node:crypto'

/*
 * A container's conf file comes in a variable, which lasts as long as the container. Settings that are changed while the node runs
 * are kept beside the conf file, in the volume, as the whole text of the file, so that a node that starts again has them. It only
 * counts for the variable it was made for, and only when it is whole:
 *
 *   line 1   # <SHA-256 of the variable's text> <SHA-256 of the rest of this file>
 *   rest     the text of the conf file
 */

/** Where it is, beside a conf file. */
export const liveConfPath = (confFile: string): string => `${confFile}.live`

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

const headOf = (given: string, text: string): string => `# ${hash(given)} ${hash(text)}`

/** @param given the text in the variable @param text the one that counts instead */
export const liveConf = (given: string, text: string): string => `${headOf(given, text)}\n${text}`

/** The text that counts: the one of the file, if it was made for what the variable holds, or else that. */
export function confTextOf(given: string, file: string | undefined): string {
  const end = file?.indexOf('\n') ?? -1
  if (file === undefined || end < 0) return given
  const text = file.slice(end + 1)
  return file.slice(0, end) === headOf(given, text) ? text : given
}
