import { createHash } from 'node:crypto'

/*
 * A conf file with secrets in it comes to a container in a file beside the conf file, in the volume, where a variable would show
 * it to whoever may look at the container. It is put there before the container is made. Until then the container of before may
 * start again: what was not made for it, or is not whole, does not count, and it goes on with the conf file as it stands.
 *
 *   line 1   # <what the container was made for, a word> <SHA-256 of the rest of this file>
 *   rest     the text of the conf file
 */

/** Where it is, beside a conf file. */
export const givenConfPath = (confFile: string): string => `${confFile}.given`

const headOf = (madeFor: string, text: string): string =>
  `# ${madeFor} ${createHash('sha256').update(text).digest('hex')}`

/** @param madeFor tells containers apart that are made with different texts */
export const givenConf = (madeFor: string, text: string): string => `${headOf(madeFor, text)}\n${text}`

/** The text for a container that was made for this; undefined when there is none. */
export function givenTextOf(madeFor: string, file: string | undefined): string | undefined {
  const end = file?.indexOf('\n') ?? -1
  if (file === undefined || end < 0) return undefined
  const text = file.slice(end + 1)
  return file.slice(0, end) === headOf(madeFor, text) ? text : undefined
}
