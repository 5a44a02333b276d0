import { type TlsFiles, tlsFilesIn } from '../security/tls-properties.ts'

/** Where an instance keeps what is secret: in memory, in a folder that systemd makes for the node's user (RuntimeDirectory). */
export const instanceSecretsFolder = '/run/gantry'

/** Where its user data puts what is not: on the root volume. */
export const instanceFolder = '/opt/gantry'

/** Files of an instance for TLS. Other settings are another instance; key and certificates are fetched. */
export const instanceTlsFiles: TlsFiles = {
  ...tlsFilesIn(`${instanceSecretsFolder}/tls`),
  properties: `${instanceFolder}/tls.properties`,
}
