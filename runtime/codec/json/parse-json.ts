import type { JsonObject, JsonValue } from './json-value.ts'

/** RocketMQ's deepest body has some 8 levels; a text with more than this is an attack on the stack. */
export const JSON_DEPTH_MAX = 128

/** Where and why a text is not JSON. `offset` counts UTF-16 units from 0; `line` and `column` count from 1. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError'
  readonly offset: number
  readonly line: number
  readonly column: number

  constructor(problem: string, text: string, offset: number) {
    const before = text.slice(0, offset)
    const line = before.split('\n').length
    const column = offset - before.lastIndexOf('\n')
    super(`${problem} at line ${line}, column ${column}`)
    this.offset = offset
    this.line = line
    this.column = column
  }
}

/**
 * Reads standard JSON and what fastjson 1 and 2 write and read besides: keys without quotes ({0:"a"}), keys that are
 * objects ({{"topic":"T"}:1}; the key is then the text of that object as it stands), single quotes, comments, trailing
 * commas, a byte order mark, control characters inside strings, the escapes \x41 \v \' \0, numbers like 01, .5, +1, 1L.
 *
 * A whole number beyond 2^53 becomes the string of its digits, which Java readers take for the number: nothing is lost
 * when it is written again. {@link ./json-fields.ts} reads it as the nearest safe integer where a number is asked for.
 *
 * @throws JsonSyntaxError
 */
export function parseJson(text: string): JsonValue {
  const parser = new Parser(text)
  return parser.document()
}

/** Like {@link parseJson} for UTF-8 bytes. */
export function parseJsonBytes(bytes: Uint8Array): JsonValue {
  return parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
}

const QUOTE = 0x22
const APOSTROPHE = 0x27
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

