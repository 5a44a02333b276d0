import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { totalmem } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { PlainAclFile } from '../auth/plain-acl.ts'
import { Door } from '../broker/door/door.ts'
import { netLimits } from '../broker/door/net-limits.ts'
import { refusedSettings } from '../broker/refused-settings.ts'
import { type BrokerConf, parseBrokerConf, printBrokerConf } from '../config/broker-conf.ts'
import type { ConfEnv } from '../config/conf-key.ts'
import { RealRandom } from '../io/random.ts'
import { RealClock } from '../io/real-clock.ts'
import { RealDisk } from '../io/real-disk.ts'
import { createNetContext } from '../net/net-context.ts'
import { DeferredLogger } from '../observe/deferred-logger.ts'
import { loadBroker } from './broker-modules.ts'
import { readConfEnv } from './conf-env.ts'
import { openNetwork } from './open-network.ts'
import { readConfText } from './read-conf-text.ts'
import { cannotStart, type RunningServer, runServer } from './run-server.ts'

const NAME = 'mqbroker'

const USAGE = `usage: mqbroker [-c <file>] [-n <list>] [--enable-proxy [-pc <file>]] [-p] [-m] [-h]
 -c,--configFile <file>      Broker config properties file
    --enable-proxy           Serve clients of gRPC, too
 -h,--help                   Print help
 -m,--printImportantConfig   Print important config items
 -n,--namesrvAddr <list>     Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'
 -p,--printConfigItem        Print all config items
 -pc,--proxyConfigPath <file> Proxy config file, JSON
`

/** What -m prints: the keys that Apache RocketMQ marks as important. */
const IMPORTANT: ReadonlySet<string> = new Set([
  ...['namesrvAddr', 'listenPort', 'brokerIP1', 'brokerName', 'brokerClusterName', 'brokerId', 'brokerRole'],
  ...['recoverConcurrently', 'autoCreateTopicEnable', 'autoCreateSubscriptionGroup', 'msgTraceTopicName'],
  ...['traceTopicEnable', 'rejectTransactionMessage', 'fetchNameSrvAddrByDnsLookup', 'aclEnable'],
  ...['fetchNamesrvAddrByAddressServer', 'transactionTimeOut', 'transactionCheckMax', 'transactionCheckInterval'],
  ...['storePathRootDir', 'storePathCommitLog', 'storeType', 'flushDiskType', 'deleteWhen', 'fileReservedTime'],
  ...['haMasterAddress', 'inSyncReplicas', 'minInSyncReplicas', 'totalReplicas', 'transientStorePoolEnable'],
])

interface CommandLine {
  readonly file: string | undefined
  readonly namesrvAddr: string | undefined
  readonly print: 'all' | 'important' | undefined
  readonly enableProxy: boolean
  readonly proxyFile: string | undefined
}

function readCommandLine(): CommandLine {
  try {
    const { values } = parseArgs({
      // Two letters after one dash are none of the options that node:util reads.
      args: process.argv.slice(2).map((arg) => (arg === '-pc' ? '--proxyConfigPath' : arg)),
      options: {
        configFile: { type: 'string', short: 'c' },
        'enable-proxy': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
        namesrvAddr: { type: 'string', short: 'n' },
        printConfigItem: { type: 'boolean', short: 'p' },
        printImportantConfig: { type: 'boolean', short: 'm' },
        proxyConfigPath: { type: 'string' },
      },
    })
    if (values.help) {
      process.stdout.write(USAGE)
      process.exit(0)
    }
    const print = values.printConfigItem ? 'all' : values.printImportantConfig ? 'important' : undefined
    const { configFile: file, namesrvAddr, proxyConfigPath: proxyFile } = values
    return { file, namesrvAddr, print, enableProxy: values['enable-proxy'], proxyFile }
  } catch (error) {
    return cannotStart(NAME, `${(error as Error).message}\n${USAGE}`)
  }
}

function readConf(line: CommandLine, env: ConfEnv): { conf: BrokerConf; warnings: readonly string[] } {
  const commandLine: Record<string, string> = {}
  if (line.namesrvAddr !== undefined) commandLine['namesrvAddr'] = line.namesrvAddr
  const text = readConfText(NAME, line.file)
  const result = parseBrokerConf(text, line.file ?? 'defaults', env, commandLine)
  if (!result.ok) cannotStart(NAME, ...result.errors)
  return result
}

