import type {
  ClientAuth,
  TlsClientOptions,
  TlsKeyFiles,
  TlsMode,
  TlsOptions,
  TlsServerOptions,
} from '../io/tls/tls-options.ts'
import { nearestName } from './nearest-name.ts'
import { parseProperties } from './properties-file.ts'

/*
 * How servers and clients speak TLS: the keys of Apache RocketMQ's TlsSystemConfig. There they are system properties of the
 * JVM, and those in tls.config.file count more than those of the command line.
 */

/** A text of key=value lines and where it is from, for messages. */
export interface TlsSource {
  readonly name: string
  readonly text: string
}

/** What a proxy's ports take. Their keys and certificates stand in rmq-proxy.json. */
export interface ProxyPortTls {
  readonly mode: TlsMode
  /** Of the remoting port; that of gRPC asks for no certificate. */
  readonly clientAuth: ClientAuth
  readonly trustCertPath: string | undefined
}

export interface ProxyTlsConf {
  readonly ports: ProxyPortTls
  readonly client: TlsClientOptions | undefined
}

export type TlsResult<T = TlsOptions> =
  | { readonly ok: true; readonly conf: T }
  | { readonly ok: false; readonly errors: readonly string[] }

const KEYS = [
  ...['tls.server.mode', 'tls.enable', 'tls.config.file', 'tls.test.mode.enable', 'tls.server.need.client.auth'],
  ...['tls.server.keyPath', 'tls.server.keyPassword', 'tls.server.certPath', 'tls.server.authClient'],
  ...['tls.server.trustCertPath', 'tls.client.keyPath', 'tls.client.keyPassword', 'tls.client.certPath'],
  ...['tls.client.authServer', 'tls.client.trustCertPath'],
]
const MODES: readonly TlsMode[] = ['disabled', 'permissive', 'enforcing']
const CLIENT_AUTHS: readonly ClientAuth[] = ['none', 'optional', 'require']

/**
 * The settings that several sources give, later ones counting more. Without any there is no TLS: unlike Apache RocketMQ,
 * whose servers then show a certificate they have made themselves, which protects from nobody.
 */
export function parseTlsConf(sources: readonly TlsSource[]): TlsResult {
  const given = new GivenKeys(sources)
  return given.result({ server: serverConf(given), client: clientConf(given) })
}

/**
 * The same for a proxy. As with Apache's (RemotingProtocolServer, ProxyAndTlsProtocolNegotiator), what its ports show is the
 * business of rmq-proxy.json, and with a certificate or one of its own making it takes TLS unless told otherwise.
 */
export function parseProxyTlsConf(sources: readonly TlsSource[]): TlsResult<ProxyTlsConf> {
  const given = new GivenKeys(sources)
  return given.result({ ports: portConf(given, 'permissive'), client: clientConf(given) })
}

/** What the words -Dkey=value of a command line for Java say of TLS, as properties text. */
export function tlsSystemProperties(options: string): string {
  const words = options.split(/\s+/).filter((word) => word.startsWith('-Dtls.'))
  return words.map((word) => word.slice(2)).join('\n')
}

function serverConf(given: GivenKeys): TlsServerOptions | undefined {
  if (given.flag('tls.test.mode.enable')) {
    given.refuse('tls.test.mode.enable', 'servers make no certificates of their own; set it to false and give them one')
  }
  const files = keyFiles(given, 'server')
  const { mode, ...asked } = portConf(given, files === undefined ? 'disabled' : 'permissive')
  if (mode === 'disabled') return undefined
  if (files === undefined) {
    given.refuse('tls.server.mode', 'a certificate is needed: set tls.server.keyPath and tls.server.certPath')
    return undefined
  }
  return { ...files, mode, ...asked }
}

function portConf(given: GivenKeys, otherwise: TlsMode): ProxyPortTls {
  return {
    mode: given.oneOf('tls.server.mode', MODES, otherwise),
    clientAuth: given.oneOf('tls.server.need.client.auth', CLIENT_AUTHS, 'none'),
    trustCertPath: given.trust('tls.server.authClient', 'tls.server.trustCertPath'),
  }
}

function clientConf(given: GivenKeys): TlsClientOptions | undefined {
  const own = keyFiles(given, 'client')
  const trustCertPath = given.trust('tls.client.authServer', 'tls.client.trustCertPath')
  return given.flag('tls.enable') ? { own, trustCertPath } : undefined
}

function keyFiles(given: GivenKeys, side: 'server' | 'client'): TlsKeyFiles | undefined {
  const [keyKey, certKey] = [`tls.${side}.keyPath`, `tls.${side}.certPath`]
  const [keyPath, certPath] = [given.text(keyKey), given.text(certKey)]
  if (keyPath === undefined && certPath === undefined) return undefined
  if (keyPath === undefined || certPath === undefined) {
    given.refuse(keyPath === undefined ? certKey : keyKey, `set ${keyPath === undefined ? keyKey : certKey} as well`)
    return undefined
  }
  return { keyPath, certPath, keyPassword: given.text(`tls.${side}.keyPassword`) }
}

/** Reads keys, and collects what is wrong with them. Passwords are in no message. */
class GivenKeys {
  readonly errors: string[] = []
  readonly #values = new Map<string, { readonly value: string; readonly where: string }>()

  constructor(sources: readonly TlsSource[]) {
    for (const { name, text } of sources) {
      const { entries, faults } = parseProperties(text)
      for (const { line, message } of faults) this.errors.push(`${name}, line ${line}: ${message}`)
      for (const { key, value } of entries) {
        if (KEYS.includes(key)) this.#values.set(key, { value: value.trim(), where: name })
        else this.errors.push(`${name}: ${key} is no setting of TLS${suggestion(key)}`)
      }
    }
  }

  /** `conf`, unless something has been found wrong. */
  result<T>(conf: T): TlsResult<T> {
    return this.errors.length === 0 ? { ok: true, conf } : { ok: false, errors: this.errors }
  }

  /** Undefined when it is not set, or empty. */
  text(key: string): string | undefined {
    return this.#values.get(key)?.value || undefined
  }

  flag(key: string): boolean {
    const text = this.text(key)?.toLowerCase() ?? 'false'
    if (text !== 'true' && text !== 'false') this.refuse(key, 'set it to true or false')
    return text === 'true'
  }

  oneOf<T extends string>(key: string, possible: readonly T[], otherwise: T): T {
    const text = this.text(key)?.toLowerCase()
    if (text === undefined) return otherwise
    const found = possible.find((one) => one === text)
    if (found === undefined) this.refuse(key, `set it to one of ${possible.join(', ')}`)
    return found ?? otherwise
  }

  /** The file of trusted certificates, if the other side is to be verified. */
  trust(verifyKey: string, fileKey: string): string | undefined {
    if (!this.flag(verifyKey)) return undefined
    const file = this.text(fileKey)
    if (file === undefined) this.refuse(verifyKey, `set ${fileKey} to the certificates that are trusted`)
    return file
  }

  refuse(key: string, whatToDo: string): void {
    const { value, where } = this.#values.get(key) ?? { value: '', where: 'TLS' }
    this.errors.push(`${where}: ${key} = ${value}: ${whatToDo}`)
  }
}

function suggestion(key: string): string {
  const near = nearestName(key, KEYS)
  return near === undefined ? `; those are ${KEYS.join(', ')}` : `; did you mean ${near}?`
}
