import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const compatDir = import.meta.dirname
const buildLimitMs = 300_000

/** What the suite needs on the machine and what for. */
const tools = [
  { command: 'java', args: ['-version'], use: 'the real servers and the Java client (Java 17)' },
  { command: 'mvn', args: ['-v'], use: 'fetching and building the Java parts (Apache Maven 3)' },
  { command: 'go', args: ['version'], use: 'the Go client (Go 1.22)' },
  { command: 'npm', args: ['-v'], use: 'the Node client' },
]

/** One sentence for each of these tools that is not there; empty when the suite can run. */
export function missingTools(needed = tools.map(({ command }) => command)): string[] {
  return tools
    .filter(({ command }) => needed.includes(command))
    .filter((tool) => spawnSync(tool.command, tool.args, { stdio: 'ignore' }).status !== 0)
    .map((tool) => `${tool.command} is missing: it is needed for ${tool.use}`)
}

/** Runs a program to its end. Throws with the end of its output when it fails or takes longer than five minutes. */
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

/** Fetches the real servers and builds the Java client; what is up to date is left alone. */
export async function buildJava(): Promise<void> {
  await build('fetching Apache RocketMQ', join(compatDir, 'reference/install.sh'), [], compatDir)
  const java = join(compatDir, 'java')
  if (!upToDate(join(java, 'target/classes/gantry/compat/Main.class'), java)) {
    await build('the Java client', 'mvn', ['-B', '-q', 'clean', 'process-classes'], java)
  }
}

/** The same and the other client programs, one after another. */
export async function buildAll(): Promise<void> {
  await buildJava()
  const go = join(compatDir, 'go')
  if (!upToDate(join(go, 'target/compat'), go)) {
    await build('the Go client', 'go', ['build', '-p', '1', '-buildvcs=false', '-o', 'target/compat', '.'], go)
  }
  const node = join(compatDir, 'node')
  if (
    !upToDate(join(node, 'node_modules/.package-lock.json'), node) &&
    !existsSync(join(node, 'node_modules/ali-ons'))
  ) {
    await build('the Node client', 'npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], node)
  }
}
