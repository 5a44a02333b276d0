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

  constructor(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(gantry, args, {
      ...{ cwd, stdio: ['ignore', 'pipe', 'pipe'] },
      env: { ...process.env, NO_COLOR: '1', ...env },
    })
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
export async function runGantry(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
  const command = new GantryCommand(args, cwd, env)
  const exitCode = await command.ended()
  return { exitCode, stdout: command.stdout, stderr: command.stderr }
}

/** Bases given out by this process: two clusters that start at the same time both find a base free. */
const given = new Set<number>()

const PORTS_FROM = 12_000
/** From 32,768 on the system gives ports out by itself. */
const PORTS_END = 32_700

/**
 * A base port for a cluster of so many broker steps, with every port free right now. Differs from process to process, so
 * that tests running side by side seldom try the same ones; below the ports the system gives out by itself.
 */
export async function freeBasePort(brokerSteps: number): Promise<number> {
  const bases = PORTS_END - PORTS_FROM - (1036 + 1000 * (brokerSteps - 1))
  for (let attempt = 0; attempt < 100; attempt++) {
    const base = PORTS_FROM + ((process.pid * 40 + attempt * 120) % bases)
    if (given.has(base)) continue
    given.add(base)
    const brokers = Array.from({ length: brokerSteps }, (_, step) => base + 1035 + 1000 * step)
    const ports = [base, base + 1, ...brokers.flatMap((port) => [port - 2, port, port + 1])]
    if (!(await Promise.all(ports.map(isListening))).includes(true)) return base
  }
  throw new Error(`no free ports for a cluster between ${PORTS_FROM} and ${PORTS_END}`)
}

/** Whether anybody listens there. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(true))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)))
  })
}
