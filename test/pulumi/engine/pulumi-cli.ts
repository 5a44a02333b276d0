import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Engine, RunOptions, RunResult, Verb } from './engine.ts'
import { sdkFolder } from './sdk.ts'
import type { Operation, Step } from './step-log.ts'

/** One line of the CLI's event log, as far as it matters here. */
interface EngineEvent {
  readonly resOutputsEvent?: { readonly metadata: { readonly op: string; readonly urn: string } }
  readonly resourcePreEvent?: { readonly metadata: { readonly op: string; readonly urn: string } }
  readonly diagnosticEvent?: { readonly severity: string; readonly message: string }
}

const operations: Readonly<Record<string, Operation>> = {
  create: 'create',
  update: 'update',
  replace: 'replace',
  delete: 'delete',
  same: 'same',
  refresh: 'refresh',
}

/** The real engine: `pulumi` from PATH with its state in a folder. */
export class PulumiCli implements Engine {
  readonly name: string
  readonly canInterrupt = false
  readonly #root: string
  readonly #stack: string
  readonly #environment: NodeJS.ProcessEnv

  constructor(version: string, root: string, stack: string, stateFolder: string) {
    this.name = `pulumi ${version}`
    this.#root = root
    this.#stack = stack
    this.#environment = {
      ...process.env,
      // The CLI looks for its provider of dynamic resources, and for node, on PATH.
      PATH: [dirname(process.execPath), sdkFolder, process.env['PATH']].join(':'),
      PULUMI_BACKEND_URL: `file://${stateFolder}`,
      PULUMI_CONFIG_PASSPHRASE: 'test',
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    }
  }

  async run(verb: Verb, options: RunOptions = {}): Promise<RunResult> {
    if (options.interruptAt !== undefined) throw new Error('only the test engine can be cut short at an operation')
    const folder = mkdtempSync(join(tmpdir(), 'gantry-events-'))
    try {
      await this.#pulumi(['stack', 'select', '--create', this.#stack])
      const log = join(folder, 'events.json')
      const flags = verb === 'preview' ? [] : ['--yes', '--skip-preview']
      const { code, output } = await this.#pulumi([verb, '--non-interactive', '--event-log', log, ...flags])
      const shown = await this.#pulumi(['stack', 'output', '--json'])
      const outputs = shown.code === 0 ? (JSON.parse(shown.output) as Record<string, unknown>) : {}
      return { ok: code === 0, outputs, output, ...readEvents(log, verb) }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  loseState(): void {
    throw new Error('the state of the real engine is not taken away')
  }

  #pulumi(args: readonly string[]): Promise<{ code: number | null; output: string }> {
    const child = spawn('pulumi', args, { cwd: this.#root, env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve({ code, output }))
    })
  }
}

function readEvents(path: string, verb: Verb): { steps: Step[]; errors: string[] } {
  const lines = readFileSync(path, 'utf8').split('\n')
  const events = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as EngineEvent)
  const steps = events.flatMap((event): Step[] => {
    const metadata = (verb === 'preview' ? event.resourcePreEvent : event.resOutputsEvent)?.metadata
    const operation = metadata === undefined ? undefined : operations[metadata.op]
    return metadata === undefined || operation === undefined ? [] : [{ operation, urn: metadata.urn }]
  })
  const errors = events.flatMap(({ diagnosticEvent: event }) => (event?.severity === 'error' ? [event.message] : []))
  return { steps, errors }
}
