/*
 * Makes dist/: the package as others install it. JavaScript with its declarations, the files that are read when it runs,
 * and a package.json of its own. Node runs no TypeScript below node_modules, and Pulumi's host of components runs none
 * either.
 *
 *   node scripts/build-package.ts [folder]
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

interface Manifest {
  readonly version: string
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly [key: string]: unknown
}

const root = join(import.meta.dirname, '..')
const out = resolve(process.argv[2] ?? join(root, 'dist'))
const forTests = /\.test\.ts$|\/(golden|testing)\/|^stacks\/examples\//
const inherited = ['name', 'version', 'description', 'license', 'type', 'peerDependencies', 'peerDependenciesMeta']

const manifestIn = (folder: string) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest

/** Runs a program of this project to its end. @throws Error with what it wrote when it fails */
function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}

const write = (path: string, content: object): void =>
  writeFileSync(join(out, path), `${JSON.stringify(content, null, 2)}\n`)

/** Files of this project, those for tests left out. */
function files(...paths: string[]): string[] {
  const listed = run('git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...paths)
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(root, path)) && !forTests.test(path))
}

function copy(paths: readonly string[], to: string): void {
  for (const path of paths) {
    mkdirSync(dirname(join(to, path)), { recursive: true })
    cpSync(join(root, path), join(to, path))
  }
}

const own = manifestIn('.')
const engine = manifestIn('runtime')
rmSync(out, { recursive: true, force: true })
run(process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', out)
// Launchers, scripts for instances, stacks: whatever is no code and no page.
const data = files('components', 'runtime', 'cli', 'stacks/*.yaml').filter((path) => !/\.(ts|md)$/.test(path))
copy(data, out)
const programs = Object.entries(engine.bin ?? {}).map(([name, path]) => [name, `runtime/${path}`])
write('package.json', {
  ...Object.fromEntries(inherited.map((key) => [key, own[key]])),
  engines: engine['engines'],
  bin: { ...own.bin, ...Object.fromEntries(programs) },
  main: './components/index.js',
  types: './components/index.d.ts',
  exports: {
    '.': { types: './components/index.d.ts', default: './components/index.js' },
    './package.json': './package.json',
  },
  dependencies: Object.fromEntries(Object.entries({ ...own.dependencies, ...engine.dependencies }).sort()),
})
// For Pulumi, which describes components to other languages by their sources: declarations do not tell it what values an
// argument may have.
const sources = files('components', 'runtime').filter((path) => path.endsWith('.ts'))
copy(sources, join(out, 'src'))
writeFileSync(join(out, 'index.ts'), "export * from './src/components/index.ts'\n")
const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as Record<string, object>
const analysed = { ...compilerOptions, types: [], incremental: false, tsBuildInfoFile: null }
write('tsconfig.json', { compilerOptions: analysed, files: ['index.ts'] })
writeFileSync(join(out, 'PulumiPlugin.yaml'), 'runtime: nodejs\n')
process.stdout.write(`${own.version} in ${out}\n`)
