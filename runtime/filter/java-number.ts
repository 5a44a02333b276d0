/*
 * Numbers as Java reads them from text: Integer.valueOf, Long.valueOf and Double.valueOf. Text is UTF-8 at `start` of
 * `bytes`. What these refuse is NaN or undefined here.
 */

export const INT_MIN = -(2 ** 31)
export const INT_MAX = 2 ** 31 - 1
const LONG_MIN = -(2n ** 63n)
const LONG_MAX = 2n ** 63n - 1n
/** So many digits are exact in a double. */
const SAFE_DIGITS = 15

/** An int, NaN if the text is none. */
export function javaInt(bytes: Uint8Array, start: number, length: number): number {
  const value = shortInteger(bytes, start, length)
  if (!Number.isNaN(value)) return value >= INT_MIN && value <= INT_MAX ? value : Number.NaN
  const long = javaLong(bytes, start, length)
  return long !== undefined && long >= INT_MIN && long <= INT_MAX ? Number(long) : Number.NaN
}

/** A whole number of at most {@link SAFE_DIGITS} ASCII digits, NaN for all else. */
export function shortInteger(bytes: Uint8Array, start: number, length: number): number {
  const first = bytes[start]
  const isNegative = first === 0x2d
  const digits = isNegative || first === 0x2b ? start + 1 : start
  const end = start + length
  if (digits >= end || end - digits > SAFE_DIGITS) return Number.NaN
  let value = 0
  for (let at = digits; at < end; at++) {
    const digit = bytes[at]! - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return isNegative ? -value + 0 : value
}

/** A long, for numbers that are too long for {@link shortInteger} or not written in ASCII. */
export function javaLong(bytes: Uint8Array, start: number, length: number): bigint | undefined {
  const text = textOf(bytes, start, length)
  if (!/^[+-]?\p{Nd}+$/u.test(text)) return undefined
  const value = BigInt(asciiDigits(text.replace(/^[+-]/, '')))
  const signed = text.startsWith('-') ? -value : value
  return signed >= LONG_MIN && signed <= LONG_MAX ? signed : undefined
}

/** Digits of any script: they stand in rows of ten that begin with the zero. */
function asciiDigits(text: string): string {
  if (/^\d+$/.test(text)) return text
  let ascii = ''
  for (const character of text) {
    const code = character.codePointAt(0)!
    let zero = code
    while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--
    ascii += code - zero
  }
  return ascii
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?$/
const HEX = /^([+-]?)0[xX](?:([\da-fA-F]+)\.?|([\da-fA-F]*)\.([\da-fA-F]+))[pP]([+-]?\d+)[fFdD]?$/
const WORDS: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['+NaN', Number.NaN],
  ['-NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['+Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

/** A double, undefined if the text is none: NaN is a double. Blanks around it do not count. */
export function javaDouble(bytes: Uint8Array, start: number, length: number): number | undefined {
  const integer = shortInteger(bytes, start, length)
  if (!Number.isNaN(integer)) return integer === 0 && bytes[start] === 0x2d ? -0 : integer
  return doubleOfText(textOf(bytes, start, length))
}

function doubleOfText(text: string): number | undefined {
  const trimmed = javaTrim(text)
  if (DECIMAL.test(trimmed)) return Number(trimmed.replace(/[fFdD]$/, ''))
  const word = WORDS.get(trimmed)
  if (word !== undefined) return word
  const hex = HEX.exec(trimmed)
  if (hex === null) return undefined
  const [, sign, whole, left = '', right = '', exponent] = hex
  const mantissa = BigInt(`0x${whole ?? `${left}${right}`}`)
  const value = scaled(mantissa, Number(exponent) - (whole === undefined ? right.length * 4 : 0))
  return sign === '-' ? -value : value
}

/** mantissa * 2^exponent, without leaving the range on the way. */
function scaled(mantissa: bigint, exponent: number): number {
  let value = Number(mantissa)
  let rest = exponent
  for (; rest > 1000 && Number.isFinite(value) && value !== 0; rest -= 1000) value *= 2 ** 1000
  for (; rest < -1000 && value !== 0; rest += 1000) value *= 2 ** -1000
  return value === 0 || !Number.isFinite(value) ? value : value * 2 ** rest
}

/** Order of two doubles by Java's Double.compareTo: -0 before 0, NaN last and equal to itself. */
export function compareDoubles(left: number, right: number): number {
  if (left < right) return -1
  if (left > right) return 1
  if (Object.is(left, right)) return 0
  if (Number.isNaN(left)) return 1
  if (Number.isNaN(right)) return -1
  if (left === 0) return Object.is(left, -0) ? -1 : 1
  return 0
}

/** String.trim: what is no higher than a blank goes. */
function javaTrim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) <= 0x20) start++
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--
  return text.slice(start, end)
}

function textOf(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf8')
}
