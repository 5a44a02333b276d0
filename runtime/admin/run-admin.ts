import { JsonFieldError } from '../codec/json/json-fields.ts'
import { JsonSyntaxError } from '../codec/json/parse-json.ts'
import type { Clock } from '../io/clock.ts'
import type { Disk } from '../io/disk.ts'
import type { Random } from '../io/random.ts'
import { AdminClient, type Invoker } from './admin-client.ts'
import { AdminError } from './admin-error.ts'
import { loadAllCommands, loadCommand } from './catalogue.ts'
import { parseCommandLine } from './command-line.ts'
import { row } from './table.ts'
import { usage } from './usage.ts'

/** What a run of the tool needs of the world around it. */
export interface AdminEnv {
  readonly invoker: Invoker
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  /** NAMESRV_ADDR: addresses with ";" between them. */
  readonly namesrvAddr: string | undefined
  readonly temporaryFolder: string
  readonly workingFolder: string
  writePrivateFile(path: string, content: Uint8Array): void
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** Runs `mqadmin ARGS...`. Returns the exit code: 0 when everything asked for was done, else 1. */
export async function runAdmin(args: readonly string[], env: AdminEnv): Promise<number> {
  let failures = 0
  const fail = (problem: unknown): void => {
    failures++
    env.err(`mqadmin: ${oneLine(problem)}\n`)
  }
  let last = '\n'
  const print = (text: string): void => {
    if (text === '') return
    env.out(text)
    last = text
  }
  try {
    await run(args, env, print, fail)
  } catch (error) {
    if (isBug(error)) throw error
    fail(error)
  }
  // Some official outputs end without a line end, which leaves the shell's prompt behind them.
  if (!last.endsWith('\n')) env.out('\n')
  return failures === 0 ? 0 : 1
}

async function run(
  args: readonly string[],
  env: AdminEnv,
  print: (text: string) => void,
  fail: (problem: unknown) => void,
): Promise<void> {
  const [first, second] = args
  if (first === undefined || first === '-h' || first === '--help' || (first === 'help' && second === undefined)) {
    return print(await overview())
  }
  if (first === 'help' && second !== undefined) return print(usage(await loadCommand(second)))
  const command = await loadCommand(first)
  const options = parseCommandLine(command, args.slice(1))
  if (options.has('h')) return print(usage(command))
  const nameServers = (options.text('n') ?? env.namesrvAddr ?? '')
    .split(';')
    .map((address) => address.trim())
    .filter((address) => address !== '')
  const { clock, random, disk, temporaryFolder, workingFolder } = env
  await command.run({
    client: new AdminClient(env.invoker, nameServers),
    options,
    clock,
    random,
    disk,
    temporaryFolder,
    workingFolder,
    writePrivateFile: (path, content) => env.writePrivateFile(path, content),
    print,
    fail,
  })
}

async function overview(): Promise<string> {
  const lines = (await loadAllCommands()).map(({ name, summary }) => row('   %-35s %s%n', name, summary))
  return `The most commonly used mqadmin commands are:\n${lines.join('')}
See 'mqadmin help <command>' for more information on a specific command.\n`
}

/** What the network, the disk and servers do to us is no bug; what is thrown beside that is. */
function isBug(error: unknown): boolean {
  if (error instanceof AdminError || !(error instanceof Error)) return false
  const isMalformedAnswer = error instanceof JsonFieldError || error instanceof JsonSyntaxError
  return !isMalformedAnswer && (error as NodeJS.ErrnoException).code === undefined
}

function oneLine(problem: unknown): string {
  const text = problem instanceof Error ? problem.message : String(problem)
  return text.replaceAll(/\s*\n\s*/g, ' ').trim()
}
