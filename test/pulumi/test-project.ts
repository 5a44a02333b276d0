import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'

const repository = fileURLToPath(new URL('../..', import.meta.url))

interface ProjectFile {
  readonly name: string
  readonly main: string
  readonly stackConfigDir?: string
}

/** A Pulumi project in a folder of its own that runs a program of this repository: files and ports apart from any other. */
export class TestProject {
  readonly root = mkdtempSync(join(tmpdir(), 'gantry-pulumi-'))
  /** As Pulumi.yaml names it. */
  readonly name: string
  readonly stack: string
  readonly #stackFile: string

  /** @param program path of its folder in the repository, where Pulumi.yaml is */
  constructor(program: string, stack: string) {
    this.stack = stack
    const source = join(repository, program)
    const project = readFileSync(join(source, 'Pulumi.yaml'), 'utf8')
    const { name, main, stackConfigDir = '.' } = parse(project) as ProjectFile
    this.name = name
    writeFileSync(join(this.root, 'Pulumi.yaml'), project)
    writeFileSync(join(this.root, 'package.json'), '{"type":"module"}\n')
    symlinkSync(join(repository, 'node_modules'), join(this.root, 'node_modules'))
    mkdirSync(join(this.root, dirname(main)), { recursive: true })
    symlinkSync(join(source, main), join(this.root, main))
    this.#stackFile = join(this.root, stackConfigDir, `Pulumi.${stack}.yaml`)
    writeFileSync(this.#stackFile, readFileSync(join(source, stackConfigDir, `Pulumi.${stack}.yaml`), 'utf8'))
  }

  get statePath(): string {
    return join(this.root, 'state')
  }

  /** Where nodes on this machine have their folders. */
  get dataDir(): string {
    return join(this.root, '.gantry', this.stack)
  }

  /** Changes the stack file's `config`. */
  configure(change: (config: Record<string, unknown>) => void): void {
    const content = parse(readFileSync(this.#stackFile, 'utf8')) as { config: Record<string, unknown> }
    change(content.config)
    writeFileSync(this.#stackFile, stringify(content))
  }

  /** Changes what the stack file has under `gantry:cluster`. */
  configureCluster(change: Record<string, unknown>): void {
    this.configure((config) => Object.assign(config['gantry:cluster'] as object, change))
  }

  /** What the stack file has under `gantry:cluster`. */
  get cluster(): Readonly<Record<string, unknown>> {
    const content = parse(readFileSync(this.#stackFile, 'utf8')) as { config: Record<string, object> }
    return content.config['gantry:cluster'] as Readonly<Record<string, unknown>>
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
