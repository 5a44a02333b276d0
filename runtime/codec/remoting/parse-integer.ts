const MINUS = 0x2d
const PLUS = 0x2b
const ZERO = 0x30
/** Digits of Long.MAX_VALUE; anything longer is out of range whatever it is. */
const MAX_DIGITS = 19

/** The decimal int64 in ASCII at `start`, NaN when it is not one. Makes no string. */
export function parseInteger(bytes: Uint8Array, start: number, length: number): number {
  let at = start
  const end = start + length
  const first = bytes[at]
  const negative = first === MINUS
  if (negative || first === PLUS) at++
  while (at < end - 1 && bytes[at] === ZERO) at++
  const digits = end - at
  if (digits < 1 || digits > MAX_DIGITS) return Number.NaN
  let value = 0
  for (; at < end; at++) {
    const digit = bytes[at]! - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  // Java clients send Long.MAX_VALUE for "no end" (queryMessage, searchOffset): the largest safe integer says the same.
  if (value > Number.MAX_SAFE_INTEGER) value = Number.MAX_SAFE_INTEGER
  return negative ? -value : value
}
