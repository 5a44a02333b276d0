import { JavaDouble, type JsonInput } from './json-value.ts'

/*
 * The three texts that Apache RocketMQ 5.5 writes with fastjson2 2.0.59 (recorded in golden/fastjson.json):
 * - JSON.toJSONBytes(o): bodies. Number keys without quotes.
 * - with BrowserCompatible and MapSortField: routes for clients from V4_9_4 on. Quoted keys, maps sorted.
 * - with PrettyFormat: config/*.json. Tabs, no blank after the colon, empty lists and objects on one line.
 */

interface Dialect {
  readonly quoteKeys: boolean
  readonly sortMaps: boolean
  readonly pretty: boolean
}

const FASTJSON: Dialect = { quoteKeys: false, sortMaps: false, pretty: false }
const STANDARD: Dialect = { quoteKeys: true, sortMaps: true, pretty: false }
const PRETTY: Dialect = { quoteKeys: false, sortMaps: false, pretty: true }

/** The body as RemotingSerializable.encode() writes it: map keys that are numbers have no quotes. Input: {@link JsonInput}. */
export function encodeJson(value: JsonInput): Buffer {
  return Buffer.from(write(value, FASTJSON, 0))
}

/** Standard JSON with sorted maps, for clients of any language. */
export function encodeStandardJson(value: JsonInput): Buffer {
  return Buffer.from(write(value, STANDARD, 0))
}

/** The text of a config/*.json file: RemotingSerializable.toJson(true). */
export function formatJson(value: JsonInput): string {
  return write(value, PRETTY, 0)
}

function write(value: JsonInput, dialect: Dialect, depth: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return Number.isSafeInteger(value) ? String(value) : javaDoubleText(value)
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'object':
      return value === null ? 'null' : writeObject(value, dialect, depth)
    default:
      return 'null'
  }
}

function writeObject(value: object, dialect: Dialect, depth: number): string {
  if (value instanceof JavaDouble) return javaDoubleText(value.value)
  // An int[] or a List<Long>, unlike other lists, stands on one line whatever the dialect.
  if (value instanceof Int32Array || value instanceof Float64Array) return `[${value.join(',')}]`
  if (Array.isArray(value) || value instanceof Set) return writeList(value, dialect, depth)
  if (value instanceof Map) return writeMap(value, dialect, depth)
  return writeBean(value as Record<string, JsonInput>, dialect, depth)
}

function writeList(list: Iterable<JsonInput>, dialect: Dialect, depth: number): string {
  const items: string[] = []
  for (const item of list) items.push(write(item, dialect, depth + 1))
  return enclose('[', items, ']', dialect, depth)
}

function writeBean(bean: Readonly<Record<string, JsonInput>>, dialect: Dialect, depth: number): string {
  const fields: string[] = []
  for (const name of Object.keys(bean).sort()) {
    const value = bean[name]
    if (value === null || value === undefined) continue
    fields.push(`${JSON.stringify(name)}:${write(value, dialect, depth + 1)}`)
  }
  return enclose('{', fields, '}', dialect, depth)
}

function writeMap(map: ReadonlyMap<JsonInput, JsonInput>, dialect: Dialect, depth: number): string {
  const entries = dialect.sortMaps ? [...map].sort(([a], [b]) => compareKeys(a, b)) : map
  const fields: string[] = []
  for (const [key, value] of entries) {
    if (value === null || value === undefined) continue
    fields.push(`${writeKey(key, dialect, depth + 1)}:${write(value, dialect, depth + 1)}`)
  }
  return enclose('{', fields, '}', dialect, depth)
}

function writeKey(key: JsonInput, dialect: Dialect, depth: number): string {
  if (typeof key === 'string') return JSON.stringify(key)
  const text = write(key, dialect, depth)
  const isScalar = key === null || typeof key !== 'object' || key instanceof JavaDouble
  return isScalar && dialect.quoteKeys ? `"${text}"` : text
}

/** Numbers by value, everything else by its text, as the TreeMap that fastjson2 sorts with. */
function compareKeys(a: JsonInput, b: JsonInput): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [x, y] = [sortText(a), sortText(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

function sortText(key: JsonInput): string {
  return typeof key === 'string' ? key : write(key, STANDARD, 0)
}

function enclose(open: string, items: readonly string[], close: string, dialect: Dialect, depth: number): string {
  if (!dialect.pretty || items.length === 0) return open + items.join(',') + close
  const indent = `\n${'\t'.repeat(depth + 1)}`
  return `${open}${indent}${items.join(`,${indent}`)}\n${'\t'.repeat(depth)}${close}`
}

/** Double.toString: a point always, an exponent outside 10^-3 .. 10^7; what is no number is null, as fastjson2 has it. */
function javaDoubleText(value: number): string {
  if (!Number.isFinite(value)) return 'null'
  const size = Math.abs(value)
  if (size === 0 || (size >= 1e-3 && size < 1e7)) {
    const text = Object.is(value, -0) ? '-0' : String(value)
    return text.includes('.') ? text : `${text}.0`
  }
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`
}