function printed(conf: BrokerConf, which: 'all' | 'important'): string {
  const all = printBrokerConf(conf)
  if (which === 'all') return all
  const lines = all.split('\n').filter((line) => IMPORTANT.has(line.slice(0, line.indexOf('='))))
  return lines.map((line) => `${line}\n`).join('')
}

/** What this process may use: a container's limit where there is one. */
function physicalMemoryBytes(): number {
  const limit = process.constrainedMemory()
  return limit > 0 && limit < totalmem() ? limit : totalmem()
}

/** A DNS name in brokerIP1 is announced as it stands; messages carry an address, as with the official broker. */
async function storeAddressOf({ brokerIP1 }: BrokerConf): Promise<string> {
  const host = brokerIP1.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) !== 0) return host
  try {
    return (await lookup(host, { order: 'ipv4first' })).address
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return cannotStart(NAME, `brokerIP1: "${brokerIP1}" is no address and no name that resolves (${code}); correct it`)
  }
}

/** Loaded where it is asked for: most brokers have no use for YAML. */
async function readPlainAcls(conf: BrokerConf): Promise<readonly PlainAclFile[]> {
  if (!conf.migrateAuthFromV1Enabled || !conf.authenticationEnabled) return []
  if (conf.rocketmqHome === undefined) {
    return cannotStart(NAME, 'migrateAuthFromV1Enabled = true: set ROCKETMQ_HOME to where conf/plain_acl.yml is')
  }
  try {
    return (await import('./read-plain-acl.ts')).readPlainAclFiles(conf.rocketmqHome)
  } catch (error) {
    return cannotStart(NAME, (error as Error).message)
  }
}

const line = readCommandLine()
const env = readConfEnv()
const { conf, warnings } = readConf(line, env)
if (line.print !== undefined) {
  process.stdout.write(printed(conf, line.print))
  process.exit(0)
}
const refused = refusedSettings(conf)
if (refused.length > 0) cannotStart(NAME, ...refused)
const plainAcls = await readPlainAcls(conf)
// Brokers without it are not to load it.
const startProxy = line.enableProxy
  ? (await import('./local-proxy.ts')).prepareLocalProxy(NAME, line.proxyFile, env, conf)
  : undefined
const logger = new DeferredLogger()
const clock = new RealClock()
const network = await openNetwork(NAME, logger)
await runServer(NAME, logger, async () => {
  const door = conf.enableControllerMode
    ? await Door.open(conf, createNetContext(clock, network, logger, netLimits(conf)))
    : undefined
  await door?.headStart()
  const { createLogger } = await import('../observe/pino-logger.ts')
  logger.attach(createLogger(NAME))
  const Broker = await loadBroker()
  for (const warning of warnings) logger.warn({}, warning)
  const broker = new Broker(conf, {
    disk: new RealDisk(),
    clock,
    network,
    random: new RealRandom(),
    logger,
    pid: process.pid,
    physicalMemoryBytes: physicalMemoryBytes(),
    confEnv: env,
    storeAddress: await storeAddressOf(conf),
    // Without a file, changes made at run time are kept where official brokers keep them.
    confFile: resolve(conf.brokerConfigPath ?? line.file ?? resolve(env.home, 'store/config/broker.properties')),
    plainAcls,
    ...(door === undefined ? {} : { door }),
  })
  try {
    await broker.start()
  } catch (error) {
    broker.abandon()
    throw error
  }
  const names = conf.namesrvAddr.length > 0 ? ` and name server is ${conf.namesrvAddr.join(';')}` : ''
  // The line that official start scripts wait for.
  process.stdout.write(
    `The broker[${conf.brokerName}, ${conf.brokerIP1}:${conf.listenPort}] boot success. serializeType=JSON${names}\n`,
  )
  return startProxy === undefined ? broker : withProxy(broker, startProxy)
})

/** The proxy goes first: what it has begun the broker still ends. */
async function withProxy(broker: RunningServer, start: NonNullable<typeof startProxy>): Promise<RunningServer> {
  let proxy: RunningServer
  try {
    proxy = await start(clock, network, logger)
  } catch (error) {
    await broker.stop()
    throw error
  }
  return {
    async stop() {
      await proxy.stop()
      await broker.stop()
    },
  }
}
