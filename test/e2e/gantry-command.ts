import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const gantry = fileURLToPath(new URL('../../cli/bin/gantry', import.meta.url))

/** A run of the gantry command whose output can be waited for. */
export class GantryCommand {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  #changed = Promise.withResolvers<void>()

  constructor(args: readonly string[], cwd: string) {
    this.child = spawn(gantry, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#signalChange()
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.child.once('close', () => this.#signalChange())
  }

  /** Resolves when the output has the text (so many times); rejects when the command ends without it. */
  async printed(text: string, times = 1): Promise<void> {
    while (this.stdout.split(text).length <= times) {
      if (this.child.exitCode !== null) {
        throw new Error(`gantry ended without printing ${JSON.stringify(text)}:\n${this.stdout}${this.stderr}`)
      }
      await this.#changed.promise
    }
  }

  /** The exit code, once all output has arrived. */
  async ended(): Promise<number | null> {
    if (this.child.exitCode === null || !this.child.stdout?.readableEnded) await once(this.child, 'close')
    return this.child.exitCode
  }

  #signalChange(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}

/** Runs gantry to its end. */
export async function runGantry(args: readonly string[], cwd: string) {
  const command = new GantryCommand(args, cwd)
  const exitCode = await command.ended()
  return { exitCode, stdout: command.stdout, stderr: command.stderr }
}

/** Whether anybody listens there. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(true))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)))
  })
}
