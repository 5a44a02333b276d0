import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * A process, told apart from a later one that got the same pid by when it started. Never signal a pid without checking
 * the identity: it may belong to somebody else by now.
 */
export interface ProcessRef {
  readonly pid: number
  readonly identity: string
}

/**
 * Field 22 (start time in clock ticks since boot) of a line of /proc/<pid>/stat; undefined for a zombie, which holds
 * nothing any more. The second field, the command in parentheses, may itself hold blanks and parentheses: count from the last one.
 */
export function startTicksOf(statLine: string): string | undefined {
  const fields = statLine.slice(statLine.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  if (state === undefined || state === 'X') return undefined
  // The first thread of a dying process is a zombie already while the others may still hold its ports and files.
  const threads = Number(fields[17])
  return state === 'Z' && threads <= 1 ? undefined : fields[19]
}

let bootId: string | undefined

function readBootId(): string {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  return bootId
}

function linuxIdentity(pid: number): string | undefined {
  let line: string
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
  const ticks = startTicksOf(line)
  return ticks === undefined ? undefined : `${readBootId()}:${ticks}`
}

/** Where there is no /proc (macOS): the start time as ps prints it, to the second. */
function portableIdentity(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'latin1' }).trim()
    return line === '' || line.startsWith('Z') ? undefined : line.slice(line.indexOf(' ')).trim()
  } catch (error) {
    // ps exits with 1 when there is no such process.
    if ((error as { status?: number }).status === 1) return undefined
    throw error
  }
}

/** What tells this process apart; undefined when no such process runs. */
export function identityOf(pid: number): string | undefined {
  return process.platform === 'linux' ? linuxIdentity(pid) : portableIdentity(pid)
}

export function isRunning(ref: ProcessRef): boolean {
  return identityOf(ref.pid) === ref.identity
}

/** This very process. */
export function ownProcess(): ProcessRef {
  const identity = identityOf(process.pid)
  if (identity === undefined) throw new Error(`no start time to be found for the own pid ${process.pid}`)
  return { pid: process.pid, identity }
}
