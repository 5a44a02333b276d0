import { findTlsConf } from '../../runtime/bin/tls-settings.ts'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { Tls } from '../../runtime/io/tls/tls.ts'
import type { TlsClientOptions } from '../../runtime/io/tls/tls-options.ts'

/** What the environment says of TLS cannot be used. */
class TlsSettingsError extends Error {
  override readonly name = 'TlsSettingsError'
  readonly code = 'TLS_SETTINGS_INVALID'
}

let ofThisProcess: RealNetwork | undefined

/**
 * The network that this program reaches nodes by: with `tls.enable=true` it speaks TLS, set as for mqadmin, in JAVA_OPT,
 * JAVA_OPT_EXT or a tls.properties (docs/tls.md).
 * @throws TlsSettingsError naming the key that is wrong, or the file that cannot be used
 */
export function toolNetwork(): RealNetwork {
  ofThisProcess ??= networkFor(process.env)
  return ofThisProcess
}

function networkFor(environment: NodeJS.ProcessEnv): RealNetwork {
  const result = findTlsConf(environment)
  if (!result.ok) throw new TlsSettingsError(result.errors.join('\n'))
  const { client } = result.conf
  if (client === undefined) return new RealNetwork()
  return new RealNetwork({ tls: openTls(client) })
}

function openTls(client: TlsClientOptions): Tls {
  try {
    return new Tls({ server: undefined, client }, (error) => process.emitWarning(error))
  } catch (error) {
    throw new TlsSettingsError((error as Error).message, { cause: error })
  }
}
