import { closeSync, copyFileSync, fstatSync, openSync, readSync, renameSync, statSync, truncateSync } from 'node:fs'

/** A log is cut when it has grown beyond this; checked every few seconds, so it may be a little longer for a moment. */
const logSizeBytesMax = 16 * 1024 * 1024
/** Older parts kept beside it as .1, .2, .3, the newest first. */
const logPartsMax = 3

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/**
 * Cuts a log that has become too long. The node keeps the file open for appending, so it is copied and emptied, not
 * renamed; what the node writes between the two is lost, some microseconds' worth.
 */
export function rotateLog(path: string, sizeBytesMax = logSizeBytesMax): boolean {
  if (sizeOf(path) <= sizeBytesMax) return false
  for (let part = logPartsMax - 1; part >= 1; part--) {
    if (sizeOf(`${path}.${part}`) > 0) renameSync(`${path}.${part}`, `${path}.${part + 1}`)
  }
  copyFileSync(path, `${path}.1`)
  truncateSync(path)
  return true
}

/** The end of a file as text, at most `bytesMax` of it; empty when there is no such file. */
export function readTail(path: string, bytesMax: number): string {
  if (sizeOf(path) === 0) return ''
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const bytes = Buffer.alloc(Math.min(size, bytesMax))
    const count = readSync(file, bytes, 0, bytes.length, size - bytes.length)
    return bytes.toString('utf8', 0, count)
  } finally {
    closeSync(file)
  }
}

const errorLevels: ReadonlySet<unknown> = new Set(['error', 'fatal'])

interface LogLine {
  readonly level?: string
  readonly msg?: string
  readonly err?: { readonly message?: string }
}

/** A JSON log line's message with its error; other lines as they are. */
function messageOf(line: string): { text: string; isError: boolean } {
  if (!line.startsWith('{')) return { text: line, isError: false }
  try {
    const { level, msg = '', err } = JSON.parse(line) as LogLine
    const text = err?.message === undefined || msg.includes(err.message) ? msg : `${msg}: ${err.message}`
    return { text, isError: errorLevels.has(level) }
  } catch {
    // Cut off by the crash that is being explained: better shown raw than not at all.
    return { text: line, isError: false }
  }
}

/** Java's stack traces are long: where it came from is at their head. */
const tailBytes = 32 * 1024

/** Frames of a Java stack trace, and what was suppressed while it was dealt with: they say nothing to a user. */
const isStackFrame = (line: string): boolean => /^\s+(at |\.\.\. \d+ more|Suppressed: |Caused by: )/.test(line)
const cause = 'Caused by: '

/** What a node said last before it died: its last error line, or else its last line; of a Java exception head and cause. */
export function lastWords(path: string): string | undefined {
  const lines = readTail(path, tailBytes)
    .split('\n')
    .filter((line) => line.trim() !== '' && !isStackFrame(line))
    .map(messageOf)
  const last = lines.findLast((line) => line.isError) ?? lines.at(-1)
  if (last === undefined || !last.text.startsWith(cause)) return last?.text
  const head = lines.findLast((line) => !line.text.startsWith(cause))
  return head === undefined ? last.text : `${head.text}: ${last.text.slice(cause.length)}`
}
