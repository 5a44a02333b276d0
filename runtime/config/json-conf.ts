import type { JsonValue } from '../codec/json/json-value.ts'
import { JsonSyntaxError, parseJson } from '../codec/json/parse-json.ts'
import type { Conf, ConfEnv, KeyTable } from './conf-key.ts'
import { type ConfResult, type ConfTable, finishReading, startReading } from './conf-table.ts'

/** Reads a conf file that is a JSON object of scalars; see {@link parseConf}. Empty text stands for an empty object. */
export function parseJsonConf<T extends KeyTable>(
  table: ConfTable<T>,
  text: string,
  file: string,
  env: ConfEnv,
  commandLine: Readonly<Record<string, string>> = {},
): ConfResult<Conf<T>> {
  const reading = startReading(table, env)
  const read = readObject(text)
  if (typeof read === 'string') return { ok: false, errors: [`${file}: ${read}`], warnings: [] }
  for (const [name, value] of Object.entries(read)) {
    if (value === null) continue
    const raw = typeof value === 'object' ? JSON.stringify(value) : String(value)
    if (typeof value === 'object' && Object.hasOwn(table.keys, name)) {
      reading.errors.push(`${file}: ${name} = ${raw}: expected a number, a text, true or false`)
    } else reading.set(name, raw, file)
  }
  reading.warnOfIdle(file, Object.keys(read))
  return finishReading(table, reading, file, env, commandLine)
}

function readObject(text: string): Record<string, JsonValue> | string {
  if (text.trim() === '') return {}
  try {
    const value = parseJson(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
    return 'expected a JSON object of keys and values'
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return `not JSON: ${error.message}`
  }
}
