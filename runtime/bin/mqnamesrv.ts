import { resolve } from 'node:path'
import type { ConfEnv } from '../config/conf-key.ts'
import { embeddedControllerConf, type NamesrvConf, parseNamesrvConf, printNamesrvConf } from '../config/namesrv-conf.ts'
import { RealClock } from '../io/real-clock.ts'
import { RealDisk } from '../io/real-disk.ts'
import { NameServer } from '../nameserver/nameserver.ts'
import { createNetContext } from '../net/net-context.ts'
import type { Logger } from '../observe/logger.ts'
import { createLogger } from '../observe/pino-logger.ts'
import { readConfEnv } from './conf-env.ts'
import { createController } from './create-controller.ts'
import { EmbeddedController } from './embedded-controller.ts'
import { openNetwork } from './open-network.ts'
import { readConfText } from './read-conf-text.ts'
import { cannotStart, runServer } from './run-server.ts'
import { readCommandLine } from './server-command-line.ts'

const NAME = 'mqnamesrv'

const USAGE = `usage: mqnamesrv [-c <file>] [-p] [-h]
 -c,--configFile <file>    Name server config properties file
 -h,--help                 Print help
 -n,--namesrvAddr <list>   Accepted for the sake of scripts; a name server has no use for it
 -p,--printConfigItem      Print all config items
`

/** The conf file also takes configuration changes made at run time, whatever configStorePath it names: as official. */
function readConf(file: string | undefined, env: ConfEnv): { conf: NamesrvConf; warnings: readonly string[] } {
  const path = file === undefined ? undefined : resolve(file)
  const commandLine = path === undefined ? {} : { configStorePath: path }
  const result = parseNamesrvConf(readConfText(NAME, path), file ?? 'defaults', env, commandLine)
  if (!result.ok) cannotStart(NAME, ...result.errors)
  return result
}

const { file, print } = readCommandLine(NAME, USAGE)
const env = readConfEnv()
const { conf, warnings } = readConf(file, env)
if (print) {
  process.stdout.write(printNamesrvConf(conf))
  process.exit(0)
}
const logger = createLogger(NAME)
const network = await openNetwork(NAME, logger)
await runServer(NAME, logger, async () => {
  for (const warning of warnings) logger.warn({}, warning)
  // 0, the default of Netty's water mark here, stands for the built-in limit.
  const limits = conf.writeBufferHighWaterMark > 0 ? { pauseAboveBytes: conf.writeBufferHighWaterMark } : {}
  const context = createNetContext(new RealClock(), network, logger, limits)
  const server = new NameServer({ context, disk: new RealDisk(), conf, env })
  const { host, port } = await server.start()
  // The line that official start scripts wait for.
  process.stdout.write(`The Name Server boot success. serializeType=JSON, address ${host}:${port}\n`)
  const controller = conf.enableControllerInNamesrv ? embeddedController(logger) : undefined
  await controller?.start()
  return {
    async stop() {
      await controller?.stop()
      server.stop()
    },
  }
})

function embeddedController(logger: Logger): EmbeddedController {
  return new EmbeddedController({
    clock: new RealClock(),
    network,
    logger,
    create: (clock, network, onFailed) =>
      createController({
        conf: embeddedControllerConf(conf, env),
        env,
        confFile: conf.configStorePath,
        clock,
        network,
        logger,
        onFailed,
      }),
    onStarted: () => process.stdout.write('The ControllerManager boot success. serializeType=JSON\n'),
  })
}
