import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const compatDir = import.meta.dirname
/** A first build fetches a hundred megabytes and compiles on what other suites leave of two processors. */
const buildLimitMs = 1_200_000

/** What the suite needs on the machine and what for. */
const tools = [
  { command: 'java', args: ['-version'], use: 'the real servers and the Java client (Java 17)' },
  { command: 'mvn', args: ['-v'], use: 'fetching and building the Java parts (Apache Maven 3)' },
  { command: 'go', args: ['version'], use: 'the Go clients (Go 1.25)' },
  { command: 'npm', args: ['-v'], use: 'the Node client' },
  { command: 'python3', args: ['-c', 'import venv, ensurepip'], use: 'the Python client (Python 3 with venv)' },
] as const

type Tool = (typeof tools)[number]['command']

/** One sentence for each of these tools that is not there; empty when the suite can run. */
export function missingTools(commands: readonly Tool[] = tools.map(({ command }) => command)): string[] {
  return tools
    .filter(({ command }) => commands.includes(command))
    .filter((tool) => spawnSync(tool.command, tool.args, { stdio: 'ignore' }).status !== 0)
    .map((tool) => `${tool.command} is missing: it is needed for ${tool.use}`)
}

/** Runs a program to its end. Throws with the end of its output when it fails or takes longer than twenty minutes. */
function build(what: string, command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: buildLimitMs,
    })
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4000)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`${what} failed (${command} ${args.join(' ')}: ${code ?? signal})\n${output}`))
    })
  })
}

function newestMs(dir: string): number {
  const times = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes(`${join(dir, 'target')}`))
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs)
  return Math.max(...times)
}

/** True when `product` exists and is newer than every source below `dir`. */
function upToDate(product: string, dir: string): boolean {
  return existsSync(product) && statSync(product).mtimeMs > newestMs(dir)
}

/** Apache RocketMQ's jars, servers and tools. */
export async function fetchApache(): Promise<void> {
  await build('fetching Apache RocketMQ', join(compatDir, 'reference/install.sh'), [], compatDir)
}

/** The servers of the line before controller mode. */
export async function fetchOldApache(): Promise<void> {
  await build('fetching Apache RocketMQ 4.9', join(compatDir, 'reference/4.9/install.sh'), [], compatDir)
}

/** The program that driver.ts talks to. */
export async function buildJavaClient(): Promise<void> {
  const java = join(compatDir, 'java')
  if (upToDate(join(java, 'target/classes/gantry/compat/Main.class'), java)) return
  await build('the Java client', 'mvn', ['-B', '-q', 'clean', 'process-classes'], java)
}

/** The program with the gRPC client; its jars and those of buildJavaClient do not go together. */
export async function buildGrpcClient(): Promise<void> {
  const java = join(compatDir, 'grpc-java')
  if (upToDate(join(java, 'target/classes/gantry/compat/grpc/Main.class'), java)) return
  await build('the Java client for gRPC', 'mvn', ['-B', '-q', 'clean', 'process-classes'], java)
}

/** The application with Spring's starter. */
async function buildSpringApplication(): Promise<void> {
  const spring = join(compatDir, 'spring')
  if (upToDate(join(spring, 'target/classes/gantry/compat/spring/Main.class'), spring)) return
  await build('the application with Spring', 'mvn', ['-B', '-q', 'clean', 'process-classes'], spring)
}

async function buildGoClient(): Promise<void> {
  const go = join(compatDir, 'go')
  if (upToDate(join(go, 'target/compat'), go)) return
  await build('the Go client', 'go', ['build', '-p', '1', '-buildvcs=false', '-o', 'target/compat', '.'], go)
}

async function fetchNodeClient(): Promise<void> {
  const node = join(compatDir, 'node')
  if (upToDate(join(node, 'node_modules/.package-lock.json'), node) || existsSync(join(node, 'node_modules/ali-ons'))) {
    return
  }
  await build('the Node client', 'npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], node)
}

/** The program with the official gRPC client for Go. Gives its path. */
export async function buildGrpcGoClient(): Promise<string> {
  const go = join(compatDir, 'grpc-go')
  const program = join(go, 'target/compat')
  if (upToDate(program, go)) return program
  await build('the Go client for gRPC', 'go', ['build', '-p', '1', '-buildvcs=false', '-o', 'target/compat', '.'], go)
  return program
}

/** The official gRPC client for Node. */
export async function fetchGrpcNodeClient(): Promise<void> {
  const node = join(compatDir, 'grpc-node')
  if (existsSync(join(node, 'node_modules/rocketmq-client-nodejs'))) return
  await build('the Node client for gRPC', 'npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], node)
}

/** The official gRPC client for Python, in an environment of its own. Gives the interpreter. */
export async function fetchGrpcPythonClient(): Promise<string> {
  const python = join(compatDir, 'grpc-python')
  const venv = join(python, 'target/venv')
  const interpreter = join(venv, 'bin/python')
  const installed = join(venv, 'installed')
  if (upToDate(installed, python)) return interpreter
  await build('an environment for the Python client', 'python3', ['-m', 'venv', '--clear', venv], python)
  const install = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r', 'requirements.txt']
  await build('the Python client for gRPC', interpreter, install, python)
  writeFileSync(installed, '')
  return interpreter
}

/** The real servers and the program that every part asks; what is up to date is left alone. */
export async function buildCommon(): Promise<void> {
  await fetchApache()
  await buildJavaClient()
}

/** The programs of the clients part: one after another, as each takes all processors. */
export async function buildClientPrograms(): Promise<void> {
  await buildSpringApplication()
  await buildGoClient()
  await fetchNodeClient()
}
