/*
 * The words of an SQL92 expression, as the token section of Apache RocketMQ's SelectorParser.jj has them. Keywords are
 * known in any case; names are ASCII: a letter, `_` or `$`, then those and digits. Blanks and comments, `-- to the end
 * of the line` and the other kind, stand between words.
 */

type TokenKind = 'keyword' | 'name' | 'integer' | 'decimal' | 'string' | 'symbol' | 'illegal' | 'end'

export interface Token {
  readonly kind: TokenKind
  /** Keywords in upper case, strings without their quotes, of what is illegal the reason; else as it was written. */
  readonly text: string
  readonly position: number
}

const KEYWORDS: ReadonlySet<string> = new Set([
  'NOT',
  'AND',
  'OR',
  'BETWEEN',
  'IN',
  'TRUE',
  'FALSE',
  'NULL',
  'IS',
  'CONTAINS',
  'STARTSWITH',
  'ENDSWITH',
])

/** The first alternative that is longest wins, as in JavaCC: `5.5` is one number, `007` is three. */
const BETWEEN_WORDS = /(?:[ \t\n\r\f]|--[^\n\r]*(?:\r\n|[\n\r])|\/\*[^*]*\*(?:\*|[^*/][^*]*\*)*\/)+/y
const STRING = /'(?:''|[^'])*'/y
const DECIMAL = /\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/y
const INTEGER = /0|[1-9]\d*[lL]?/y
const WORD = /[A-Za-z_$][A-Za-z0-9_$]*/y
const SYMBOL = /<>|<=|>=|[=<>(),+-]/y

/** Splits an expression into words. The last one is of kind `end`, or `illegal` if it can be read no further. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  for (;;) {
    at += match(BETWEEN_WORDS, text, at).length
    if (at === text.length) break
    const token = tokenAt(text, at)
    tokens.push(token)
    if (token.kind === 'illegal') return tokens
    at += token.kind === 'string' ? match(STRING, text, at).length : token.text.length
  }
  tokens.push({ kind: 'end', text: '', position: at })
  return tokens
}

function tokenAt(text: string, position: number): Token {
  const quoted = match(STRING, text, position)
  if (quoted !== '') return { kind: 'string', text: quoted.slice(1, -1).replaceAll("''", "'"), position }
  const decimal = match(DECIMAL, text, position)
  if (decimal !== '') return { kind: 'decimal', text: decimal, position }
  const integer = match(INTEGER, text, position)
  if (integer !== '') return { kind: 'integer', text: integer, position }
  const word = match(WORD, text, position)
  if (word !== '') {
    const keyword = word.toUpperCase()
    return KEYWORDS.has(keyword) ? { kind: 'keyword', text: keyword, position } : { kind: 'name', text: word, position }
  }
  const symbol = match(SYMBOL, text, position)
  if (symbol !== '') return { kind: 'symbol', text: symbol, position }
  return { kind: 'illegal', text: reasonFor(text, position), position }
}

function reasonFor(text: string, position: number): string {
  if (text[position] === "'") return 'the string that begins here has no end; a quote inside a string is written twice'
  if (text.startsWith('/*', position)) return 'the comment that begins here has no end'
  if (text[position] === '"') return "strings stand in single quotes ('), names in none"
  const character = String.fromCodePoint(text.codePointAt(position)!)
  return `${JSON.stringify(character)} has no meaning in an expression`
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}
