import { existsSync, readFileSync } from 'node:fs'
import { decodeProperties, parseProperties } from '../config/properties-file.ts'
import { parseTlsConf, type TlsSource, tlsSystemProperties } from '../config/tls-conf.ts'
import { RealNetwork } from '../io/real-network.ts'
import type { Logger } from '../observe/logger.ts'
import { cannotStart } from './run-server.ts'

const DEFAULT_FILE = '/etc/rocketmq/tls.properties'

/**
 * The network of a program, with TLS as Apache RocketMQ's programs have it: system properties `-Dtls.*` in JAVA_OPT and
 * JAVA_OPT_EXT, as its start scripts take them, and the file that tls.config.file names, which counts more.
 */
export async function openNetwork(name: string, logger: Logger): Promise<RealNetwork> {
  const result = parseTlsConf(tlsSources(name))
  if (!result.ok) cannotStart(name, ...result.errors)
  const { conf } = result
  if (conf.server === undefined && conf.client === undefined) return new RealNetwork()
  try {
    const { Tls } = await import('../io/tls/tls.ts')
    const tls = new Tls(conf, (error) => logger.error({ err: error }, 'TLS goes on with the files read before'))
    return new RealNetwork({ tls })
  } catch (error) {
    return cannotStart(name, (error as Error).message)
  }
}

function tlsSources(name: string): TlsSource[] {
  const given = ['JAVA_OPT', 'JAVA_OPT_EXT'].map((variable) => {
    return { name: variable, text: tlsSystemProperties(process.env[variable] ?? '') }
  })
  const files = given.flatMap(({ text }) =>
    parseProperties(text).entries.filter(({ key }) => key === 'tls.config.file'),
  )
  const file = files.at(-1)?.value ?? DEFAULT_FILE
  if (!existsSync(file)) {
    if (file !== DEFAULT_FILE) cannotStart(name, `tls.config.file = ${file}: there is no such file`)
    return given
  }
  try {
    return [...given, { name: file, text: decodeProperties(readFileSync(file)) }]
  } catch (error) {
    return cannotStart(name, `tls.config.file = ${file}: ${(error as Error).message}`)
  }
}
