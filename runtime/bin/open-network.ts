import { RealNetwork } from '../io/real-network.ts'
import type { TlsOptions } from '../io/tls/tls-options.ts'
import type { Logger } from '../observe/logger.ts'
import { cannotStart } from './run-server.ts'
import { findTlsConf } from './tls-settings.ts'

/** The network of a program, with TLS as its environment says. */
export async function openNetwork(name: string, logger: Logger): Promise<RealNetwork> {
  const result = findTlsConf(process.env)
  if (!result.ok) cannotStart(name, ...result.errors)
  return networkWith(name, result.conf, logger)
}

/** Ends the program when a file cannot be read or used. */
export async function networkWith(name: string, conf: TlsOptions, logger: Logger): Promise<RealNetwork> {
  if (conf.server === undefined && conf.client === undefined) return new RealNetwork()
  try {
    const { Tls } = await import('../io/tls/tls.ts')
    const tls = new Tls(conf, (error) => logger.error({ err: error }, 'TLS goes on with the files read before'))
    return new RealNetwork({ tls })
  } catch (error) {
    return cannotStart(name, (error as Error).message)
  }
}
