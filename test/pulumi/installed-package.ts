import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as grpc from '@grpc/grpc-js'
import provider from '@pulumi/pulumi/proto/provider_grpc_pb.js'
import messages from '@pulumi/pulumi/proto/provider_pb.js'
import { messageSizes, sdkFolder } from './engine/sdk.ts'
import type { TestProject } from './test-project.ts'

const repository = join(import.meta.dirname, '../..')

function run(args: readonly string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${args.join(' ')} failed:\n${stdout}${stderr}`)
}

/** The package as `npm run build` makes it, installed in a project that has it from nowhere else. */
export class InstalledPackage {
  readonly folder: string
  readonly #root: string

  private constructor(root: string) {
    this.#root = root
    this.folder = join(root, 'node_modules/gantry')
  }

  /** Builds it into the project's own node_modules, beside links to the packages it needs. */
  static into({ root }: TestProject): InstalledPackage {
    const installed = new InstalledPackage(root)
    const modules = join(root, 'node_modules')
    rmSync(modules)
    mkdirSync(modules)
    for (const name of readdirSync(join(repository, 'node_modules'))) {
      if (name !== 'gantry') symlinkSync(join(repository, 'node_modules', name), join(modules, name))
    }
    run([join(repository, 'scripts/build-package.ts'), installed.folder], repository)
    return installed
  }

  /** The program of an example, in the project itself, its import of the components being one of the package. */
  addProgram(example: string, main: string): void {
    const text = readFileSync(join(repository, example, main), 'utf8')
    const ofPackage = text.replace(/'[./]+\/components\/index\.ts'/, "'gantry'")
    if (ofPackage === text) throw new Error(`${example} does not import components/index.ts`)
    rmSync(join(this.#root, main))
    writeFileSync(join(this.#root, main), ofPackage)
  }

  /** @throws Error with what the compiler says when the program does not agree with the package's declarations */
  checkTypes(main: string): void {
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node']
    const compiler = join(repository, 'node_modules/typescript/bin/tsc')
    run(
      [compiler, '--ignoreConfig', ...flags, '--typeRoots', join(this.#root, 'node_modules/@types'), main],
      this.#root,
    )
  }

  /** What Pulumi's own host of components tells the other languages about it. */
  async schema(): Promise<{ readonly resources: Record<string, object>; readonly types: Record<string, object> }> {
    const host = join(sdkFolder, 'cmd/run-plugin/index.js')
    // No engine listens there: none is needed for a schema.
    const child = spawn(process.execPath, [host, this.folder, '127.0.0.1:1'], { cwd: this.folder })
    try {
      const client = new provider.ResourceProviderClient(
        `127.0.0.1:${await portOf(child)}`,
        grpc.credentials.createInsecure(),
        messageSizes,
      )
      const answer = await new Promise<string>((resolve, reject) => {
        client.getSchema(new messages.GetSchemaRequest(), (error, response) =>
          error === null ? resolve(response.getSchema()) : reject(new Error(error.details)),
        )
      })
      client.close()
      return JSON.parse(answer)
    } finally {
      child.kill()
    }
  }
}

/** The port that a plugin prints first. */
function portOf(child: ChildProcess): Promise<string> {
  let output = ''
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the host of components ended (${code}): ${output}`)))
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const [, port] = /^(\d+)\s/m.exec(output) ?? []
        if (port !== undefined) resolve(port)
      })
    }
  })
}
