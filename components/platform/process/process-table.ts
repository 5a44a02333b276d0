import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { identityOf, isRunning, type ProcessRef } from './process-identity.ts'

/** What to run, and where its output goes. */
export interface LaunchSpec {
  readonly command: string
  readonly args: readonly string[]
  /** Added to the environment of the table. */
  readonly env: Readonly<Record<string, string>>
  /** Folder it runs in: core dumps and the like end up there. */
  readonly cwd: string
  readonly logFile: string
}

/** How a process ended: by itself with a code, or by a signal; `error` when it could not even start. */
export interface ProcessExit {
  readonly code: number | undefined
  readonly signal: string | undefined
  readonly error?: string
}

export type StopSignal = 'SIGTERM' | 'SIGKILL'

/** The operating system's processes, as far as the supervisor needs them. */
export interface ProcessTable {
  /** Starts a process; `exited` is called once, never during this call. Undefined when it could not be started. */
  start(spec: LaunchSpec, exited: (exit: ProcessExit) => void): ProcessRef | undefined
  isRunning(ref: ProcessRef): boolean
  /** Does nothing when the process is gone, even if its pid belongs to another one by now. */
  signal(ref: ProcessRef, signal: StopSignal): void
}

export class RealProcessTable implements ProcessTable {
  readonly #environment: NodeJS.ProcessEnv

  /** @param environment what processes find in theirs, besides what their spec adds */
  constructor(environment: NodeJS.ProcessEnv = process.env) {
    this.#environment = environment
  }

  start(spec: LaunchSpec, exited: (exit: ProcessExit) => void): ProcessRef | undefined {
    let log: number
    try {
      // Its output goes straight to the file, so that it can go on writing when the supervisor is gone.
      log = openSync(spec.logFile, 'a')
    } catch (error) {
      setImmediate(() => exited({ code: undefined, signal: undefined, error: String(error) }))
      return undefined
    }
    try {
      const child = spawn(spec.command, spec.args, {
        cwd: spec.cwd,
        env: { ...this.#environment, ...spec.env },
        stdio: ['ignore', log, log],
        // A process group of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops nodes in order.
        detached: true,
      })
      child.once('error', (error) => exited({ code: undefined, signal: undefined, error: error.message }))
      child.once('exit', (code, signal) => exited({ code: code ?? undefined, signal: signal ?? undefined }))
      if (child.pid === undefined) return undefined
      // Gone already: any identity will do, it is not running.
      return { pid: child.pid, identity: identityOf(child.pid) ?? 'gone' }
    } finally {
      closeSync(log)
    }
  }

  isRunning(ref: ProcessRef): boolean {
    return isRunning(ref)
  }

  signal(ref: ProcessRef, signal: StopSignal): void {
    if (!isRunning(ref)) return
    try {
      process.kill(ref.pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}
