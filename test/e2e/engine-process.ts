import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const bin = join(import.meta.dirname, '../../runtime/bin')

/** A server of the engine, run by its launcher on a conf file of its own. */
export class EngineProcess {
  readonly #program: string
  readonly #confFile: string
  #child: ChildProcess | undefined
  #ended: Promise<number | null> = Promise.resolve(null)
  output = ''
  errors = ''

  constructor(
    program: 'mqnamesrv' | 'mqcontroller' | 'mqbroker',
    folder: string,
    name: string,
    conf: Record<string, string | number>,
  ) {
    this.#program = program
    this.#confFile = join(folder, `${name}.conf`)
    const lines = Object.entries(conf).map(([key, value]) => `${key} = ${value}\n`)
    writeFileSync(this.#confFile, lines.join(''))
  }

  get isRunning(): boolean {
    return this.#child !== undefined
  }

  get pid(): number {
    return this.#child!.pid!
  }

  /** Resolves when it has printed `line`; rejects with what it said when it ends before. */
  start(line: string): Promise<void> {
    const child = spawn(join(bin, this.#program), ['-c', this.#confFile], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.output = ''
    this.errors = ''
    child.stderr.on('data', (chunk) => {
      this.errors += chunk
    })
    const printed = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        this.output += chunk
        if (this.output.includes(line)) resolve()
      })
    })
    this.#ended = new Promise((resolve) => child.once('close', resolve))
    const early = this.#ended.then((code) => {
      this.#child = undefined
      throw new Error(`${this.#program} ended with ${code}: ${this.errors}${this.output}`)
    })
    early.catch(() => undefined) // An end later on is somebody's wish.
    return Promise.race([printed, early])
  }

  /** Ends it and returns its exit code; null when a signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child?.kill(signal)
    return this.#ended
  }
}
