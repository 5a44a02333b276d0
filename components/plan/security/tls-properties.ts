import { type Property, renderProperties } from '../render/properties.ts'
import type { TlsConfig } from '../schema/security-config.ts'

/** Files of a node's folder for TLS. */
export interface TlsFiles {
  readonly properties: string
  readonly key: string
  readonly cert: string
  /** Certificates of the authorities that are trusted. */
  readonly trusted: string
}

export const tlsFilesIn = (folder: string): TlsFiles => ({
  properties: `${folder}/tls.properties`,
  key: `${folder}/node.key`,
  cert: `${folder}/node.crt`,
  trusted: `${folder}/ca.crt`,
})

/** Where a node keeps them. */
export const nodeTlsFiles = ({ dataDir }: { readonly dataDir: string }): TlsFiles => tlsFilesIn(`${dataDir}/tls`)

/** tls.properties of a node: how its ports take TLS, and what it shows to others and asks of them. */
export const nodeTlsProperties = (id: string, files: TlsFiles, tls: TlsConfig): string =>
  renderProperties(`tls.properties of ${id}, rendered by gantry: change the stack config instead`, [
    ['tls.test.mode.enable', false],
    ['tls.server.mode', tls.mode],
    ['tls.server.keyPath', files.key],
    ['tls.server.certPath', files.cert],
    ['tls.server.need.client.auth', tls.clientCertificates],
    ...(tls.clientCertificates === 'none' ? [] : trust('server.authClient', 'server', files)),
    ['tls.enable', tls.betweenNodes],
    ['tls.client.keyPath', files.key],
    ['tls.client.certPath', files.cert],
    ...trust('client.authServer', 'client', files),
  ])

/** The same of a tool. */
export const toolTlsProperties = (files: TlsFiles): string =>
  renderProperties('tls.properties of mqadmin, written by gantry', [
    ['tls.test.mode.enable', false],
    ['tls.enable', true],
    ['tls.client.keyPath', files.key],
    ['tls.client.certPath', files.cert],
    ...trust('client.authServer', 'client', files),
  ])

const trust = (flag: string, side: string, { trusted }: TlsFiles): Property[] => [
  [`tls.${flag}`, true],
  [`tls.${side}.trustCertPath`, trusted],
]
