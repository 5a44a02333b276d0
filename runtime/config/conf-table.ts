import type { Conf, ConfEnv, ConfKey, ConfSection, ConfValue, KeyTable } from './conf-key.ts'
import { isDerived } from './conf-key.ts'
import { printValue, readValue } from './conf-value.ts'
import { nearestName } from './nearest-name.ts'
import { parseProperties } from './properties-file.ts'

/** What is known about one kind of conf file. */
export interface ConfTable<T extends KeyTable> {
  /** How people call the file, e.g. broker.conf. */
  readonly name: string
  readonly sections: readonly ConfSection[]
  readonly keys: T
  /**
   * What follows from several keys together, and the checks that need several. Pure, and the same when done twice.
   * `given` holds the keys that were set rather than left at their default.
   */
  settle(conf: Conf<T>, given: ReadonlySet<string>): Settled<Conf<T>>
}

export interface Settled<C> {
  readonly conf: C
  readonly warnings: readonly string[]
  readonly errors: readonly string[]
}

/** `errors` holds all that is wrong with a file, each a line that names file, line, key and value. */
export type ConfResult<C> =
  | { readonly ok: true; readonly conf: C; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[]; readonly warnings: readonly string[] }

/**
 * Reads a conf file.
 *
 * @param text the file's characters, see `decodeProperties`
 * @param file its name, for messages
 * @param commandLine settings that take precedence over the file, as `-n` does over namesrvAddr
 */
export function parseConf<T extends KeyTable>(
  table: ConfTable<T>,
  text: string,
  file: string,
  env: ConfEnv,
  commandLine: Readonly<Record<string, string>> = {},
): ConfResult<Conf<T>> {
  const reading = startReading(table, env)
  readFile(reading, text, file)
  return finishReading(table, reading, file, env, commandLine)
}

/** Adds what counts more than the file, and checks what several keys say together. */
export function finishReading<T extends KeyTable>(
  table: ConfTable<T>,
  reading: Reading,
  file: string,
  env: ConfEnv,
  commandLine: Readonly<Record<string, string>>,
): ConfResult<Conf<T>> {
  for (const [name, raw] of Object.entries(commandLine)) reading.set(name, raw, 'command line')
  const { given, errors, warnings } = reading
  if (errors.length > 0) return { ok: false, errors, warnings }
  const settled = table.settle(withDefaults(table.keys, given, env), new Set(given.keys()))
  warnings.push(...settled.warnings.map((warning) => `${file}: ${warning}`))
  if (settled.errors.length > 0) {
    return { ok: false, errors: settled.errors.map((error) => `${file}: ${error}`), warnings }
  }
  return { ok: true, conf: settled.conf, warnings }
}

/**
 * The configuration as key=value lines sorted by key, as Apache RocketMQ answers GET_BROKER_CONFIG and
 * GET_NAMESRV_CONFIG.
 *
 * @param pending values that were set but wait for a restart; they are shown in place of the current ones
 */
export function printConf<T extends KeyTable>(
  table: ConfTable<T>,
  conf: Conf<T>,
  pending: ReadonlyMap<string, string> = new Map(),
): string {
  const quiet = new Set(table.sections.filter((it) => it.printedIfSet).flatMap((it) => Object.keys(it.keys)))
  const lines: string[] = []
  for (const name of Object.keys(table.keys).sort()) {
    const key = table.keys[name]!
    const value = pending.get(name) ?? printValue(key, conf[name])
    if (value === undefined) continue
    if (quiet.has(name) && !pending.has(name) && (isDerived(key.default) || value === printValue(key, key.default))) {
      continue
    }
    lines.push(`${name}=${key.isSecret && value !== '' ? HIDDEN : value}\n`)
  }
  return lines.join('')
}

/** In place of a secret. */
const HIDDEN = '******'

/** Fills in the defaults and freezes the result. Defaults that refer to other keys see those keys' final values. */
export function withDefaults<T extends KeyTable>(
  keys: T,
  given: ReadonlyMap<string, ConfValue>,
  env: ConfEnv,
): Conf<T> {
  const conf: Record<string, ConfValue> = {}
  const get = (name: string): ConfValue => {
    if (!(name in conf)) conf[name] = given.get(name) ?? defaultOf(keys[name]!, env, get)
    return conf[name]
  }
  const ordered = Object.fromEntries(Object.keys(keys).map((name) => [name, get(name)]))
  return Object.freeze(ordered) as Conf<T>
}

/** What to say about a key that is not in the table. */
export function unknownKey<T extends KeyTable>(table: ConfTable<T>, name: string, value: string): string {
  const nearest = nearestName(name, Object.keys(table.keys))
  const hint = nearest === undefined ? `no key of ${table.name} has a similar name` : `did you mean ${nearest}?`
  return `unknown key ${name} (value "${value}"): ${hint}`
}

export function mistypedValue(name: string, raw: string, expected: string): string {
  return `${name} = "${raw}": expected ${expected}`
}

/** What has been read of a conf file so far. */
export interface Reading {
  readonly given: Map<string, ConfValue>
  readonly errors: string[]
  readonly warnings: string[]
  readonly set: (name: string, raw: string, place: string) => void
  /** Says which of the keys in a file have no effect. */
  readonly warnOfIdle: (file: string, names: readonly string[]) => void
}

export function startReading<T extends KeyTable>(table: ConfTable<T>, env: ConfEnv): Reading {
  const warnings: string[] = []
  const errors: string[] = []
  const given = new Map<string, ConfValue>()
  const set = (name: string, raw: string, place: string): void => {
    const key = Object.hasOwn(table.keys, name) ? table.keys[name] : undefined
    if (key === undefined) {
      errors.push(`${place}: ${unknownKey(table, name, raw)}`)
      return
    }
    const read = readValue(key, raw, env)
    if ('expected' in read) errors.push(`${place}: ${mistypedValue(name, raw, read.expected)}`)
    else given.set(name, read.value)
  }
  const warnOfIdle = (file: string, names: readonly string[]): void => {
    const idle = names.filter((name) => Object.hasOwn(table.keys, name) && table.keys[name]!.status === 'accepted')
    if (idle.length > 0) warnings.push(`${file}: known to Apache RocketMQ but without effect here: ${idle.join(', ')}`)
  }
  return { given, errors, warnings, set, warnOfIdle }
}

function readFile(reading: Reading, text: string, file: string): void {
  const { entries, faults } = parseProperties(text)
  const { errors, warnings, set } = reading
  const lines = new Map<string, number>()
  const found: { readonly line: number; readonly report: () => void }[] = []
  for (const fault of faults) {
    found.push({ line: fault.line, report: () => errors.push(`${file}:${fault.line}: ${fault.message}`) })
  }
  for (const { key, value, line, start, end } of entries) {
    const report = (): void => {
      const place = `${file}:${line}`
      const earlier = lines.get(key)
      lines.set(key, line)
      if (earlier !== undefined) {
        warnings.push(`${place}: ${key} was already set in line ${earlier}; "${value}", the last one, counts`)
      }
      if (/[\x80-\uffff]/.test(text.slice(start, end))) {
        warnings.push(
          `${place}: ${key} has characters outside ASCII, which Java reads as ISO-8859-1: write them as \\uXXXX`,
        )
      }
      set(key, value, place)
    }
    found.push({ line, report })
  }
  for (const it of found.sort((a, b) => a.line - b.line)) it.report()
  reading.warnOfIdle(file, [...lines.keys()])
}

function defaultOf(key: ConfKey, env: ConfEnv, get: (name: string) => ConfValue): ConfValue {
  return isDerived(key.default) ? key.default.from(env, get) : key.default
}
