import type { JsonObject, JsonValue } from './json-value.ts'

/*
 * Typed reading of parsed bodies and files, with fastjson's leniency: a number may stand as text and a text as number, an
 * absent field is undefined, and so is one that is null.
 */

/** A field has a value that cannot be what the protocol says; the message names the field, its value and what is expected. */
export class JsonFieldError extends Error {
  override readonly name = 'JsonFieldError'
}

/** @throws JsonFieldError when the value is no object; `what` names it in the message. */
export function asObject(value: JsonValue | undefined, what: string): JsonObject {
  if (isObject(value)) return value
  throw unexpected(what, value, 'an object')
}

/** The object in a field. */
export function objectField(object: JsonObject, name: string): JsonObject | undefined {
  const value = object[name]
  return value === undefined || value === null ? undefined : asObject(value, name)
}

/** The list in a field. */
export function listField(object: JsonObject, name: string): JsonValue[] | undefined {
  const value = object[name]
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value)) return value
  throw unexpected(name, value, 'a list')
}

/** A list of texts; numbers in it become texts, nulls are left out. */
export function textListField(object: JsonObject, name: string): string[] | undefined {
  return listField(object, name)
    ?.filter((item) => item !== null)
    .map((item) => asText(item, name))
}

export function textField(object: JsonObject, name: string): string | undefined {
  const value = object[name]
  return value === undefined || value === null ? undefined : asText(value, name)
}

/** A whole number (int or long). One beyond 2^53 becomes the nearest safe integer, as in request headers. */
export function integerField(object: JsonObject, name: string): number | undefined {
  const value = object[name]
  return value === undefined || value === null ? undefined : asInteger(value, name)
}

/** A number with or without fraction. */
export function numberField(object: JsonObject, name: string): number | undefined {
  const value = object[name]
  if (value === undefined || value === null) return undefined
  const number =
    typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : Number.NaN
  if (Number.isNaN(number)) throw unexpected(name, value, 'a number')
  return number
}

export function booleanField(object: JsonObject, name: string): boolean | undefined {
  const value = object[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'boolean') return value
  if (value === 'true' || value === 1) return true
  if (value === 'false' || value === 0) return false
  throw unexpected(name, value, 'true or false')
}

/** The entries of a Java map with int or long keys. */
export function integerKeyed(object: JsonObject): [number, JsonValue][] {
  return Object.entries(object).map(([key, value]) => [asInteger(key, 'key'), value])
}

/** @throws JsonFieldError when the value is no whole number; `what` names it in the message. */
export function asInteger(value: JsonValue, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  // A float that happens to be whole is read as such by fastjson, too.
  const number = typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number)) throw unexpected(what, value, 'a whole number')
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, number))
}

/** @throws JsonFieldError when the value is an object or a list; `what` names it in the message. */
export function asText(value: JsonValue, what: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw unexpected(what, value, 'text')
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const SHOWN_MAX = 80

function unexpected(what: string, value: JsonValue | undefined, expected: string): JsonFieldError {
  const shown = value === undefined ? 'nothing' : JSON.stringify(value)
  return new JsonFieldError(`${what} is ${shown.slice(0, SHOWN_MAX)}, expected ${expected}`)
}
