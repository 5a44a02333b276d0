import { parse } from 'yaml'
import type { JsonValue } from '../codec/json/json-value.ts'

/**
 * A YAML document. Scalars are left as texts: an access key of digits alone stays as it is written.
 * @throws Error naming file and line
 */
export function readYaml(path: string, text: string): JsonValue {
  try {
    return parse(text, { schema: 'failsafe', maxAliasCount: 100 }) as JsonValue
  } catch (error) {
    // The text around the place may hold a secret key: it is not repeated.
    const { code, linePos } = error as { code?: string; linePos?: [{ line: number }] }
    const place = linePos === undefined ? '' : ` at line ${linePos[0].line}`
    throw new Error(`${path} is no YAML${place} (${code ?? (error as Error).name}); correct it`)
  }
}
