import type { CommandView } from './command-view.ts'
import { MalformedFrameError } from './frame.ts'
import { languageByte } from './language-code.ts'
import { parseInteger } from './parse-integer.ts'

/*
 * Header of serialize type 0: one JSON object
 *
 *   {"code":10,"extFields":{"topic":"T","queueId":"3"},"flag":0,"language":"JAVA","opaque":7,
 *    "remark":"...","serializeTypeCurrentRPC":"JSON","version":513}
 *
 * Scanned byte by byte, once, without making objects: JSON.parse of it is the largest single cost of a naive broker.
 * Strings are unescaped in place (the decoded form is never longer), because the \u0001 and \u0002 of message properties
 * make escapes the normal case.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COLON = 0x3a
const COMMA = 0x2c
const LOWER_N = 0x6e
const LOWER_U = 0x75
/** Nesting inside values that no official header has and that we skip. */
const MAX_DEPTH = 16

/** Scanner state. One is enough: scanning is synchronous and never re-entered. */
let bytes: Uint8Array = new Uint8Array(0)
let at = 0
let end = 0
/** The last string or bare value: its bytes. */
let valueStart = 0
let valueLength = 0

export function scanJsonHeader(command: CommandView, buffer: Uint8Array, headerStart: number, headerEnd: number): void {
  bytes = buffer
  at = headerStart
  end = headerEnd
  command.code = 0
  command.language = 0
  command.version = 0
  command.opaque = 0
  command.flag = 0
  expect(OPEN_BRACE)
  if (skipIf(CLOSE_BRACE)) return
  do {
    scanString()
    const keyStart = valueStart
    const keyLength = valueLength
    expect(COLON)
    scanMember(command, keyStart, keyLength)
  } while (skipIf(COMMA))
  expect(CLOSE_BRACE)
}

/** Members are told apart by length and first letter: code 4c, flag 4f, opaque 6o, remark 6r, version 7, language 8, extFields 9. */
function scanMember(command: CommandView, keyStart: number, keyLength: number): void {
  const first = bytes[keyStart]
  if (keyLength === 9 && first === 0x65) {
    scanExtFields(command)
    return
  }
  scanValue()
  if (keyLength === 4 && first === 0x63) command.code = int32('code')
  else if (keyLength === 4 && first === 0x66) command.flag = int32('flag')
  else if (keyLength === 6 && first === 0x6f) command.opaque = int32('opaque')
  else if (keyLength === 7 && first === 0x76) command.version = int32('version')
  else if (keyLength === 8 && first === 0x6c) command.language = languageOfValue()
  else if (keyLength === 6 && first === 0x72 && !isNull()) {
    command.remarkStart = valueStart
    command.remarkLength = valueLength
  }
}

function scanExtFields(command: CommandView): void {
  skipSpace()
  if (bytes[at] === LOWER_N) {
    scanBare()
    return
  }
  expect(OPEN_BRACE)
  if (skipIf(CLOSE_BRACE)) return
  do {
    scanString()
    const keyStart = valueStart
    const keyLength = valueLength
    expect(COLON)
    skipSpace()
    const quoted = bytes[at] === QUOTE
    scanValue()
    // Some clients send numbers and booleans bare; a bare null is a field that is not there.
    if (quoted || !isNull()) command.fields.add(keyStart, keyLength, valueStart, valueLength)
  } while (skipIf(COMMA))
  expect(CLOSE_BRACE)
}

function scanValue(): void {
  skipSpace()
  const first = bytes[at]
  if (first === QUOTE) scanString()
  else if (first === OPEN_BRACE || first === OPEN_BRACKET) skipNested()
  else scanBare()
}

/** A JSON string; leaves its decoded bytes in valueStart, valueLength. */
function scanString(): void {
  expect(QUOTE)
  const start = at
  let i = at
  while (i < end) {
    const byte = bytes[i]
    if (byte === QUOTE) {
      valueStart = start
      valueLength = i - start
      at = i + 1
      return
    }
    if (byte === BACKSLASH) {
      scanEscapedString(start, i)
      return
    }
    i++
  }
  throw malformed('a string without its closing quote')
}

