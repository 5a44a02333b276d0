import { resolve } from 'node:path'
import type { ConfEnv } from '../config/conf-key.ts'
import { type ControllerConf, parseControllerConf, printControllerConf } from '../config/controller-conf.ts'
import { RealClock } from '../io/real-clock.ts'
import { createLogger } from '../observe/pino-logger.ts'
import { readConfEnv } from './conf-env.ts'
import { createController } from './create-controller.ts'
import { openNetwork } from './open-network.ts'
import { readConfText } from './read-conf-text.ts'
import { cannotStart, EXIT_CRASHED, runServer } from './run-server.ts'
import { readCommandLine } from './server-command-line.ts'

const NAME = 'mqcontroller'

const USAGE = `usage: mqcontroller [-c <file>] [-p] [-h]
 -c,--configFile <file>    Controller config properties file
 -h,--help                 Print help
 -n,--namesrvAddr <list>   Accepted for the sake of scripts; a controller has no use for it
 -p,--printConfigItem      Print all config items
`

function readConf(file: string | undefined, env: ConfEnv): { conf: ControllerConf; warnings: readonly string[] } {
  const result = parseControllerConf(readConfText(NAME, file), file ?? 'defaults', env)
  if (!result.ok) cannotStart(NAME, ...result.errors)
  return result
}

const { file, print } = readCommandLine(NAME, USAGE)
const env = readConfEnv()
const { conf, warnings } = readConf(file, env)
if (print) {
  process.stdout.write(printControllerConf(conf))
  process.exit(0)
}
const logger = createLogger(NAME)
const network = await openNetwork(NAME, logger)
await runServer(NAME, logger, async () => {
  for (const warning of warnings) logger.warn({}, warning)
  const controller = createController({
    conf,
    env,
    confFile: file === undefined ? conf.configStorePath : resolve(file),
    clock: new RealClock(),
    network,
    logger,
    // The log says why; a supervisor starts it again.
    onFailed: () => process.exit(EXIT_CRASHED),
  })
  await controller.start()
  // The line that official start scripts wait for.
  process.stdout.write('The Controller Server boot success. serializeType=JSON\n')
  return controller
})
