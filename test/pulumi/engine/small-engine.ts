import { type ChildProcess, spawn } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import type { Engine, RunOptions, RunResult, Verb } from './engine.ts'
import { Monitor } from './monitor.ts'
import { type Project, readProject } from './project.ts'
import { Providers } from './providers.ts'
import { removeAll } from './removal.ts'
import { runProgramFile } from './sdk.ts'
import { State } from './state.ts'
import { StepLog } from './step-log.ts'
import { type Properties, providerKey, withProviderOf } from './values.ts'

/** As many resources at a time as the real engine takes on by default, per core and some. */
const parallel = 16

/**
 * Does the engine's part of Pulumi for tests on machines without the CLI: it runs the real program through the real SDK
 * and the real dynamic providers; for Pulumi's docker and aws providers there are stand-ins (docker/, aws/). It leaves out: other
 * providers, encryption, import, aliases, targets, transforms, hooks and policies.
 */
export class SmallEngine implements Engine {
  readonly name = 'the test engine of this repository (no pulumi on PATH)'
  readonly canInterrupt = true
  readonly #root: string
  readonly #stack: string
  readonly #statePath: string

  constructor(root: string, stack: string, statePath: string) {
    this.#root = root
    this.#stack = stack
    this.#statePath = statePath
  }

  async run(verb: Verb, options: RunOptions = {}): Promise<RunResult> {
    const state = new State(this.#statePath)
    const run = new Run(readProject(this.#root, this.#stack), state, verb, options)
    return run.finish()
  }

  loseState(): void {
    const state = new State(this.#statePath)
    for (const { urn } of [...state.resources]) state.remove(urn)
  }
}

class Run {
  readonly #project: Project
  readonly #state: State
  readonly #verb: Verb
  readonly #steps: StepLog
  readonly #monitor: Monitor
  readonly #output: string[] = []
  #address = ''
  readonly #providers: Providers
  #program: ChildProcess | undefined

  constructor(project: Project, state: State, verb: Verb, options: RunOptions) {
    this.#project = project
    this.#state = state
    this.#verb = verb
    this.#steps = new StepLog(options.interruptAt, () => {
      this.#program?.kill('SIGKILL')
      this.#providers.kill()
    })
    const { name, stack } = project
    const print = (text: string) => void this.#output.push(text)
    this.#providers = new Providers(project, state, print)
    const context = { state, steps: this.#steps, stack, project: name, preview: verb === 'preview' }
    this.#monitor = new Monitor({ ...context, providers: this.#providers }, print)
  }

  async finish(): Promise<RunResult> {
    this.#address = await this.#monitor.listen()
    this.#providers.engineAddress = this.#address
    const errors = this.#monitor.errors
    try {
      if (this.#verb === 'refresh') await this.#refresh()
      else {
        if (this.#verb !== 'destroy') await this.#runProgram()
        if (errors.length === 0) await this.#removeUnseen()
      }
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error))
    }
    await this.#providers.stop().catch((error: Error) => void errors.push(error.message))
    this.#monitor.close()
    const { steps } = this.#steps
    return { ok: errors.length === 0, steps, outputs: this.#state.outputs, errors, output: this.#output.join('') }
  }

  async #runProgram(): Promise<void> {
    const { name, stack, root, programFolder, programFile, config } = this.#project
    const flags = ['--monitor', this.#address, '--engine', this.#address, '--organization', 'organization']
    flags.push('--project', name, '--stack', stack, '--root-directory', root, '--pwd', programFolder)
    flags.push('--parallel', String(parallel), ...(this.#verb === 'preview' ? ['--dry-run'] : []), programFile)
    const configOfProgram = Object.entries(config).map(([key, value]) => [key.replace(':', ':config:'), value])
    const environment = { PULUMI_CONFIG: JSON.stringify(Object.fromEntries(configOfProgram)) }
    const child = spawn(process.execPath, [runProgramFile, ...flags], {
      cwd: programFolder,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#program = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => void this.#output.push(text))
    }
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    if (code !== 0 && this.#monitor.errors.length === 0) this.#monitor.errors.push(`the program ended with ${code}`)
  }

  /** Whatever the program no longer names goes; for destroy that is everything. */
  async #removeUnseen(): Promise<void> {
    const context = { state: this.#state, steps: this.#steps, preview: this.#verb === 'preview' }
    const doomed = this.#state.resources.filter(({ urn }) => !this.#monitor.seen.has(urn))
    await removeAll({ ...context, providers: this.#providers }, doomed)
    if (this.#verb === 'destroy') this.#state.outputs = {}
  }

  /** Asks every provider for the real state; what is gone leaves the state. */
  async #refresh(): Promise<void> {
    const known = this.#state.resources.filter(({ custom }) => custom)
    await Promise.all(
      known.map(async (resource) => {
        const { urn, id, outputs } = resource
        const provider = await this.#providers.of(resource)
        const found = await provider.read(urn, id, outputs)
        if (found === undefined) {
          this.#steps.add('delete', urn)
          this.#state.remove(urn)
          return
        }
        const same = isDeepStrictEqual(withoutProvider(found), withoutProvider(outputs))
        this.#steps.add(same ? 'same' : 'refresh', urn)
        this.#state.put({ ...resource, outputs: withProviderOf(outputs, found) })
      }),
    )
  }
}

const withoutProvider = ({ [providerKey]: _, ...rest }: Properties): Properties => rest
