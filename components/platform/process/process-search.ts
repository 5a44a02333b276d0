import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { identityOf, type ProcessRef } from './process-identity.ts'

/** Command lines of all processes by pid, words split. */
function commandLines(): ReadonlyMap<number, readonly string[]> {
  return process.platform === 'linux' ? linuxCommandLines() : portableCommandLines()
}

function linuxCommandLines(): Map<number, readonly string[]> {
  const found = new Map<number, readonly string[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      found.set(Number(name), readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0'))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // Gone meanwhile, or not ours to look at.
      if (code !== 'ENOENT' && code !== 'ESRCH' && code !== 'EACCES' && code !== 'EPERM') throw error
    }
  }
  return found
}

/** Where there is no /proc (macOS): ps does not say where one word ends, so a word with a blank in it is not found. */
function portableCommandLines(): Map<number, readonly string[]> {
  const lines = execFileSync('ps', ['-axww', '-o', 'pid=,args='], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 })
  const entries = lines.split('\n').map((line) => line.trim().split(/\s+/))
  return new Map(entries.map(([pid, ...words]) => [Number(pid), words]))
}

/**
 * Processes by what comes after one of some options in their command line (`-c broker.conf`), for each of `values` that one has. Somebody's
 * editor that has the file open is none.
 */
export function processesByOption(
  options: readonly string[],
  values: ReadonlySet<string>,
): ReadonlyMap<string, ProcessRef> {
  const found = new Map<string, ProcessRef>()
  for (const [pid, line] of commandLines()) {
    const value = line.find((word, index) => values.has(word) && options.includes(line[index - 1] ?? ''))
    const identity = value === undefined ? undefined : identityOf(pid)
    if (value !== undefined && identity !== undefined) found.set(value, { pid, identity })
  }
  return found
}
