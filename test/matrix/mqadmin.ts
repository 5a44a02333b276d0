import { execFile } from 'node:child_process'
import { join } from 'node:path'

const COMMAND_LIMIT_MS = 30_000

/** What our mqadmin prints, errors included. */
export function ourMqadmin(words: readonly string[]): Promise<string> {
  const program = join(import.meta.dirname, '../../runtime/bin/mqadmin')
  return new Promise((resolve) => {
    execFile(program, words, { timeout: COMMAND_LIMIT_MS }, (_error, stdout, stderr) => resolve(stdout + stderr))
  })
}