const BARE_KEY = /[A-Za-z0-9_$.+-]+/y
const NUMBER = /([+-]?)(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?([LSBFD]?)(?![\w$.])/y
const STRING_RUN = { [QUOTE]: /[^"\\]*/y, [APOSTROPHE]: /[^'\\]*/y }

class Parser {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): JsonValue {
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at = 1
    const value = this.#value()
    this.#skipBlanks()
    if (this.#at < this.#text.length) this.#fail(`${this.#found()} after the end of the value`)
    return value
  }

  #value(): JsonValue {
    this.#skipBlanks()
    const char = this.#text.charCodeAt(this.#at)
    if (char === OPEN_BRACE) return this.#object()
    if (char === OPEN_BRACKET) return this.#array()
    if (char === QUOTE || char === APOSTROPHE) return this.#string(char)
    if ((char >= 0x30 && char <= 0x39) || char === 0x2d || char === 0x2b || char === 0x2e) return this.#number()
    if (this.#word('true')) return true
    if (this.#word('false')) return false
    if (this.#word('null')) return null
    return this.#fail(`expected a value but found ${this.#found()}`)
  }

  #object(): JsonObject {
    const object: JsonObject = Object.create(null)
    this.#enter()
    for (;;) {
      this.#skipBlanks()
      if (this.#take(CLOSE_BRACE)) break
      const key = this.#key()
      this.#skipBlanks()
      if (!this.#take(COLON)) this.#fail(`expected ":" after the key "${key}" but found ${this.#found()}`)
      object[key] = this.#value()
      this.#skipBlanks()
      if (this.#take(COMMA)) continue
      if (this.#take(CLOSE_BRACE)) break
      this.#fail(`expected "," or "}" but found ${this.#found()}`)
    }
    this.#depth--
    return object
  }

  #array(): JsonValue[] {
    const list: JsonValue[] = []
    this.#enter()
    for (;;) {
      this.#skipBlanks()
      if (this.#take(CLOSE_BRACKET)) break
      list.push(this.#value())
      this.#skipBlanks()
      if (this.#take(COMMA)) continue
      if (this.#take(CLOSE_BRACKET)) break
      this.#fail(`expected "," or "]" but found ${this.#found()}`)
    }
    this.#depth--
    return list
  }

  #key(): string {
    const char = this.#text.charCodeAt(this.#at)
    if (char === QUOTE || char === APOSTROPHE) return this.#string(char)
    if (char === OPEN_BRACE) {
      const start = this.#at
      this.#object()
      return this.#text.slice(start, this.#at)
    }
    return this.#run(BARE_KEY) ?? this.#fail(`expected a key but found ${this.#found()}`)
  }

  #string(quote: typeof QUOTE | typeof APOSTROPHE): string {
    const start = this.#at++
    let plain = ''
    for (;;) {
      plain += this.#run(STRING_RUN[quote]!) ?? ''
      const char = this.#text.charCodeAt(this.#at)
      if (char === quote) {
        this.#at++
        return plain
      }
      if (char !== BACKSLASH) throw new JsonSyntaxError('a string without end', this.#text, start)
      plain += this.#escape()
    }
  }

  #escape(): string {
    const escaped = this.#text[this.#at + 1] ?? ''
    if (escaped === 'u' || escaped === 'x') {
      const digits = this.#text.slice(this.#at + 2, this.#at + (escaped === 'u' ? 6 : 4))
      if (!/^([0-9a-fA-F]{2}|[0-9a-fA-F]{4})$/.test(digits) || digits.length !== (escaped === 'u' ? 4 : 2)) {
        this.#fail(`"\\${escaped}${digits}" is not a character`)
      }
      this.#at += 2 + digits.length
      return String.fromCharCode(Number.parseInt(digits, 16))
    }
    const plain = ESCAPES[escaped]
    if (plain === undefined) return this.#fail(`"\\${escaped}" is not an escape`)
    this.#at += 2
    return plain
  }

  #number(): number | string {
    NUMBER.lastIndex = this.#at
    const match = NUMBER.exec(this.#text)
    if (!match) return this.#fail(`${this.#found()} is not a number`)
    this.#at = NUMBER.lastIndex
    const [, sign = '', digits = '', exponent = ''] = match
    const value = Number(sign + digits + exponent)
    if (Number.isSafeInteger(value) || exponent !== '' || digits.includes('.')) return value
    return (sign === '-' ? '-' : '') + digits.replace(/^0+/, '')
  }

  #enter(): void {
    if (++this.#depth > JSON_DEPTH_MAX) this.#fail(`more than ${JSON_DEPTH_MAX} levels`)
    this.#at++
  }

  #take(char: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== char) return false
    this.#at++
    return true
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false
    BARE_KEY.lastIndex = this.#at
    if (BARE_KEY.exec(this.#text)?.[0] !== word) return false
    this.#at += word.length
    return true
  }

  #run(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    if (!pattern.test(this.#text)) return undefined
    const start = this.#at
    this.#at = pattern.lastIndex
    return this.#text.slice(start, this.#at)
  }

  /** Blanks and comments. */
  #skipBlanks(): void {
    for (;;) {
      const char = this.#text.charCodeAt(this.#at)
      if (char === 0x20 || (char >= 0x09 && char <= 0x0d)) this.#at++
      else if (char !== 0x2f) return
      else if (this.#text.startsWith('//', this.#at)) this.#skipPast('\n', this.#text.length)
      else if (this.#text.startsWith('/*', this.#at)) this.#skipPast('*/', undefined)
      else return
    }
  }

  #skipPast(end: string, otherwise: number | undefined): void {
    const found = this.#text.indexOf(end, this.#at + 2)
    if (found >= 0) this.#at = found + end.length
    else this.#at = otherwise ?? this.#fail('a comment without end')
  }

  #found(): string {
    const char = this.#text.codePointAt(this.#at)
    if (char === undefined) return 'the end of the text'
    if (char < 0x20 || char === 0x7f) return `the control character 0x${char.toString(16).padStart(2, '0')}`
    return `"${String.fromCodePoint(char)}"`
  }

  #fail(problem: string): never {
    throw new JsonSyntaxError(problem, this.#text, this.#at)
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  __proto__: null as never,
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  0: '\0',
}
