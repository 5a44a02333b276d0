import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./moto-bridge.py', import.meta.url))
const cacheFolder = fileURLToPath(new URL('../../../../.cache/aws', import.meta.url))
const requirements = ['moto==5.2.5', 'boto3==1.44.8']

function mustRun(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr.slice(-1000)}`)
}

/** A Python with moto, made once. */
function pythonWithMoto(): string {
  const folder = join(cacheFolder, requirements.join('-').replaceAll('=', ''))
  const python = join(folder, 'bin/python')
  if (existsSync(join(folder, 'complete'))) return python
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(dirname(folder), { recursive: true })
  mustRun('python3', ['-m', 'venv', folder])
  mustRun(python, ['-m', 'pip', 'install', '--quiet', ...requirements])
  mkdirSync(join(folder, 'complete'))
  return python
}

type Answer = Readonly<Record<string, unknown>>

/** A cloud that lasts as long as this process: calls of boto3, by their names. */
export class MotoBridge {
  readonly #child: ChildProcess
  readonly #waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = []

  private constructor(python: string) {
    const settings = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_DEFAULT_REGION: 'eu-central-1' }
    this.#child = spawn(python, [program], {
      env: { PATH: process.env['PATH'], ...settings },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const { stdout } = this.#child
    if (stdout === null) throw new Error('the bridge to moto has no output')
    createInterface({ input: stdout }).on('line', (line) => {
      const said = JSON.parse(line) as { answer?: Answer; error?: string }
      const waiting = this.#waiting.shift()
      if (said.error === undefined) waiting?.resolve(said.answer ?? {})
      else waiting?.reject(new Error(said.error))
    })
    process.once('exit', () => this.#child.kill('SIGKILL'))
  }

  static start(): MotoBridge {
    return new MotoBridge(pythonWithMoto())
  }

  /** @throws Error with what AWS would say */
  async ask<T extends object = Answer>(service: string, call: string, args: object): Promise<T> {
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#child.stdin?.write(`${JSON.stringify({ service, call, args })}\n`)
    })
    return answer as T
  }
}

let cloud: MotoBridge | undefined

/** The cloud of this process: what one run has made is there for the next. */
export function motoCloud(): MotoBridge {
  cloud ??= MotoBridge.start()
  return cloud
}
