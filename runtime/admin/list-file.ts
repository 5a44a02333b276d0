import { resolve } from 'node:path'
import type { JsonValue } from '../codec/json/json-value.ts'
import { parseJsonBytes } from '../codec/json/parse-json.ts'
import { AdminError } from './admin-error.ts'
import type { CommandContext } from './command.ts'

/** The list in a JSON file. @throws AdminError when there is no such file, no JSON or no list in it, or an empty one */
export function readListFile({ disk, workingFolder }: CommandContext, name: string): JsonValue[] {
  const path = resolve(workingFolder, name)
  if (!disk.stat(path)) throw new AdminError(`there is no file ${path}`)
  const list = parse(path, disk.readFile(path))
  if (Array.isArray(list) && list.length > 0) return list
  throw new AdminError(`${path} holds no list of configurations, or an empty one`)
}

function parse(path: string, content: Uint8Array): JsonValue {
  try {
    return parseJsonBytes(content)
  } catch (error) {
    throw new AdminError(`${path} is not JSON: ${(error as Error).message}`, { cause: error })
  }
}