function scanEscapedString(start: number, firstEscape: number): void {
  let from = firstEscape
  let to = firstEscape
  while (from < end) {
    const byte = bytes[from]!
    if (byte === QUOTE) {
      valueStart = start
      valueLength = to - start
      at = from + 1
      return
    }
    if (byte !== BACKSLASH) {
      bytes[to++] = byte
      from++
    } else if (bytes[from + 1] === LOWER_U) {
      const unit = hex4(from + 2)
      from += 6
      if (unit < 0x80) bytes[to++] = unit
      else {
        const low = unit >= 0xd800 && unit < 0xdc00 && bytes[from] === BACKSLASH && bytes[from + 1] === LOWER_U
        const second = low ? hex4(from + 2) : 0
        if (second >= 0xdc00 && second < 0xe000) {
          from += 6
          to = putUtf8(to, 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00))
        } else to = putUtf8(to, unit)
      }
    } else {
      bytes[to++] = simpleEscape(bytes[from + 1])
      from += 2
    }
  }
  throw malformed('a string without its closing quote')
}

function simpleEscape(letter: number | undefined): number {
  switch (letter) {
    case 0x6e:
      return 0x0a
    case 0x74:
      return 0x09
    case 0x72:
      return 0x0d
    case 0x62:
      return 0x08
    case 0x66:
      return 0x0c
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
      return letter
    default:
      throw malformed(`an unknown escape \\${String.fromCharCode(letter ?? 0x20)}`)
  }
}

function hex4(position: number): number {
  let value = 0
  for (let i = position; i < position + 4; i++) {
    const byte = bytes[i] ?? 0
    let digit = byte - 0x30
    if (digit > 9) digit = (byte | 0x20) - 0x57
    if (i >= end || digit < 0 || digit > 15 || (digit > 9 && (byte | 0x20) < 0x61))
      throw malformed('a broken \\u escape')
    value = (value << 4) | digit
  }
  return value
}

/** A lone surrogate becomes U+FFFD, as Java's encoder would write "?" and nobody can read it anyway. */
function putUtf8(to: number, point: number): number {
  if (point < 0x800) {
    bytes[to] = 0xc0 | (point >> 6)
    bytes[to + 1] = 0x80 | (point & 0x3f)
    return to + 2
  }
  if (point < 0x10000) {
    const shown = point >= 0xd800 && point < 0xe000 ? 0xfffd : point
    bytes[to] = 0xe0 | (shown >> 12)
    bytes[to + 1] = 0x80 | ((shown >> 6) & 0x3f)
    bytes[to + 2] = 0x80 | (shown & 0x3f)
    return to + 3
  }
  bytes[to] = 0xf0 | (point >> 18)
  bytes[to + 1] = 0x80 | ((point >> 12) & 0x3f)
  bytes[to + 2] = 0x80 | ((point >> 6) & 0x3f)
  bytes[to + 3] = 0x80 | (point & 0x3f)
  return to + 4
}

/** A number, true, false or null. */
function scanBare(): void {
  valueStart = at
  while (at < end && isBareByte(bytes[at]!)) at++
  valueLength = at - valueStart
  if (valueLength === 0) throw malformed('a value is missing')
}

function isBareByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45
  )
}

/** An object or array where official headers have none: taken as its raw text. */
function skipNested(): void {
  const start = at
  let depth = 0
  do {
    const byte = bytes[at]
    if (at >= end) throw malformed('an unclosed object or array')
    if (byte === QUOTE) scanString()
    else {
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
      if (depth > MAX_DEPTH) throw malformed(`values nested deeper than ${MAX_DEPTH}`)
      at++
    }
  } while (depth > 0)
  valueStart = start
  valueLength = at - start
}

function isNull(): boolean {
  return valueLength === 4 && bytes[valueStart] === LOWER_N && bytes[valueStart + 1] === LOWER_U
}

function languageOfValue(): number {
  // JAVA is nearly every request: spare it the string.
  if (valueLength === 4 && bytes[valueStart] === 0x4a) return 0
  return languageByte(Buffer.from(bytes.buffer, bytes.byteOffset + valueStart, valueLength).toString('latin1'))
}

function int32(member: string): number {
  const value = parseInteger(bytes, valueStart, valueLength)
  if (value !== (value | 0)) throw malformed(`"${member}" is not an int`)
  return value
}

function expect(byte: number): void {
  skipSpace()
  if (at >= end || bytes[at] !== byte) throw malformed(`'${String.fromCharCode(byte)}' expected`)
  at++
}

function skipIf(byte: number): boolean {
  skipSpace()
  if (at >= end || bytes[at] !== byte) return false
  at++
  return true
}

function skipSpace(): void {
  while (at < end) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
    at++
  }
}

function malformed(what: string): MalformedFrameError {
  return new MalformedFrameError(`JSON header: ${what} at byte ${at} of the receive buffer`)
}
