import { existsSync, readFileSync } from 'node:fs'
import { decodeProperties, parseProperties } from '../config/properties-file.ts'
import {
  type ProxyTlsConf,
  parseProxyTlsConf,
  parseTlsConf,
  type TlsResult,
  type TlsSource,
  tlsSystemProperties,
} from '../config/tls-conf.ts'

const DEFAULT_FILE = '/etc/rocketmq/tls.properties'

/**
 * What the environment says of TLS, as for Apache RocketMQ's programs: system properties `-Dtls.*` in JAVA_OPT and JAVA_OPT_EXT,
 * as its start scripts take them, and the file that tls.config.file names, which counts more.
 */
export function findTlsConf(environment: NodeJS.ProcessEnv): TlsResult {
  return find(environment, parseTlsConf)
}

/** The same, for a proxy. */
export function findProxyTlsConf(environment: NodeJS.ProcessEnv): TlsResult<ProxyTlsConf> {
  return find(environment, parseProxyTlsConf)
}

function find<T>(environment: NodeJS.ProcessEnv, parse: (sources: readonly TlsSource[]) => TlsResult<T>): TlsResult<T> {
  const given = ['JAVA_OPT', 'JAVA_OPT_EXT'].map((variable) => {
    return { name: variable, text: tlsSystemProperties(environment[variable] ?? '') }
  })
  const files = given.flatMap(({ text }) =>
    parseProperties(text).entries.filter(({ key }) => key === 'tls.config.file'),
  )
  const file = files.at(-1)?.value ?? DEFAULT_FILE
  const isThere = existsSync(file)
  if (!isThere && file !== DEFAULT_FILE) return refused(`tls.config.file = ${file}: there is no such file`)
  try {
    const sources: TlsSource[] = isThere
      ? [...given, { name: file, text: decodeProperties(readFileSync(file)) }]
      : given
    return parse(sources)
  } catch (error) {
    return refused(`tls.config.file = ${file}: ${(error as Error).message}`)
  }
}

function refused(problem: string): TlsResult<never> {
  return { ok: false, errors: [problem] }
}
