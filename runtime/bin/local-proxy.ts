import type { BrokerConf } from '../config/broker-conf.ts'
import type { ConfEnv } from '../config/conf-key.ts'
import { parseProxyConf } from '../config/proxy-conf.ts'
import type { Clock } from '../io/clock.ts'
import type { Network } from '../io/network.ts'
import { createNetContext } from '../net/net-context.ts'
import type { Logger } from '../observe/logger.ts'
import { proxyAccessFaults } from '../proxy/access/access-settings.ts'
import { ProxyServer } from '../proxy/proxy-server.ts'
import { openProxyNetworks, proxyConfFile } from './open-proxy-network.ts'
import { readConfText } from './read-conf-text.ts'
import { cannotStart, type RunningServer } from './run-server.ts'
import { findProxyTlsConf } from './tls-settings.ts'

/** A proxy beside the broker of this process, for that one. Ends the program when its conf file is wrong. */
export function prepareLocalProxy(name: string, given: string | undefined, env: ConfEnv, broker: BrokerConf) {
  const file = proxyConfFile(given, env)
  const result = parseProxyConf(readConfText(name, file), file ?? 'defaults of the proxy', env, { proxyMode: 'LOCAL' })
  if (!result.ok) cannotStart(name, ...result.errors)
  const { conf, warnings } = result
  const host = ['0.0.0.0', '::'].includes(broker.bindAddress) ? '127.0.0.1' : broker.bindAddress
  const local = {
    cluster: broker.brokerClusterName,
    brokerName: broker.brokerName,
    address: `${host}:${broker.listenPort}`,
    auth: broker,
  }
  const faults = proxyAccessFaults(broker, 'broker.conf')
  if (faults.length > 0) cannotStart(name, ...faults)
  const tls = findProxyTlsConf(process.env)
  if (!tls.ok) cannotStart(name, ...tls.errors)
  const { ports } = tls.conf
  return async (clock: Clock, network: Network, logger: Logger): Promise<RunningServer> => {
    for (const warning of warnings) logger.warn({}, warning)
    const proxy = new ProxyServer(createNetContext(clock, network, logger), conf, local)
    const { grpc, remoting } = await proxy.start(openProxyNetworks(conf, ports, logger))
    // The line that official start scripts wait for.
    process.stdout.write(
      `rocketmq-proxy startup successfully, gRPC on ${grpc.host}:${grpc.port}, remoting on ${remoting.host}:${remoting.port}\n`,
    )
    return proxy
  }
}
