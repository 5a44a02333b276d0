import { resolve } from 'node:path'
import type { ConfEnv, ConfKey, ConfValue } from './conf-key.ts'

/** `expected` says what the key takes, to follow "expected". */
export type ReadValue = { readonly value: ConfValue } | { readonly expected: string }

/**
 * Reads one value. Blanks around it do not count. Java's own reader drops a value it cannot parse and takes any word but
 * "true" for false; here both are refused.
 *
 * An empty path counts as not given: undefined, for which the default stands.
 */
export function readValue(key: ConfKey, raw: string, env: ConfEnv): ReadValue {
  const text = raw.trim()
  switch (key.type) {
    case 'int':
    case 'long':
      return readWholeNumber(key, text)
    case 'double':
      return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text) ? { value: Number(text) } : { expected: 'a number' }
    case 'boolean':
      return readBoolean(text)
    case 'string':
      return { value: text }
    case 'enum':
      return key.values!.includes(text) ? { value: text } : { expected: `one of ${key.values!.join(', ')}` }
    case 'list':
      return { value: readList(text, key.separator!) }
    case 'path':
      return text === '' ? { value: undefined } : readPath(text, env)
  }
}

/** The text of a value as Java prints it; undefined for a key without a value. */
export function printValue(key: ConfKey, value: ConfValue): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'object') return value.join(key.separator)
  if (key.type === 'double' && Number.isInteger(value)) return `${String(value)}.0`
  return String(value)
}

/** The items of a list; blanks around an item and empty items do not count. */
function readList(text: string, separator: string): readonly string[] {
  const items = text.split(separator).map((item) => item.trim())
  return Object.freeze(items.filter((item) => item !== ''))
}

function readWholeNumber(key: ConfKey, text: string): ReadValue {
  const value = Number(text)
  const [min, max] = [key.min!, key.max!]
  if (/^[+-]?\d+$/.test(text) && value >= min && value <= max) return { value: value === 0 ? 0 : value }
  const unit = key.unit === undefined ? '' : ` (${key.unit})`
  return { expected: `a whole number from ${min} to ${max}${unit}` }
}

function readBoolean(text: string): ReadValue {
  const folded = text.toLowerCase()
  return folded === 'true' || folded === 'false' ? { value: folded === 'true' } : { expected: 'true or false' }
}

/**
 * Expands `~`, `~/...`, `${user.home}`, `$ROCKETMQ_HOME` and `${ROCKETMQ_HOME}`, and makes the path absolute. Apache
 * RocketMQ leaves them as they are and creates a folder called "~" where it was started.
 */
function readPath(text: string, env: ConfEnv): ReadValue {
  let expanded = text.replace(/^~(?=$|\/)/, () => env.home).replace(/\$\{user\.home\}/g, () => env.home)
  if (expanded.startsWith('~')) return { expected: 'a path in which ~ stands alone or before a slash' }
  const variable = /\$ROCKETMQ_HOME\b|\$\{ROCKETMQ_HOME\}/g
  if (variable.test(expanded)) {
    const home = env.rocketmqHome
    if (home === undefined) return { expected: 'a path without $ROCKETMQ_HOME, which is not set in the environment' }
    expanded = expanded.replace(variable, () => home)
  }
  return { value: resolve(env.workingFolder, expanded) }
}
