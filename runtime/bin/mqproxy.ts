import { parseProxyConf, printProxyConf } from '../config/proxy-conf.ts'
import { RealClock } from '../io/real-clock.ts'
import { createNetContext } from '../net/net-context.ts'
import { createLogger } from '../observe/pino-logger.ts'
import { proxyAccessFaults } from '../proxy/access/access-settings.ts'
import { ProxyServer } from '../proxy/proxy-server.ts'
import { readConfEnv } from './conf-env.ts'
import { networkWith } from './open-network.ts'
import { openProxyNetworks, proxyConfFile } from './open-proxy-network.ts'
import { readProxyCommandLine } from './proxy-command-line.ts'
import { readConfText } from './read-conf-text.ts'
import { cannotStart, runServer } from './run-server.ts'
import { findProxyTlsConf } from './tls-settings.ts'

const NAME = 'mqproxy'

const line = readProxyCommandLine(NAME)
const env = readConfEnv()
const file = proxyConfFile(line.file, env)
const result = parseProxyConf(readConfText(NAME, file), file ?? 'defaults', env, line.settings)
if (!result.ok) cannotStart(NAME, ...result.errors)
const { conf } = result
if (line.print) {
  process.stdout.write(printProxyConf(conf))
  process.exit(0)
}
if (conf.proxyMode === 'LOCAL') {
  cannotStart(
    NAME,
    'proxyMode = LOCAL: this program runs no broker; start mqbroker --enable-proxy in its place, or leave proxyMode at CLUSTER',
  )
}
const faults = proxyAccessFaults(conf, 'rmq-proxy.json')
if (faults.length > 0) cannotStart(NAME, ...faults)
const logger = createLogger(NAME)
const tls = findProxyTlsConf(process.env)
if (!tls.ok) cannotStart(NAME, ...tls.errors)
const { ports, client } = tls.conf
const network = await networkWith(NAME, { server: undefined, client }, logger)
await runServer(NAME, logger, async () => {
  for (const warning of result.warnings) logger.warn({}, warning)
  const proxy = new ProxyServer(createNetContext(new RealClock(), network, logger), conf)
  const { grpc, remoting } = await proxy.start(openProxyNetworks(conf, ports, logger))
  // The line that official start scripts wait for.
  process.stdout.write(
    `rocketmq-proxy startup successfully, gRPC on ${grpc.host}:${grpc.port}, remoting on ${remoting.host}:${remoting.port}\n`,
  )
  return proxy
})
