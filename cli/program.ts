import { Command, InvalidArgumentError } from 'commander'
import { isUserError } from './user-error.ts'

function parsePort(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new InvalidArgumentError('Give a whole number from 1 to 65535.')
  }
  return port
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 0) throw new InvalidArgumentError('Give a whole number from 0.')
  return count
}

const stackHelp = 'name of a stack in stacks/ (e.g. 2m-2s-async), or path of a YAML file'
const dataDirFlag = '--data-dir <folder>'
const dataDirHelp = 'where the cluster keeps its files (default: .gantry/<stack>)'
const basePortFlag = '--base-port <port>'
const basePortHelp = 'first NameServer port; all other ports move along'

const allowFlag = '--allow <loss...>'
const allowHelp = 'losses to accept, by the names that a refused rollout gives'

/** Each command loads its code only when it runs: the others would slow its start. */
function buildProgram(): Command {
  const program = new Command('gantry').description('Plans, starts and watches RocketMQ clusters.').showHelpAfterError()
  program
    .command('up')
    .description('start a cluster on this machine and keep it running until Ctrl-C, or change one that runs')
    .argument('<stack>', stackHelp)
    .option('-d, --detach', 'leave it running in the background')
    .option(dataDirFlag, dataDirHelp)
    .option(basePortFlag, basePortHelp, parsePort)
    .option('--runtime-bin <folder>', 'folder with the mqnamesrv and mqbroker to run (default: the own engine)')
    .option(allowFlag, allowHelp)
    .option('--wait-seconds <seconds>', 'how long a wait of a rollout may take (default: 300)', parseCount)
    .action(async (stack, options) => (await import('./commands/up.ts')).up(stack, options))
  program
    .command('status')
    .description('show the clusters of this folder; exit code 1 when none runs')
    .argument('[stack]', 'only this stack')
    .option(dataDirFlag, dataDirHelp)
    .option('--json', 'print JSON')
    .action(async (stack, options) => (await import('./commands/status.ts')).status(stack, options))
  program
    .command('down')
    .description('stop a cluster')
    .argument('[stack]', 'which one, when there are several')
    .option(dataDirFlag, dataDirHelp)
    .option('--purge', 'remove its data dir, messages included')
    .action(async (stack, options) => (await import('./commands/down.ts')).down(stack, options))
  program
    .command('logs')
    .description('show the log of a node, or of the "supervisor"')
    .argument('<node>', 'e.g. broker-a-0')
    .option('-f, --follow', 'go on printing as the log grows')
    .option('-n, --lines <count>', 'how many of the last lines', parseCount, 100)
    .option('--stack <stack>', 'of which stack, when there are several')
    .option(dataDirFlag, dataDirHelp)
    .action(async (node, options) => (await import('./commands/logs.ts')).logs(node, options))
  const plan = program
    .command('plan')
    .description('show nodes, ports, conf files and start order; touches nothing')
    .argument('<stack>', stackHelp)
    .option(dataDirFlag, dataDirHelp)
    .option(basePortFlag, basePortHelp, parsePort)
    .option('--json', 'print JSON')
    .option('--svg', 'print a drawing')
    .action(async (stack, options) => (await import('./commands/plan.ts')).plan(stack, options))
  plan
    .command('diff')
    .description('show the rollout from one stack to another, or from the running cluster to a stack; touches nothing')
    .argument('<stack>', `${stackHelp}; the old one, if there is a second one`)
    .argument('[new]', 'the stack to go to')
    .option(dataDirFlag, dataDirHelp)
    .option(basePortFlag, basePortHelp, parsePort)
    .option(allowFlag, allowHelp)
    .option('--json', 'print JSON')
    .action(async (stack, wanted, _, command) =>
      // Options that "plan" has as well are taken by it.
      (await import('./commands/plan-diff.ts')).planDiff(stack, wanted, command.optsWithGlobals()),
    )
  program
    .command('validate')
    .description('check a stack file')
    .argument('<stack>', stackHelp)
    .action(async (stack) => (await import('./commands/validate.ts')).validate(stack))
  const image = program.command('image').description('the image of the engine, for nodes in Docker containers')
  image
    .command('build')
    .description('build it on the Docker engine that DOCKER_HOST names; needs no image registry')
    .option('--tag <tag>', 'name of the image (default: gantry:<version>)')
    .option('--base <image>', "an image with Node 24.12 or newer and glibc (default: one made of this machine's Node)")
    .option('--host <host>', 'another engine: unix:///path, tcp://host:port or ssh://user@host')
    .action(async (options) => (await import('./commands/image.ts')).imageBuild(options))
  image
    .command('context')
    .description('write what it is built from as a tar archive, for other builders')
    .argument('<file>')
    .action(async (file) => (await import('./commands/image.ts')).imageContext(file))
  const artifact = program.command('artifact').description('the engine in one file, to run on other machines')
  artifact
    .command('build')
    .description('pack the engine, its packages and Node; the same sources give the same bytes')
    .option('--arch <architecture>', 'x64, arm64 or all', 'all')
    .option('--out <folder>', 'where to put it', '.gantry/artifacts')
    .action(async (options) => (await import('./commands/artifact.ts')).buildArtifacts(options))
  program
    .command('supervise', { hidden: true })
    .argument('<folder>')
    .action(async (folder) => (await import('./commands/supervise.ts')).supervise(folder))
  return program
}

/** Parses the command line and runs the command; sets the exit code when it fails. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  // Whoever read the output has gone (a closed pipe or terminal): that must not end the supervisor of a running cluster.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
  })
  try {
    await buildProgram().parseAsync(argv)
  } catch (error) {
    if (!isUserError(error)) throw error
    process.stderr.write(`gantry: ${error.message}\n`)
    process.exitCode = 1
  }
}
