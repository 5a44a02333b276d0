import { dirname } from 'node:path'
import { writeFileAtomic } from '../io/atomic-file.ts'
import type { Disk } from '../io/disk.ts'

/*
 * The .properties format of java.util.Properties (its class comment is the specification).
 *
 * Apache RocketMQ opens conf files as a byte stream, which Java decodes as ISO-8859-1: one byte, one character, anything
 * else as \uXXXX. Bytes that are UTF-8 therefore arrive mangled there; here too, because a path read differently by the
 * two engines would be two different stores. The parser of conf tables warns about such values.
 */

interface PropertyEntry {
  readonly key: string
  readonly value: string
  /** Line of the file where the entry starts, the first being 1. */
  readonly line: number
  /** Where the entry stands in the text: from its key up to, not including, its final line terminator. */
  readonly start: number
  readonly end: number
}

interface PropertyFault {
  readonly line: number
  readonly message: string
}

export interface ParsedProperties {
  /** In file order; a key set twice is there twice, and the last one counts. */
  readonly entries: readonly PropertyEntry[]
  readonly faults: readonly PropertyFault[]
}

/** The characters of a conf file as Java sees them: ISO-8859-1. */
export function decodeProperties(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Reads properties text; never throws. An entry that Java would refuse (a broken \uXXXX) is reported, not returned. */
export function parseProperties(text: string): ParsedProperties {
  const entries: PropertyEntry[] = []
  const faults: PropertyFault[] = []
  let at = 0
  let line = 1
  while (at < text.length) {
    const start = skipBlanks(text, at)
    const first = text[start]
    if (first === undefined) break
    if (isTerminator(first)) {
      at = afterTerminator(text, start)
      line++
      continue
    }
    if (first === '#' || first === '!') {
      at = afterTerminator(text, endOfNaturalLine(text, start))
      line++
      continue
    }
    if (first === '\\' && opensWithEmptyContinuation(text, start)) {
      at = afterTerminator(text, start + 1)
      line++
      continue
    }
    const logical = readLogicalLine(text, start)
    try {
      const [key, value] = splitEntry(logical.content)
      entries.push({ key, value, line, start, end: logical.end })
    } catch (error) {
      if (!(error instanceof PropertySyntaxError)) throw error
      faults.push({ line, message: error.message })
    }
    at = afterTerminator(text, logical.end)
    line += logical.naturalLines
  }
  return { entries, faults }
}

/** One `key=value` line, without terminator, that Java and {@link parseProperties} read back to the same two strings. */
export function renderProperty(key: string, value: string): string {
  return `${escapeKey(key)}=${escapeValue(value)}`
}

/**
 * Sets keys in properties text. Comments, order, blank lines and all other entries stay as they are; where a key is set
 * twice the last, the one that counts, is replaced; new keys go to the end.
 */
export function editProperties(text: string, changes: ReadonlyMap<string, string>): string {
  const last = new Map<string, PropertyEntry>()
  for (const entry of parseProperties(text).entries) last.set(entry.key, entry)
  let edited = ''
  let copied = 0
  const replaced = [...last.values()].filter((entry) => changes.has(entry.key)).sort((a, b) => a.start - b.start)
  for (const entry of replaced) {
    edited += text.slice(copied, entry.start) + renderProperty(entry.key, changes.get(entry.key) ?? '')
    copied = entry.end
  }
  edited += text.slice(copied)
  const added = [...changes].filter(([key]) => !last.has(key)).map(([key, value]) => `${renderProperty(key, value)}\n`)
  if (added.length === 0) return edited
  return terminated(edited) + added.join('')
}

/**
 * Persists configuration changes to a conf file (created with its folder if missing), atomically. Apache RocketMQ
 * replaces the file by a dump of all several hundred keys and so loses comments and order; this edits it in place.
 *
 * Throws the disk's error; the file is then as it was.
 */
export function updatePropertiesFile(disk: Disk, path: string, changes: ReadonlyMap<string, string>): void {
  const text = disk.stat(path) ? decodeProperties(disk.readFile(path)) : ''
  disk.makeFolder(dirname(path))
  writeFileAtomic(disk, path, Buffer.from(editProperties(text, changes), 'latin1'))
}

class PropertySyntaxError extends Error {}

/** Text that ends so that a line added to it is an entry of its own: terminated, and past a trailing continuation. */
function terminated(text: string): string {
  const count = parseProperties(text).entries.filter((entry) => entry.key !== '').length
  const ends = ['', '\n', '\n\n'].find((end) => {
    const added = parseProperties(`${text}${end}tx=y`).entries.filter((entry) => entry.key !== '')
    return added.length === count + 1 && added.at(-1)?.key === 'tx'
  })
  return text + (ends ?? '\n\n')
}

/** Java drops a line that is nothing but a backslash, so that the next one may still be a comment; not so at the end. */
function opensWithEmptyContinuation(text: string, start: number): boolean {
  const next = text[start + 1]
  return next !== undefined && isTerminator(next) && afterTerminator(text, start + 1) < text.length
}

interface LogicalLine {
  readonly content: string
  readonly end: number
  readonly naturalLines: number
}

/** Joins continued lines: an odd run of backslashes before a terminator drops it and the blanks that open the next line. */
function readLogicalLine(text: string, start: number): LogicalLine {
  let content = ''
  let from = start
  let naturalLines = 1
  for (;;) {
    const end = endOfNaturalLine(text, from)
    let backslashes = 0
    while (end - 1 - backslashes >= from && text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return { content: content + text.slice(from, end), end, naturalLines }
    content += text.slice(from, end - 1)
    const next = afterTerminator(text, end)
    if (next >= text.length) return { content, end, naturalLines }
    from = skipBlanks(text, next)
    naturalLines++
  }
}

function splitEntry(content: string): [string, string] {
  let keyEnd = 0
  while (keyEnd < content.length) {
    const char = content[keyEnd]!
    if (char === '\\') {
      keyEnd += 2
      continue
    }
    if (char === '=' || char === ':' || isBlank(char)) break
    keyEnd++
  }
  let valueStart = skipBlanks(content, keyEnd)
  if (content[valueStart] === '=' || content[valueStart] === ':') valueStart = skipBlanks(content, valueStart + 1)
  return [unescapeText(content.slice(0, keyEnd)), unescapeText(content.slice(valueStart))]
}

const ESCAPED: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescapeText(raw: string): string {
  if (!raw.includes('\\')) return raw
  let plain = ''
  for (let i = 0; i < raw.length; i++) {
    const char = raw[i]!
    if (char !== '\\') {
      plain += char
      continue
    }
    const escaped = raw[++i] ?? ''
    if (escaped !== 'u') {
      plain += ESCAPED[escaped] ?? escaped
      continue
    }
    const digits = raw.slice(i + 1, i + 5)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
      throw new PropertySyntaxError(`"\\u${digits}" is not a character: \\u takes four hexadecimal digits`)
    }
    plain += String.fromCharCode(Number.parseInt(digits, 16))
    i += 4
  }
  return plain
}

function escapeKey(key: string): string {
  return escapeText(key).replace(/[ =:#!]/g, '\\$&')
}

/** Blanks inside a value stand as they are; one that opens it would be taken for the separator. */
function escapeValue(value: string): string {
  return escapeText(value).replace(/^ /, '\\ ')
}

function escapeText(text: string): string {
  return text.replace(/[\\\t\n\r\f]|[^\x20-\x7e]/g, (char) => {
    const short = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\f': '\\f' }[char]
    return short ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`
  })
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\f'
}

function isTerminator(char: string): boolean {
  return char === '\n' || char === '\r'
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (isBlank(text[at])) at++
  return at
}

function endOfNaturalLine(text: string, from: number): number {
  let at = from
  while (at < text.length && !isTerminator(text[at]!)) at++
  return at
}

/** Past one terminator (\n, \r or \r\n) at `at`, or the end of the text. */
function afterTerminator(text: string, at: number): number {
  return text[at] === '\r' && text[at + 1] === '\n' ? at + 2 : at + 1
}
